"""What a report's bundle says, opened for the document: records by kind, names, and the statement of a period."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any

from carbonledger import numbered
from carbonledger.accounting.calculate import calculate
from carbonledger.accounting.factors import Factor, Factors
from carbonledger.accounting.inputs import Node
from carbonledger.accounting.lines import Line, month_item
from carbonledger.accounting.names import name_of
from carbonledger.accounting.reported import activity_line
from carbonledger.accounting.rule_set import RuleSet
from carbonledger.accounting.statement import Statement
from carbonledger.bundle.model import Bundle, Chain, Report
from carbonledger.errors import Refused, Unknown
from carbonledger.evm.header import Header
from carbonledger.identifiers import object_id
from carbonledger.month_statement import MonthStatement
from carbonledger.records import Record
from carbonledger.verify import verify
from carbonledger.verify.quantities import MonthManifest, manifests_of
from carbonledger.verify.supported import Supported, supported
from ledger_node.reports.options import Name, Options, Period


@dataclass(frozen=True)
class Facts:
    """An opened bundle of a report. `library` holds factors whose full key and source are known here."""

    bundle: Bundle
    report: Report
    chain: Chain
    record: Record
    rules: RuleSet
    digest: bytes
    names: Mapping[bytes, Name]
    library: Factors

    @classmethod
    def open(cls, raw: bytes, names: Mapping[bytes, Name], library: Iterable[Factor] = ()) -> Facts:
        """From the bytes of a report's bundle; Refused where a step that needs no policy finds it INVALID."""
        found = verify(raw)
        wrong = next((step for step in found.steps if step.verdict == "invalid"), None)
        if wrong is not None:
            raise Refused(
                "the evidence is INVALID, and no document is made of it",
                expected="a bundle in which every step holds",
                found=f"step {wrong.number}, {wrong.name}: {wrong.reason}",
            )
        bundle = Bundle.parse(raw)
        if bundle.report is None or bundle.chain is None:
            raise Refused("a document of a report", expected="the bundle of an annual report", found=bundle.kind)
        (record,) = bundle.chain.of_kind("report")
        rules = RuleSet.parse(bundle.report.rule_set)
        return cls(bundle, bundle.report, bundle.chain, record, rules, sha256(raw).digest(), names, Factors(library))

    @property
    def year(self) -> int:
        """The reporting year."""
        year: int = self.record.field("year")
        return year

    @cached_property
    def header(self) -> Header:
        """The block whose records are shown."""
        return Header.parse(self.chain.evidence.header)

    def find(self, kind: str, identifier: bytes) -> Record | None:
        """A record by its id."""
        return next((record for record in self.chain.of_kind(kind) if record.id == identifier), None)

    def months(self) -> dict[int, Record]:
        """Month → its record."""
        return {record.field("month"): record for record in self.chain.of_kind("month")}

    @cached_property
    def manifests(self) -> Mapping[tuple[str, int], MonthManifest]:
        """(device, month) → its manifest."""
        return manifests_of(self.bundle, self.year)

    @property
    def in_force(self) -> bool:
        """Whether the report is the one in force of its year."""
        return any(record.field("reportId") == self.record.id for record in self.chain.of_kind("current"))

    def name(self, member: bytes) -> Name | None:
        """The name of a member, where one is given and the chain confirms it."""
        record, known = self.find("member", member), self.names.get(member)
        if record is None or known is None or not known.is_of(member, record.field("nameDigest")):
            return None
        return known

    @cached_property
    def supported(self) -> Supported:
        """The manual entries and documents beneath the report's figures."""
        return supported(self.bundle, self.year)

    @cached_property
    def month_items(self) -> Mapping[bytes, tuple[bytes, int]]:
        """Item of a line that stands for one month → its base item and the month, for every base that is known here."""
        bases = {*self.items, *(manual.item for manual in self.supported.manuals.values())}
        return {month_item(base, self.year, month): (base, month) for base in bases for month in range(1, 13)}

    def base(self, word: bytes) -> tuple[bytes, int]:
        """Base item and month of a line's item; month 0 where it stands for the year."""
        return self.month_items.get(word, (word, 0))

    @cached_property
    def items(self) -> Mapping[bytes, str]:
        """Id of an item → what it is called: the identifiers that the bundle opens."""
        return {bytes(32): "", **{object_id(unit): unit for unit in self.report.units}}

    def item(self, word: bytes) -> str:
        """What an item is called, its id in hex where the bundle does not say."""
        return self.items.get(word, word.hex())

    def statement(self, months: Iterable[int]) -> Statement | None:
        """The statement of result of some months, under the report's rule set and parameters; None without lines.

        The twelve months give the report's own statement. Of fewer it is provisional: a parameter is that of the
        annual line, and nobody verified or approved the part alone.
        """
        wanted = set(months)
        sums: dict[tuple[str, bytes], int] = {}
        for month in self.report.months:
            if month.statement.month in wanted:
                for line in month.statement.lines:
                    sums[line.code, line.item] = sums.get((line.code, line.item), 0) + line.quantity
        lines = [self._activity(line, sums[line.code, line.item]) for line in self._reported(sums)]
        if not lines:
            return None
        document = {"lines": lines, "rule_set": self.rules.id.hex(), "year": self.year}
        return calculate(Node(document), [self.rules], self.factors)

    def opened(self, month: int) -> MonthStatement:
        """The opened statement of a month."""
        return self.report.months[month - 1].statement

    def _reported(self, sums: Mapping[tuple[str, bytes], int]) -> list[Line]:
        return [line for line in self.report.lines if (line.code, line.item) in sums]

    def _activity(self, line: Line, quantity: int) -> dict[str, Any]:
        base, month = self.base(line.item)
        return activity_line(self.rules, line, quantity, base.hex() if any(base) else "", month)

    @cached_property
    def factors(self) -> Factors:
        """The factors that the register proves, with their keys and sources where those are known."""
        embedded = {factor.id: factor for factor in self.rules.factors}
        return Factors(
            _factor(record, embedded.get(record.id) or self.library.by_id.get(record.id))
            for record in self.chain.of_kind("factor")
        )


def statement_of(facts: Facts, options: Options) -> tuple[Period, Statement | None]:
    """The period that is asked for, by default the report's year, and its statement."""
    period = options.period or Period.parse(str(facts.year))
    if period.year != facts.year:
        raise Refused("period of the document", expected=f"one of the report's year {facts.year}", found=period.text)
    return period, facts.statement(period.months)


def _factor(record: Record, known: Factor | None) -> Factor:
    if known is not None and all(record.field(name) == value for name, value in known.act_fields().items()):
        return known
    row, _, region = name_of(record.field("row")).partition("@")
    factor = Factor(
        guideline=name_of(record.field("guideline")),
        version=name_of(record.field("version")),
        row=row,
        region=region,
        data_year=record.field("dataYear"),
        value=record.field("value"),
        unit=name_of(record.field("unit")),
        years=(record.field("yearFrom"), record.field("yearTo")),
        evidence=numbered.EVIDENCE[record.field("evidence")],
        source="",
    )
    if factor.id != record.id:
        raise Unknown(
            f"key of factor {record.id.hex()}",
            expected="one that the register's fields give, or that of the factor library",
            found=factor.id.hex(),
            remedy="Use a version of carbonledger whose factor library has it",
        )
    return factor
