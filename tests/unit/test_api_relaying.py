"""Signed acts as JSON become the calls that the contracts take, or a refusal that names the field."""

from __future__ import annotations

import inspect
import json
import re
from typing import Any

import pytest

from api import relaying
from api.relaying import ARGUMENTS
from api.schemas import SignedAct
from carbonledger import acts
from carbonledger.accounting import library
from carbonledger.acts import ACTS, Act
from carbonledger.allocation import library as plans
from carbonledger.assessment import library as schemes
from carbonledger.assessment.filing import CODE_ITEM, GRADE_ITEM
from carbonledger.eip712 import Domain
from carbonledger.errors import BadSignature, Malformed, Unknown
from ledger_node.chain.calls import ENCODERS

KEY = b"\x07" * 32
DOMAIN = Domain(9732)
RULES = library.rule_set("gbt32150-2015")
PLAN = plans.rule_set("power-2023")
GRADES = schemes.schemes()[0]


def values_of(name: str) -> dict[str, Any]:
    """Some value of each field."""
    sample = {"string": "gateway.example/readings", "bytes32": b"\x11" * 32, "address": b"\x22" * 20}
    return {field: sample.get(kind, 3) for kind, field in ACTS[name].fields}


def as_json(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else value


def given(name: str, **changes: Any) -> SignedAct:
    act = Act(name, **values_of(name))
    signed = acts.sign(act, DOMAIN, KEY)
    one = {"signer": signed.signer.hex(), "signature": signed.signature.hex()}
    sample: dict[str, Any] = {
        "quorum": [one],
        "authority": {"quorum": [one]},
        "witnesses": [one],
        "consistency": ["ab" * 32],
        "months": ["cd" * 32] * 12,
        "lines": [["electricity-purchased", "00" * 32, 5, 0, ["ee" * 32, 0, 0, 0, 0, 0]]],
        "orders": [
            {"order": {k: as_json(v) for k, v in values_of("Order").items()}, "sequence": 1, "signed": one},
        ],
        "fills": [[0, 1, 5, 7000]],
        "json": {"AllocationPublication": PLAN, "AssessmentPublication": GRADES}.get(name, RULES).json().decode(),
        "candidates": ["ab" * 32],
        "items": items_of(name),
    }
    arguments = {argument: sample.get(argument, one) for argument in ARGUMENTS[name] if argument != "form"}
    document = {"act": name, "fields": {k: as_json(v) for k, v in act.values.items()}, "arguments": arguments}
    return SignedAct.model_validate({**document, **changes})


def items_of(name: str) -> list[list[str | int]]:
    lists = {"CodeList": CODE_ITEM, "GradeList": GRADE_ITEM}
    if name not in lists:
        return [["ab" * 32, 1], ["cd" * 32, 0]]
    return [[item(kind) for kind, _ in lists[name]]]


def item(kind: str) -> str | int:
    return "77" * 32 if kind == "bytes32" else 1


def snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


@pytest.mark.parametrize("name", sorted(ARGUMENTS))
def test_every_act_becomes_the_call_of_its_contract(name: str) -> None:
    relayed = relaying.parse(given(name))
    relaying.check_signatures(relayed, 9732, lambda address: False)
    to, data = relayed.call({ACTS[name].contract: b"\x33" * 20})
    assert to == b"\x33" * 20
    assert relayed.act == Act(name, **values_of(name))
    assert len(data) > 4


@pytest.mark.parametrize("name", sorted(ARGUMENTS))
def test_arguments_are_named_and_ordered_as_the_contract_names_them(name: str) -> None:
    parameters = list(inspect.signature(ENCODERS[name]).parameters)[1:]
    assert parameters == list(ARGUMENTS[name])


def test_an_order_alone_is_no_call_and_its_door_is_named() -> None:
    assert set(ACTS) - set(ARGUMENTS) == {"Order"}
    order = {name: as_json(value) for name, value in values_of("Order").items()}
    with pytest.raises(Malformed, match="/v1/orders"):
        relaying.parse(SignedAct(act="Order", fields=order, arguments={}))


@pytest.mark.parametrize("wrong", [{"orders": [{}]}, {"fills": [[1, 2, 3]]}, {"fills": [[0, 1, -5, 7]]}])
def test_a_batch_that_is_not_of_its_form_is_told_by_its_place(wrong: dict[str, Any]) -> None:
    matching = given("Matching")
    matching.arguments.update(wrong)
    with pytest.raises(Malformed, match=f"argument '{next(iter(wrong))}'"):
        relaying.parse(matching)


def test_a_signature_of_somebody_else_is_refused() -> None:
    act = given("GrantEnd")
    act.arguments["owner"]["signer"] = "44" * 20
    relayed = relaying.parse(act)
    with pytest.raises(BadSignature, match="signature of act GrantEnd"):
        relaying.check_signatures(relayed, 9732, lambda address: False)


def test_the_signature_of_a_contract_is_left_to_the_chain() -> None:
    act = given("GrantEnd")
    act.arguments["owner"]["signer"] = "44" * 20
    relaying.check_signatures(relaying.parse(act), 9732, lambda address: address == b"\x44" * 20)


def test_a_step_of_a_plan_needs_no_signature_and_is_one_or_the_other() -> None:
    step: dict[str, Any] = {"plan": "55" * 32, "index": 3, "proof": ["66" * 32]}
    relayed = relaying.parse(given("Decision", arguments={"authority": step}))
    relaying.check_signatures(relayed, 9732, lambda address: False)
    for wrong in (step | {"quorum": []}, step | {"index": -1}, {}, None):
        with pytest.raises(Malformed, match="argument 'authority'"):
            relaying.parse(given("Decision", arguments={"authority": wrong}))
    unsigned = relaying.parse(given("Decision", arguments={"authority": {"quorum": []}}))
    with pytest.raises(BadSignature, match="expected a signature"):
        relaying.check_signatures(unsigned, 9732, lambda address: False)


def test_an_act_without_any_signature_is_refused() -> None:
    relayed = relaying.parse(given("KeyEnd", arguments={}))
    with pytest.raises(BadSignature, match="expected a signature"):
        relaying.check_signatures(relayed, 9732, lambda address: False)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"fields": {}}, "fields of GrantEnd"),
        ({"fields": {"grantId": "11", "reference": "11" * 32, "deadline": 3}}, "field 'grantId'"),
        ({"fields": {"grantId": "11" * 32, "reference": "11" * 32, "deadline": 2**64 - 1}}, "2\\^53"),
        ({"fields": {"grantId": "11" * 32, "reference": "11" * 32, "deadline": "-3"}}, "a decimal number"),
        ({"fields": {"grantId": "AB" * 32, "reference": "11" * 32, "deadline": 3}}, "lower-case hex"),
        ({"arguments": {"owner": {"signer": "00"}}}, "argument 'owner'"),
        ({"arguments": {"owner": [], "x": 1}}, "arguments of GrantEnd"),
        ({"arguments": {"owner": {"signer": "00" * 19, "signature": ""}}}, "20 bytes"),
    ],
)
def test_an_act_that_is_not_of_its_form_is_told_by_its_place(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(Malformed, match=said):
        relaying.parse(given("GrantEnd", **changes))


def test_an_unknown_act_is_told_with_the_known_ones() -> None:
    with pytest.raises(Unknown, match="Admission"):
        relaying.parse(SignedAct(act="Nonsense", fields={}, arguments={}))


def test_a_number_may_come_as_an_integer_or_a_decimal_string() -> None:
    document = json.loads(given("GrantEnd").model_dump_json())
    document["fields"]["deadline"] = str(2**64 - 1)
    assert relaying.parse(SignedAct.model_validate(document)).act["deadline"] == 2**64 - 1
