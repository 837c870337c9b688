"""The library's rule sets on a real chain: the same gram, and the same refusals, in Solidity and in Python."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carbonledger.accounting import exact, library
from carbonledger.accounting.calculate import calculate
from carbonledger.accounting.evaluate import evaluate
from carbonledger.accounting.factors import Factor
from carbonledger.accounting.lines import Line
from carbonledger.accounting.methods import Exact
from carbonledger.accounting.rule_set import TIERS, RuleSet
from carbonledger.errors import CarbonLedgerError
from carbonledger.keccak import keccak256
from ledger_node.chain.bindings import structs

ROOT = Path(__file__).resolve().parents[2]
GENERAL = library.rule_set("gbt32150-2015")
FACTORS = library.factors()
FUELS = ("bituminous", "diesel", "natural-gas")
ON_THE_CHAIN = [
    *GENERAL.factors,
    *(FACTORS.named(f"CETS-AG-03.01 V01-2024 {fuel}/{part}")[0] for fuel in FUELS for part in ("ncv", "cc", "of")),
]
KNOWN = {factor.id: factor.published for factor in ON_THE_CHAIN if factor.published}
FEW = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)


def publish_factor(world: Any, factor: Factor) -> None:
    act = world.act("Factor", **factor.act_fields())
    world.relay(act, world.quorum(act))


def publish(world: Any, rules: RuleSet) -> None:
    act = world.act("RuleSetPublication", ruleSetId=rules.id, formDigest=rules.form_digest())
    world.relay(act, rules.json(), rules.form(), world.quorum(act))


def words(line: Line) -> structs.Line:
    return structs.Line(*line.arguments())  # type: ignore[arg-type]


@pytest.fixture
def ledger(world: Any) -> Any:
    for factor in ON_THE_CHAIN:
        publish_factor(world, factor)
    publish(world, GENERAL)
    return world


def ask(ledger: Any, year: int, lines: list[Line]) -> tuple[int, tuple[Exact, ...]]:
    """Emission and exact contributions, as the contract gives them."""
    answer = ledger.ask("RuleSetRegistry", "calculate", GENERAL.id, year, [words(line) for line in lines])
    emission, draft, amounts = answer
    assert draft is False
    return emission, tuple(Exact((a.numerator.high << 256) + a.numerator.low, a.divisor) for a in amounts)


def test_the_chain_keeps_the_rule_set_as_its_file_is(ledger: Any) -> None:
    raw = ledger.ask("RuleSetRegistry", "json", GENERAL.id)
    assert RuleSet.parse(raw) == GENERAL
    form = ledger.ask("RuleSetRegistry", "form_of", GENERAL.id)
    assert form == structs.RuleSetForm.from_abi(GENERAL.form())
    record = ledger.ask("RuleSetRegistry", "rule_set_of", GENERAL.id)
    assert record.formDigest == GENERAL.form_digest()


def test_the_steel_plants_year_comes_to_the_same_gram(ledger: Any) -> None:
    path = ROOT / "docs" / "examples" / "calculate" / "steel-plant-electricity.json"
    statement = calculate(path.read_bytes(), [GENERAL], FACTORS)
    emission, _ = ask(ledger, 2025, list(statement.chain_lines))
    assert emission == statement.emission == 509_183_238


@pytest.mark.parametrize(
    "path", sorted((ROOT / "docs" / "examples" / "calculate").glob("*.json")), ids=lambda p: p.name
)
def test_every_example_comes_to_the_same_gram(ledger: Any, path: Path) -> None:
    statement = calculate(path.read_bytes(), [GENERAL], FACTORS)
    assert ask(ledger, statement.year, list(statement.chain_lines))[0] == statement.emission


def measured(unit: str, value: int) -> dict[str, str]:
    return {"tier": "measured", "unit": unit, "value": exact.fixed_text(value)}


@st.composite
def documents(draw: st.DrawFn) -> bytes:
    """Documents of any lines of the general rule, with defaults and measured values."""
    lines = []
    for number in range(draw(st.integers(1, 5))):
        rule = draw(st.sampled_from(GENERAL.lines))
        line: dict[str, Any] = {"code": rule.code, "item": f"item {number}"}
        line["quantity"] = {"unit": rule.quantity, "value": str(draw(st.integers(0, 10**20)))}
        parameters = {}
        for parameter, known in zip(rule.parameters, rule.method.forms[rule.quantity], strict=True):
            if parameter.factor is not None:
                continue
            fitting = [f for f in ON_THE_CHAIN if f.unit == parameter.unit and f.row.endswith(f"/{parameter.name}")]
            if fitting and draw(st.booleans()):
                parameters[parameter.name] = {"factor": draw(st.sampled_from(fitting)).id.hex()}
            else:
                most = known.most or 10**21
                parameters[parameter.name] = measured(parameter.unit, draw(st.integers(0, most)))
        line["parameters"] = parameters
        lines.append(line)
    return json.dumps({"lines": lines, "rule_set": GENERAL.key, "year": 2025}).encode()


@FEW
@given(raw=documents())
def test_random_documents_come_to_the_same_gram(ledger: Any, raw: bytes) -> None:
    try:
        statement = calculate(raw, [GENERAL], FACTORS)
    except CarbonLedgerError as error:
        assert "the total is negative" in str(error)  # all else of these documents is in order
        return
    emission, contributions = ask(ledger, 2025, list(statement.chain_lines))
    assert emission == statement.emission
    assert contributions == tuple(line.amount for line in statement.lines)


NUMBERS = st.integers(0, 10**20) | st.sampled_from([0, 1, 10**18, 2**128, 2**200, 2**255, 2**256 - 1])


@st.composite
def sound_line(draw: st.DrawFn) -> Line:
    """A line that the rule set allows; its amount may be too large."""
    rule = draw(st.sampled_from(GENERAL.lines))
    tiers, given_words = 0, []
    for i, parameter in enumerate(rule.parameters):
        fitting = [f.id for f in ON_THE_CHAIN if f.unit == parameter.unit]
        tier = draw(st.sampled_from([TIERS[name] for name in parameter.tiers]))
        tiers |= tier << (8 * i)
        default = parameter.factor or draw(st.sampled_from(fitting or [bytes(32)]))
        given_words.append(default if tier == 0 else draw(NUMBERS).to_bytes(32, "big"))
    given_words += [bytes(32)] * (6 - len(given_words))
    return Line(rule.code, bytes([draw(st.integers(0, 2))]) * 32, draw(NUMBERS), tiers, tuple(given_words))


@st.composite
def any_lines(draw: st.DrawFn) -> list[Line]:
    """Lines of which one may break a rule, in order or not."""
    lines = draw(st.lists(sound_line(), max_size=4, unique_by=lambda line: line.order))
    lines.sort(key=lambda line: line.order)
    if lines and draw(st.integers(0, 2)) == 0:
        at = draw(st.integers(0, len(lines) - 1))
        line = lines[at]
        first = draw(st.sampled_from([*KNOWN, keccak256(b"no such factor"), bytes(32)]))
        change: dict[str, Any] = draw(
            st.sampled_from(
                [
                    {"code": "no-such-line"},
                    {"tiers": line.tiers | 1 << 200},
                    {"tiers": line.tiers ^ 3},
                    {"tiers": line.tiers | 3},
                    {"parameters": (*line.parameters[:5], b"\1" * 32)},
                    {"parameters": (first, *line.parameters[1:])},
                ]
            )
        )
        lines[at] = dataclasses.replace(line, **change)
    return draw(st.permutations(lines)) if draw(st.integers(0, 4)) == 0 else lines


@settings(FEW, max_examples=80)
@given(lines=any_lines(), year=st.sampled_from([2025, 2025, 2025, 2025, 2024, 2014, 2027]))
def test_what_python_refuses_the_contract_refuses_and_nothing_else(
    ledger: Any, reverted: type[Exception], lines: list[Line], year: int
) -> None:
    try:
        expected = evaluate(GENERAL, year, lines, KNOWN)
    except CarbonLedgerError:
        with pytest.raises(reverted):
            ask(ledger, year, lines)
        return
    emission, contributions = ask(ledger, year, lines)
    assert emission == expected.emission
    assert contributions == expected.amounts
