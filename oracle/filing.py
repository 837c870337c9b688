"""File months and the annual report: from manifests to lines, statements, acts.

Everything filed is derived again whenever it is asked for: the log is the source, the chain's act ids keep a filing
from being made twice, and nothing is kept here but what the node's store keeps.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from carbonledger import jcs
from carbonledger.accounting.calculate import calculate
from carbonledger.accounting.factors import Factors
from carbonledger.accounting.lines import item_id, lines_digest, month_item
from carbonledger.accounting.rule_set import RuleSet
from carbonledger.accounting.statement import Statement
from carbonledger.acts import Act
from carbonledger.entry import Body
from carbonledger.errors import Refused
from carbonledger.identifiers import object_id
from carbonledger.keccak import keccak256
from carbonledger.month_statement import MonthLine, MonthStatement
from carbonledger.mrv import support
from carbonledger.mrv.evidence import Manual, Measured, fixed_text
from oracle import log_entries, periods
from oracle.documents import listed
from oracle.log import Published
from oracle.log_entries import DisclosedEntry
from oracle.node import OracleNode
from oracle.periods import month_bounds

MONTH_SALT: Final = b"carbonledger/month-salt/v1\0"
NOBODY: Final = bytes(32)

Chosen = Mapping[tuple[str, bytes], Mapping[str, str]]
"""Code of a line and its base item -> parameter -> reference of a published factor."""


@dataclass(frozen=True, slots=True)
class MeterPoint:
    """What a meter measures for the accounts: identifier of its production unit, code of the rule set's line."""

    device: str
    unit: str
    code: str


@dataclass(frozen=True, slots=True)
class Own:
    """A line that stands for one month: the enterprise's own parameters, and why those that are missing are."""

    parameters: Mapping[str, Measured]
    missing: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Month:
    """A month ready to be filed: its statement, the salt of its commitment, its own parameters by line and base item.

    `cases` are the manual entries that say how meters were calibrated, with what was read and what counts.
    """

    statement: MonthStatement
    salt: bytes
    own: Mapping[tuple[str, bytes], Own] = field(default_factory=dict)
    cases: tuple[Corrected, ...] = ()

    @property
    def commitment(self) -> bytes:
        return self.statement.commitment(self.salt)


@dataclass(frozen=True, slots=True)
class Corrected:
    """A quantity that was corrected for its meter's calibration: `read` base units count as `counted`."""

    manual: Manual
    read: int
    counted: int


def manifest_of(entry_body: bytes) -> dict[str, Any]:
    """The content of a manifest entry."""
    content = Body.parse(entry_body).content
    if content is None:
        raise Refused("not a manifest entry", expected="a body with 'b'", found="none")
    return content


def month(
    node: OracleNode, member: bytes, points: Sequence[MeterPoint], year: int, number: int, head: Published
) -> Month:
    """The statement of a closed month under a published head that holds its manifests.

    A quantity is the sum of its meters and manual entries, each corrected for its meter's calibration where an entry
    says how that was. A line with own parameters, or with missing ones, stands for this month alone, under the month's
    item. Refused if a meter's manifest is missing, or lies beyond the head, and for a case of a meter of another line.
    """
    by_hand = listed(node, head.size).of_month(year, number)
    quantities: dict[tuple[str, bytes], int] = {
        (code, item): amount for (code, item, _, _), amount in support.amounts(by_hand.values()).items()
    }
    manifests: list[int] = []
    cases = support.cases(by_hand)
    corrected = [
        Corrected(manual, manual.quantity or 0, manual.counted or 0)
        for manual in by_hand.values()
        if manual.meter is not None and manual.meter.device is None
    ]
    if strange := {device for device, _ in cases} - {point.device for point in points}:
        raise Refused(
            f"the case of meter {sorted(strange)[0]}", expected="a meter of these accounts", found="another",
            remedy="Withdraw the entry, or name the meter as it is enrolled",
        )  # fmt: skip
    enrolled, (_, end) = {signer.identifier for signer in node.devices()}, month_bounds(year, number)
    for point in points:
        found = _manifest(node, point.device, year, number)
        if (
            found is None
            and point.device in enrolled
            and periods.boundary(node.store, node.signer(point.device), end) is None
        ):
            continue  # it was installed later
        if found is None or found.index >= head.size:
            where = "none" if found is None else f"index {found.index}"
            raise Refused(
                f"the manifest of {point.device} for {year:04d}-{number:02d}",
                expected=f"one below the head's size {head.size}",
                found=where,
                remedy="Close the month and publish a checkpoint first",
            )
        key = (point.code, item_id(point.unit))
        read = counted = int(manifest_of(found.body)["sum"])
        case = cases.get((point.device, number))
        if case is not None and case.meter is not None:
            if (case.line, case.item) != key:
                said = f"{case.line} of {case.item.hex()}"
                raise Refused(f"line of the case of {point.device}", expected=f"{key[0]} of {key[1].hex()}", found=said)
            counted = case.meter.counted(read)
            corrected.append(Corrected(case, read, counted))
        quantities[key] = quantities.get(key, 0) + counted
        manifests.append(found.index)
    own = _own(by_hand.values())
    for code, item in own:
        quantities[code, month_item(item, year, number)] = quantities.pop((code, item), 0)
    lines = [MonthLine(code, item, quantities[code, item]) for code, item in sorted(quantities)]
    statement = MonthStatement(
        member,
        year,
        number,
        tuple(lines),
        tuple(sorted(manifests)),
        node.origin,
        head.size,
        head.root,
        tuple(sorted(by_hand)),
    )
    return Month(statement, month_salt(node.identity.secret, year, number), own, tuple(corrected))


def _own(manuals: Collection[Manual]) -> dict[tuple[str, bytes], Own]:
    """(line, base item) → its own parameters of the month, and the missing ones."""
    given = {(code, item): values for (code, item, _, _), values in support.parameters(manuals).items()}
    missing = {(code, item): reasons for (code, item, _, _), reasons in support.missing(manuals).items()}
    found = {}
    for key in sorted({*given, *missing}):
        values, reasons = given.get(key, {}), missing.get(key, {})
        if both := sorted(set(values) & set(reasons)):
            raise Refused(
                f"parameter {both[0]} of {key[0]}", expected="a value or the reason why there is none", found="both",
                remedy="Let the entry with the value replace the one with the reason",
            )  # fmt: skip
        found[key] = Own(values, reasons)
    return found


def month_salt(secret: bytes, year: int, number: int) -> bytes:
    """Salt of a month's commitment, 16 bytes: the same whenever it is asked for."""
    message = MONTH_SALT + year.to_bytes(2, "big") + bytes([number])
    return hmac.new(secret, message, hashlib.sha256).digest()[:16]


def month_act(filed: Month, preparer: bytes, deadline: int, replaces: bytes = NOBODY) -> Act:
    """What the enterprise signs for a month. The reference names the month and what the filing replaces."""
    s = filed.statement
    return Act(
        "MonthEvidence",
        member=s.member,
        year=s.year,
        month=s.month,
        commitment=filed.commitment,
        preparer=preparer,
        replaces=replaces,
        reference=reference("month", s.year.to_bytes(2, "big"), bytes([s.month]), replaces),
        deadline=deadline,
    )


def yearly(
    months: Sequence[Month],
    rules: RuleSet,
    factors: Factors,
    chosen: Chosen | None = None,
) -> Statement:
    """The year's statement of result: one computation over the sum of the months' quantities.

    `chosen` names the factors of parameters that are not the enterprise's own. Refused for a correction to the side
    that counts too little.
    """
    year = months[0].statement.year
    references: Chosen = chosen or {}
    bases: dict[tuple[str, bytes], tuple[bytes, int, Own]] = {}
    for filed in months:
        number = filed.statement.month
        bases |= {
            (code, month_item(base, year, number)): (base, number, own) for (code, base), own in filed.own.items()
        }
        for corrected in filed.cases:
            _require_side(rules, corrected.manual)
    sums: dict[tuple[str, bytes], int] = {}
    for filed in months:
        for line in filed.statement.lines:
            sums[line.code, line.item] = sums.get((line.code, line.item), 0) + line.quantity
    lines: list[dict[str, Any]] = []
    for code, item in sorted(sums):
        base, number, own = bases.get((code, item), (item, 0, Own({}, {})))
        given: dict[str, Any] = {
            name: {"factor": reference} for name, reference in references.get((code, base), {}).items()
        }
        given |= {
            name: {"tier": value.tier, "unit": value.unit, "value": fixed_text(value.value)}
            for name, value in own.parameters.items()
        }
        given |= {name: {"missing": reason} for name, reason in own.missing.items()}
        quantity = {"unit": _unit(rules, code), "value": str(sums[code, item])}
        lines.append(
            {
                "code": code,
                "item": base.hex(),
                **({"month": number} if number else {}),
                "quantity": quantity,
                **({"parameters": given} if given else {}),
            }
        )
    return calculate(jcs.encode({"lines": lines, "rule_set": rules.id.hex(), "year": year}), [rules], factors)


def report_act(
    months: Sequence[bytes],
    statement: Statement,
    member: bytes,
    head: Published,
    origin: str,
    preparer: bytes,
    deadline: int,
    replaces: bytes = NOBODY,
) -> Act:
    """What the enterprise signs for a year; `months` are the ids of the twelve months' acts, January first.

    `replaces` is the report that this one restates.
    """
    if len(months) != 12:
        raise Refused("months of the annual report", expected=12, found=len(months))
    return Act(
        "AnnualReport",
        member=member,
        year=statement.year,
        ruleSetId=statement.rules.id,
        monthsDigest=keccak256(b"".join(months)),
        linesDigest=lines_digest(statement.chain_lines),
        logId=object_id(origin),
        logSize=head.size,
        logRoot=head.root,
        preparer=preparer,
        replaces=replaces,
        reference=reference("report", statement.year.to_bytes(2, "big"), replaces),
        deadline=deadline,
    )


def reference(kind: str, *parts: bytes) -> bytes:
    """32 bytes by which an actor names an act of its own: the same filing made again has the same."""
    return hashlib.sha256(b"carbonledger/reference/v1\0" + kind.encode() + b"\0" + b"".join(parts)).digest()


def _manifest(node: OracleNode, device: str, year: int, number: int) -> DisclosedEntry | None:
    start, end = month_bounds(year, number)
    for found in log_entries.manifests(node, device, year):
        content = manifest_of(found.body)
        if (content["start"], content["end"]) == (start, end):
            return found
    return None


def _require_side(rules: RuleSet, manual: Manual) -> None:
    """Refused unless a meter's correction counts what is added upwards, and what is deducted downwards."""
    rule = rules.line(manual.line)
    expected = "production" if rule is not None and rule.sign < 0 else "activity"
    if manual.meter is not None and manual.meter.calibration.data != expected:
        raise Refused(
            f"data of the meter of {manual.line}, month {manual.month}",
            expected=expected,
            found=manual.meter.calibration.data,
            remedy="Let another entry replace it",
        )


def _unit(rules: RuleSet, code: str) -> str:
    line = rules.line(code)
    if line is None:
        raise Refused("a line that the rule set does not have", expected=[x.code for x in rules.lines], found=code)
    return line.quantity
