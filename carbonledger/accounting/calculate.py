"""From an activity document to a statement of result: one pure function behind the command and the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from carbonledger.accounting import inputs, parameters
from carbonledger.accounting.evaluate import evaluate
from carbonledger.accounting.factors import Factors
from carbonledger.accounting.inputs import MalformedInput, Node, RefusedInput
from carbonledger.accounting.lines import Line, item_id, month_item
from carbonledger.accounting.parameters import Missing
from carbonledger.accounting.quantities import Counted, counted
from carbonledger.accounting.rule_set import PARAMETER_SLOTS, TIERS, LineRule, RuleSet
from carbonledger.accounting.statement import Statement, StatementLine, Used, Warned
from carbonledger.errors import Refused

MAX_LINES = 1000


class _Read(NamedTuple):
    """A line as the document has it; parameters that are missing wait for the other months."""

    node: Node
    rule: LineRule
    item: str
    month: int
    counted: Counted
    parameters: tuple[Used | Missing, ...]


class _Resolved(NamedTuple):
    """A line in the chain's terms."""

    read: _Read
    parameters: tuple[Used, ...]
    chain_line: Line


def calculate(document: bytes | Node, rules: Sequence[RuleSet], factors: Factors) -> Statement:
    """Compute an activity document (its JSON bytes, or the parsed node) under the rule set it names.

    `rules` are the rule sets known here; `factors` those published beside the rule sets' own. MalformedInput and
    RefusedInput carry the JSON path in the document, what was expected and what was found.
    """
    node = document if isinstance(document, Node) else inputs.parse(document)
    fields = node.fields(("lines", "rule_set", "year"))
    chosen = find(fields["rule_set"], rules)
    year = fields["year"].integer(1990, 9999)
    if not chosen.covers(year):
        first, last = chosen.years
        raise fields["year"].refused(
            f"rule set {chosen.key} does not hold for this reporting year", f"{first} to {last or 'open'}"
        )
    known = factors.with_(chosen.factors)
    defaults: parameters.Defaults = {}
    read = [_line(item, chosen, year, known, defaults) for item in fields["lines"].items(least=1, most=MAX_LINES)]
    ordered = sorted(_resolved(read, year, known), key=lambda line: line.chain_line.order)
    _refuse_twice(ordered)
    chain_lines = tuple(line.chain_line for line in ordered)
    try:
        result = evaluate(chosen, year, chain_lines, known.published())
    except Refused as error:
        raise RefusedInput(
            fields["lines"].path, error.message, expected=error.expected, found=error.found, remedy=error.remedy
        ) from error
    return Statement(
        rules=chosen,
        year=year,
        emission=result.emission,
        lines=tuple(
            StatementLine(
                line.read.rule,
                line.read.item,
                line.read.month,
                line.read.counted.quantity,
                line.read.counted.derivation,
                line.parameters,
                amount,
            )
            for line, amount in zip(ordered, result.amounts, strict=True)
        ),
        chain_lines=chain_lines,
        missing=_missing(chosen, read),
        warnings=(*_status(chosen), *(warned for line in ordered for warned in _warnings(line))),
    )


def find(node: Node, rules: Sequence[RuleSet]) -> RuleSet:
    """The rule set that a document names by key or by id."""
    name = node.text(most=64)
    # the id is the hash of the whole rule set: computed only for a name that can be one
    found = [rule for rule in rules if name == rule.key or (len(name) == 64 and name == rule.id.hex())]
    if len(found) == 1:
        return found[0]
    if found:
        raise node.refused("a key of several rule sets", "one of the ids " + ", ".join(rule.id.hex() for rule in found))
    raise node.refused("a rule set that is not known here", "one of " + ", ".join(rule.key for rule in rules))


def _line(node: Node, rules: RuleSet, year: int, factors: Factors, defaults: parameters.Defaults) -> _Read:
    fields = node.fields(("code", "quantity"), ("item", "month", "parameters"))
    rule = rules.line(fields["code"].one_of(rules.codes, "not a line of the rule set"))
    assert rule is not None  # one_of has seen to it
    given = fields["parameters"].members() if "parameters" in fields else {}
    for name, value in given.items():
        if name not in rule.most:
            names = [parameter.name for parameter in rule.parameters]
            raise MalformedInput(
                value.path,
                f"not a parameter of {rule.code}",
                expected="one of " + ", ".join(names) if names else "none",
                found=inputs.shown(name),
            )
    item = fields["item"].text(most=200) if "item" in fields else ""
    if not item.isprintable():
        raise fields["item"].malformed("control characters", "printable text")
    month = fields["month"].integer(1, 12) if "month" in fields else 0
    quantity = counted(fields["quantity"], rule, rules)
    place = Node(None, node, "parameters")
    used = tuple(
        parameters.resolve(given.get(p.name), place, rule, p, rules, year, factors, defaults) for p in rule.parameters
    )
    return _Read(node, rule, item, month, quantity, used)


def _resolved(read: Sequence[_Read], year: int, factors: Factors) -> list[_Resolved]:
    measured: dict[tuple[str, str, str], list[int]] = {}
    for line in read:
        for used in line.parameters:
            if isinstance(used, Used) and used.tier == "measured" and line.month:
                measured.setdefault((line.rule.code, line.item, used.name), []).append(used.value)
    resolved = []
    for line in read:
        used_by_line = tuple(
            parameters.stand_in(used, measured.get((line.rule.code, line.item, used.rule.name), ()), year, factors)
            if isinstance(used, Missing)
            else used
            for used in line.parameters
        )
        resolved.append(_Resolved(line, used_by_line, _chain_line(line, used_by_line, year)))
    return resolved


def _chain_line(line: _Read, parameters: Sequence[Used], year: int) -> Line:
    words = [used.factor.id if used.factor else used.value.to_bytes(32, "big") for used in parameters]
    words += [bytes(32)] * (PARAMETER_SLOTS - len(words))
    tiers = sum(TIERS[used.tier] << (8 * i) for i, used in enumerate(parameters))
    base = item_id(line.item)
    item = month_item(base, year, line.month) if line.month else base
    return Line(line.rule.code, item, line.counted.quantity.value, tiers, tuple(words))


def _refuse_twice(ordered: Sequence[_Resolved]) -> None:
    for before, after in pairwise(ordered):
        if before.chain_line.order == after.chain_line.order:
            later = max(before.read, after.read, key=lambda line: (len(line.node.path), line.node.path))
            month = f", month {later.month}" if later.month else ""
            raise RefusedInput(
                later.node.path,
                "a code, item and month that came before",
                expected="each (code, item, month) once",
                found=f"{later.rule.code} {later.item!r}{month}",
                remedy="Tell the lines of one code apart by `item`: a unit, a fuel",
            )


def _missing(rules: RuleSet, lines: Sequence[_Read]) -> tuple[str, ...]:
    reported = {line.rule.code for line in lines}
    return tuple(rule.code for rule in rules.lines if rule.code not in reported)


def _status(rules: RuleSet) -> list[Warned]:
    texts = {
        "draft": "the rule set is a draft: not for a final report",
        "unverified": "the rule set was not compared with the document it follows",
    }
    return [Warned(f"{rules.status}-rule-set", "$.rule_set", texts[rules.status])] if rules.status in texts else []


def _warnings(line: _Resolved) -> list[Warned]:
    found: list[Warned] = []
    place = Node(None, line.read.node, "parameters")

    def at(used: Used) -> str:
        return inputs.member(place.path, used.name)

    for used in line.parameters:
        if used.derivation is not None and "reason" in used.derivation:
            text = f"the measured value is missing ({used.derivation['reason']}); {used.derivation['kind']} stands in"
            found.append(Warned("missing-value", at(used), text))
        if used.factor is None:
            continue
        if used.factor.unverified:
            text = f"factor {used.factor.reference} is {_EVIDENCE[used.factor.evidence]}"
            found.append(Warned("unverified-factor", at(used), text))
        if used.factor.evidence == "draft":
            found.append(Warned("draft-factor", at(used), f"factor {used.factor.reference} is from a draft"))
    if len(line.parameters) < 2:
        return found
    substances = {used.factor.row.rpartition("/")[0] for used in line.parameters if used.factor} - {""}
    if len(substances) > 1:
        text = f"the defaults of {line.read.rule.code} are of different substances: " + ", ".join(sorted(substances))
        found.append(Warned("mixed-substances", place.path, text))
    return found


_EVIDENCE: Mapping[str, str] = {
    "transcription": "a transcription that was not compared with its document",
    "unverified": "a value for which no document was at hand",
}


def describe(rules: RuleSet) -> dict[str, Any]:
    """One row of a list of rule sets: its readable id (the key), the SHA-256 that binds it, titles, status, and the
    first and last reporting year (None: open)."""
    first, last = rules.years
    return {
        "id": rules.key,
        "sha256": rules.id.hex(),
        "status": rules.status,
        "title": {"en": rules.title[0], "zh": rules.title[1]},
        "version": rules.version,
        "years": [first, last or None],
    }
