"""A published set with a threshold that means nothing is refused, with expected and found; no set divides by zero."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carbonledger import jcs
from carbonledger.accounting.inputs import MalformedInput
from carbonledger.assessment import library, on_chain
from carbonledger.assessment.code.assess import assess
from carbonledger.assessment.code.rule_set import CodeRules
from carbonledger.assessment.grade.assess import grade
from carbonledger.assessment.grade.scheme import Scheme
from carbonledger.assessment.parameters import DOMAINS
from carbonledger.errors import CarbonLedgerError
from carbonledger.handed import verify_handed
from tests.support.assessed import AssessedWorld, example
from tests.support.twin import ask

(RULES,) = library.code_rules()
GRADES = {scheme.head.key: scheme for scheme in library.schemes()}
CODE: dict[str, Any] = json.loads(library.example("code", "code-1"))
NOTHING: dict[str, Any] = {
    "digits": {"first": [0] * 9, "last": [0] * 10},
    "residuals": [{"name": "e", "period": 12, "software": "none", "values": []}],
    "history": CODE["history"][-1:],
    "methods": [{"name": "m", "quarters": []}],
    "series": [{"name": "e", "interval": "month", "values": []}],
    "purchases": {"carriers": [], "annual_emission": {"unit": "t", "value": "0"}},
    "totals": [],
}
"""Sections that are there and hold nothing: where a threshold of 0 lets a rule begin."""


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where the parameters of a set's JSON are."""
    if isinstance(value, dict) and "label" in value:
        yield at
    elif isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for name, item in items:
            yield from places(item, (*at, name))


def with_value(published: on_chain.Set, at: tuple[Any, ...], value: str) -> dict[str, Any]:
    found: dict[str, Any] = copy.deepcopy(jcs.decode_object(published.json()))
    place: Any = found
    for name in at:
        place = place[name]
    place["value"] = value
    return found


CODE_PLACES = list(places(jcs.decode_object(RULES.json())))
GRADE_PLACES = [(key, at) for key, one in GRADES.items() for at in places(jcs.decode_object(one.json()))]
VALUES = st.sampled_from(["0", "-1", "-0.5", "0.000000000000000001", "1", "2.5", "101", "1000001", "9" * 30])


@given(
    st.sampled_from(CODE_PLACES),
    VALUES,
    st.sets(st.sampled_from(sorted(NOTHING))),
    st.sets(st.sampled_from(sorted(CODE))),
)
@settings(max_examples=200, deadline=None)
def test_a_rule_set_is_refused_or_judges_whatever_is_given(
    at: tuple[Any, ...], value: str, empty: set[str], kept: set[str]
) -> None:
    raw = jcs.encode(with_value(RULES, at, value))
    try:
        rules = CodeRules.parse(raw)
    except MalformedInput as error:
        assert error.expected and value in str(error.found)
        return
    head = {name: CODE[name] for name in ("as_of", "period", "subject")}
    sections = {name: CODE[name] for name in kept if name in CODE} | {name: NOTHING[name] for name in empty}
    with suppress(CarbonLedgerError):  # a document of another form; nothing else may come out
        assess(jcs.encode(sections | head | {"rule_set": rules.id.hex()}), (rules,))


@given(st.sampled_from(GRADE_PLACES), VALUES)
@settings(max_examples=100, deadline=None)
def test_a_scheme_is_refused_or_grades(at: tuple[str, tuple[Any, ...]], value: str) -> None:
    key, place = at
    raw = jcs.encode(with_value(GRADES[key], place, value))
    try:
        scheme = Scheme.parse(raw)
    except MalformedInput as error:
        assert error.expected
        return
    grade(jcs.encode(json.loads(library.example("grade", key)) | {"scheme": scheme.id.hex()}), (scheme,))


@pytest.mark.parametrize("value", ["0", "-1"])
def test_what_may_not_be_zero_or_negative_is_refused_by_its_name(value: str) -> None:
    """Each rule's parameter, held against the table of what it may be."""
    for rule_at, rule in enumerate(RULES.rules):
        for number, (name, parameter) in enumerate(rule.parameters.items()):
            least = DOMAINS[rule.check.parameters[name]][2]
            changed = with_value(RULES, ("rules", rule_at, "parameters", number), value)
            if Fraction(value) >= least:
                CodeRules.parse(jcs.encode(changed))
                continue
            with pytest.raises(MalformedInput, match=f"{name} of check {rule.check.name}") as caught:
                CodeRules.parse(jcs.encode(changed))
            assert caught.value.path == f"$.rules[{rule_at}].parameters[{number}].value"
            assert str(caught.value.expected) == DOMAINS[rule.check.parameters[name]][0]
            assert parameter.value >= least


def test_the_page_and_the_command_refuse_such_a_set_alike() -> None:
    """In the place of an honest set in a bundle: step 16 names parameter and domain, in both."""
    world = AssessedWorld("code", example("code", "code-1") | {"digits": NOTHING["digits"]}, RULES)
    honest, cases, wanted = jcs.decode_object(world.bundle()), [], []
    for at in CODE_PLACES[::3]:
        raw = with_value(RULES, at, "-1")
        cases.append(jcs.encode(honest | {"set": raw}))
        with pytest.raises(MalformedInput) as refused:
            CodeRules.parse(jcs.encode(raw))
        wanted.append(str(refused.value.expected))
    asked = [{"door": "verify", "bundle": base64.b64encode(c).decode(), "policy": world.policy.format()} for c in cases]
    for data, theirs, expected in zip(cases, ask(asked), wanted, strict=True):
        ours = verify_handed(data, world.policy).to_json()
        assert (ours["verdict"], theirs["verdict"]) == ("INVALID", "INVALID")
        for steps in (ours["steps"], theirs["steps"]):
            reason = next(step["reason"] for step in steps if step["number"] == 16)
            assert f"expected {expected}; found" in reason and "-1" in reason
