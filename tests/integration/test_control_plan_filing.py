"""The oracle files control plans on a real chain: once, version by version, and only with their reasons."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path

import pytest

from carbonledger.mrv.control_plan import ControlPlan
from carbonledger.mrv.control_plan_schema import EXAMPLE
from ledger_node.chain.bindings import control_plan_registry as registry
from ledger_node.chain.open import open_chain
from ledger_node.chain.outbox import Outbox
from oracle import plans
from oracle.__main__ import main
from scripts.mainjob import consortium
from scripts.mainjob.cast import REGULATOR, load_cast, secret
from scripts.mainjob.clock import ReplayClock
from scripts.mainjob.relay import Relay

SETTINGS = """
origin = "gateway.example/readings"
chain_id = {chain_id}

[chain]
url = "embedded:"
directory = "{directory}"
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The home of a node whose chain has the contracts and the members."""
    made = tmp_path / "home"
    assert (
        main(["enrol", "gateway", "G", "--home", str(made), "--origin", "gateway.example/readings", "--chain-id", "7"])
        == 0
    )
    with ExitStack() as stack:
        clock = ReplayClock()
        chain = open_chain("embedded:", made / "chain", clock.now)
        stack.callback(chain.close)
        relayer = secret(made / "relayer.key")
        outbox = Outbox(made / "outbox.db", chain, relayer, clock=clock.now)
        stack.callback(outbox.close)
        relay = Relay(chain, outbox, clock)
        cast = load_cast(tmp_path / "keys")
        regulators = [member for member in cast.values() if member.kinds == REGULATOR]
        deployment = consortium.deploy(relay, regulators, outbox.sender)
        consortium.admit(relay, cast)
        text = SETTINGS.format(chain_id=chain.chain_id, directory=deployment.directory.hex())
        (made / "oracle.toml").write_text(text)
    return made


def test_a_plan_is_filed_once_and_its_next_version_names_it(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cast = load_cast(home.parent / "keys")
    enterprise = cast["enterprise"]
    path = home.parent / "plan.json"
    command = ["plan", "file", str(path), "--home", str(home), "--member", enterprise.code]
    command += ["--key", str(home.parent / "keys" / "enterprise.key")]

    def filed(plan: dict[str, object], *more: str) -> tuple[int, str, str]:
        path.write_text(json.dumps(plan))
        capsys.readouterr()
        code = main([*command, *more])
        out = capsys.readouterr()
        return code, out.out.strip(), out.err

    first = filed(EXAMPLE)
    assert (first[0], len(first[1])) == (0, 64), first
    assert filed(EXAMPLE)[:2] == first[:2]  # the same again is quiet
    code, _, said = filed({**EXAMPLE, "quality": "another", "version": 3, "reasons": "why"})
    assert code == 2
    assert "expected 2; found 3" in said
    doubtful = {**EXAMPLE, "version": 2, "reasons": "a new scale", "instruments": [
        {**EXAMPLE["instruments"][0], "accuracy_class": "1"}, EXAMPLE["instruments"][1]
    ]}  # fmt: skip
    code, _, said = filed(doubtful)
    assert code == 2
    assert "worse than class 0.5 required" in said
    second = filed(doubtful, "--even-so")
    assert second[0] == 0
    code, _, said = filed(
        {**EXAMPLE, "quality": "by a stranger", "version": 3, "reasons": "x"}, "--key", str(home / "relayer.key")
    )
    assert code == 2
    assert "refused the control plan" in said

    clock = ReplayClock()
    chain = open_chain("embedded:", home / "chain", clock.now)
    try:
        from carbonledger.identifiers import chain_name
        from ledger_node.chain.bindings import directory

        toml = (home / "oracle.toml").read_text()
        where = bytes.fromhex(toml.split('directory = "')[1][:40])
        call = directory.encode_location_of(chain_name("ControlPlanRegistry"))
        contract = directory.decode_location_of(chain.call(where, call))
        latest = plans.latest(chain, contract, enterprise.id, 2025)
        assert latest is not None
        assert latest.hex() == second[1]
        assert plans.in_force(chain, contract, enterprise.id, 2025) is None  # nobody has acknowledged it
        held = registry.decode_plan_of(chain.call(contract, registry.encode_plan_of(latest)))
        assert (held.version, held.replaces.hex(), held.status) == (2, first[1], 1)
        assert held.planDigest == ControlPlan.of(doubtful).digest
    finally:
        chain.close()
