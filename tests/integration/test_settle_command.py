"""`python -m ledger_node settle` from a planned allocation to the report, each part a call of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ledger_node.chain.open import open_chain
from scripts.national.carrier import Carrier, Clock
from scripts.national.population import YEAR
from scripts.national.world import REGULATORS, key_of
from tests.integration.ledger_kit import called, called_apart, write_config
from tests.support.settlement import home, prepared

pytestmark = pytest.mark.slow
COUNT = 5


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Members on a chain, their allocation documents, and keys in files."""
    clock = Clock()
    chain = open_chain("embedded:", home(tmp_path, "chain"), clock)
    carrier = Carrier.open(chain, home(tmp_path, "before"), key_of("operator"), clock, lambda text: None)
    members = prepared(carrier, COUNT)
    lines = [json.dumps({"member": one.code, "document": json.loads(one.document)}) + "\n" for one in members]
    (tmp_path / "allocations.jsonl").write_text("".join(lines), encoding="utf-8")
    keys = {f"regulator-{n}": key for n, (_, key) in enumerate(REGULATORS)} | {"operator": key_of("another operator")}
    for name, key in keys.items():
        path = tmp_path / f"{name}.key"
        path.write_text(key.hex())
        path.chmod(0o600)
    write_config(tmp_path, carrier.addresses["Directory"])
    expected = {one.id.hex(): one.award().final for one in members}
    (tmp_path / "expected.json").write_text(json.dumps(expected))
    carrier.outbox.close()
    chain.close()
    return tmp_path


def test_an_allocation_is_planned_signed_carried_out_and_reported(folder: Path) -> None:
    config, plan = ("--config", folder / "ledger_node.toml"), folder / "plan.json"

    def settle(*arguments: object, code: int = 0) -> str:
        done = called("settle", *arguments)
        assert done.returncode == code, done.stderr
        return done.stdout if code in (0, 1) else done.stderr

    planned = ("plan", "allocation", "--year", YEAR, "--allocations", folder / "allocations.jsonl", *config)
    assert "allocations" in settle("plan", "allocation", "--year", YEAR, "--out", plan, *config, code=2)
    assert f"{COUNT} steps" in settle(*planned, "--out", plan)
    assert "not overwritten" in settle(*planned, "--out", plan, code=2)
    run = ("run", plan, "--key", folder / "operator.key", "--batch", 2, *config)
    assert "MemberRegistryQuorumTooSmall" in settle(*run, code=2)
    for number in (0, 1):
        told = settle("sign", plan, "--key", folder / f"regulator-{number}.key")
    assert "2 signatures" in told
    outcome = json.loads(called_apart("settle", *run).stdout)
    assert (outcome["done"], outcome["refused"]) == (COUNT, [])
    assert json.loads(settle(*run)) == outcome
    found = json.loads(settle("report", "--year", YEAR, *config))
    assert found["enterprises"] == [], "nobody owes anything yet"
    expected = json.loads((folder / "expected.json").read_text())
    assert found["balance"]["issued"] == found["balance"]["held"] == sum(expected.values())
    assert "nothing is to be done" in called("settle", *planned, "--out", folder / "again.json").stderr
