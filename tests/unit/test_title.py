"""Certificates of title and retirement: honest ones are VALID, and each step notices what it is there for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carbonledger import jcs
from carbonledger.bundle.needs import Need
from carbonledger.cli import main
from carbonledger.errors import Malformed
from carbonledger.policy import Policy
from carbonledger.records import position_id
from carbonledger.title import Certificate, needs_of, verify
from carbonledger.verify.verdict import Verification
from tests.support.actors import ENTERPRISE, key
from tests.support.units import CANCELLED, CARRIED, CARRYING, OFFSETS, OLD, PENDING, PROJECT, SINCE, ZERO, UnitsWorld

WORLD = UnitsWorld()
TITLE = WORLD.certificate("title", CARRIED)
RETIREMENT = WORLD.certificate("retirement", CANCELLED)


def invalid(found: Verification) -> list[int]:
    return [step.number for step in found.steps if step.verdict == "invalid"]


def of(world: UnitsWorld, kind: Any, subject: bytes) -> Verification:
    return verify(world.certificate(kind, subject), world.policy)


def changed(kind: str, identifier: bytes, **values: Any) -> UnitsWorld:
    return UnitsWorld({(kind, identifier): values})


@pytest.mark.parametrize("engine", ["embedded", "qbft"])
def test_honest_certificates_are_valid_and_say_whose_and_how_many(engine: Any) -> None:
    world = UnitsWorld(engine=engine)
    for kind, subject in (("title", OLD), ("title", CARRIED), ("retirement", CANCELLED)):
        found = of(world, kind, subject)
        assert found.verdict == "VALID", [s for s in found.steps if s.verdict != "valid"]
    title = of(world, "title", OLD).subject
    assert title["tonnes"] == {"registered": 900, "trading": 100, "pledged": 1_000}
    assert title["serials"] == [100, 5_099]
    assert of(world, "retirement", CANCELLED).subject["purpose"] == "voluntary cancellation"


def test_the_reason_names_what_binds_units() -> None:
    assert "pledged units can not be disposed of" in of(WORLD, "title", OLD).step(6).reason


@pytest.mark.parametrize("data", [TITLE, RETIREMENT])
def test_a_certificate_formats_to_the_bytes_it_was_parsed_from(data: bytes) -> None:
    assert Certificate.parse(data).format() == data


@pytest.mark.parametrize("data", [TITLE, RETIREMENT])
def test_without_a_policy_trust_is_undecided(data: bytes) -> None:
    found = verify(data)
    assert found.verdict == "INDETERMINATE"
    assert [s.number for s in found.steps if s.verdict == "indeterminate"] == [2, 3]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([TITLE, RETIREMENT]), st.data())
def test_with_any_byte_changed_it_is_not_valid(data: bytes, draw: st.DataObject) -> None:
    at = draw.draw(st.integers(0, len(data) - 1))
    other = draw.draw(st.integers(1, 255))
    broken = data[:at] + bytes([data[at] ^ other]) + data[at + 1 :]
    assert verify(broken, WORLD.policy).verdict != "VALID"


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b"\xff", TITLE[:-1], TITLE + b" ", TITLE.replace(b"title", b"deeds")]
)
def test_what_is_no_certificate_is_invalid_at_step_1(data: bytes) -> None:
    assert invalid(verify(data, WORLD.policy)) == [1]


def test_a_title_is_no_retirement() -> None:
    value = json.loads(TITLE)
    assert invalid(verify(jcs.encode(value | {"kind": "retirement"}), WORLD.policy)) == [1]


def test_step_1_refuses_a_record_that_no_step_asks_for() -> None:
    more = WORLD.with_more("title", CARRIED, Need("tally", OFFSETS))
    assert invalid(verify(more, WORLD.policy)) == [1]


def test_step_1_misses_a_lot_of_the_origin() -> None:
    value = json.loads(TITLE)
    value["chain"]["records"] = [r for r in value["chain"]["records"] if r[:2] != ["lot", OLD.hex()]]
    assert invalid(verify(jcs.encode(value), WORLD.policy)) == [1]


def test_step_2_notices_a_contract_with_other_code() -> None:
    hashes = {name: {"1": "00" * 32} for name in ("AllowanceLedger", "Directory", "MemberRegistry", "PlanRegistry")}
    assert 2 in invalid(verify(TITLE, WORLD.policy, code_hashes=hashes))


def test_step_3_notices_a_foreign_seal() -> None:
    forged = UnitsWorld(seal_key=key("es256k", "stranger")).certificate("title", OLD)
    assert invalid(verify(forged, WORLD.policy)) == [3]


def test_step_4_notices_a_position_that_the_ledger_does_not_hold() -> None:
    value = json.loads(TITLE)
    for record in value["chain"]["records"]:
        if record[0] == "position":
            record[3] += 1
    found = invalid(verify(jcs.encode(value), WORLD.policy))
    assert 4 in found


@pytest.mark.parametrize(
    ("kind", "identifier", "values"),
    [
        ("tally", OLD, {"carried": 2_999}),
        ("tally", OLD, {"issued": 5_001}),
        ("lot", OLD, {"vintage": 2025}),
        ("lot", OLD, {"issuedAt": SINCE + 10}),
        ("lot", CARRIED, {"kind": 3}),
        ("lot", CARRIED, {"issuedAt": 2**40}),
    ],
)
def test_step_5_notices_an_origin_that_does_not_bear_the_units(kind: str, identifier: bytes, values: Any) -> None:
    assert invalid(of(UnitsWorld({(kind, identifier): values}), "title", CARRIED)) == [5]


def test_step_5_notices_offsets_of_a_foreign_project() -> None:
    assert invalid(of(changed("offsetproject", PROJECT, owner=ZERO), "retirement", CANCELLED)) == [5]


def test_step_6_refuses_a_title_to_nothing_and_to_more_than_was_issued() -> None:
    assert invalid(of(WORLD, "title", OFFSETS)) == [6]
    more = changed("position", position_id(ENTERPRISE, CARRIED), trading=1)
    assert invalid(of(more, "title", CARRIED)) == [6]


def test_step_6_refuses_what_has_not_ended() -> None:
    assert invalid(of(WORLD, "retirement", PENDING)) == [6]
    assert invalid(of(WORLD, "retirement", CARRYING)) == [6]
    assert invalid(of(changed("tally", OFFSETS, cancelled=39), "retirement", CANCELLED)) == [6]
    assert invalid(of(changed("disposal", CANCELLED, decidedAt=2**40), "retirement", CANCELLED)) == [6]


def test_lots_in_a_circle_are_no_origin() -> None:
    world = changed("lot", OLD, source=CARRIED)
    with pytest.raises(Malformed):
        world.certificate("title", CARRIED)
    with pytest.raises(Malformed):
        needs_of("retirement", world.records["position", position_id(ENTERPRISE, OLD)], lambda _: None)


def test_the_command_answers_with_the_exit_codes_of_verify(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, policy = tmp_path / "title.json", tmp_path / "policy.toml"
    file.write_bytes(TITLE)
    policy.write_bytes(WORLD.policy.format().encode())
    assert main(["title", str(file), "--policy", str(policy)]) == 0
    assert "VALID" in capsys.readouterr().out
    assert main(["title", str(file)]) == 3
    capsys.readouterr()
    file.write_bytes(TITLE[:-2])
    assert main(["title", str(file), "--policy", str(policy), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["verdict"] == "INVALID"
    assert main(["title", str(tmp_path / "none")]) == 2


def test_a_policy_of_another_chain_does_not_trust_it() -> None:
    assert verify(TITLE, Policy()).verdict == "INDETERMINATE"
