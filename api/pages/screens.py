"""What the ledger and report pages show, made ready: figures in larger units, the course of a report, the chart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from api.pages.chart import Chart, chart
from api.pages.figures import LARGE
from api.schemas import Amount, Ledger, Line, Member, Report
from api.schemas_assessment import Grade
from carbonledger.accounting.rule_set import RuleSet
from carbonledger.assessment import library
from carbonledger.assessment.parameters import bilingual

State = Literal["done", "returned", "open"]


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a report's course: what, when, by whom."""

    what: str
    state: State
    at: str | None
    by: str | None


def timeline(report: Report) -> list[Stage]:
    """Filed, verified, approved, in this order; a return stands where it happened."""
    stages = [Stage("report.filed", "done", report.filed_at, report.member)]
    if report.status == "returned-by-verifier":
        return [*stages, Stage("report.returned", "returned", report.verified_at, report.verifier)]
    verified: State = "done" if report.verified_at else "open"
    stages.append(Stage("report.verified", verified, report.verified_at, report.verifier))
    if report.status == "returned-by-regulator":
        return [*stages, Stage("report.returned", "returned", report.decided_at, report.regulator)]
    approved: State = "done" if report.decided_at else "open"
    return [*stages, Stage("report.approved", approved, report.decided_at, report.regulator)]


@dataclass(frozen=True)
class LedgerScreen:
    """A ledger, ready to be shown."""

    ledger: Ledger
    names: Mapping[str, Member]
    rule_sets: Sequence[RuleSet]
    has_policy: bool

    @property
    def in_time(self) -> int:
        """Months that were filed in time."""
        return sum(1 for month in self.ledger.months if month.filed and not month.late)

    @property
    def shows_months(self) -> bool:
        """Whether any month is shown to this reader."""
        return any(month.filed for month in self.ledger.months)

    @property
    def any_late(self) -> bool:
        """Whether a month was filed late."""
        return any(month.late for month in self.ledger.months)

    @property
    def anchors(self) -> int:
        """Anchors of all logs."""
        return sum(log.anchors for log in self.ledger.logs)

    @property
    def stages(self) -> list[Stage]:
        """The course of the report."""
        return [] if self.ledger.report is None else timeline(self.ledger.report)

    @property
    def rule_set(self) -> RuleSet | None:
        """The report's rule set, where the package has it."""
        report = self.ledger.report
        return None if report is None else next((r for r in self.rule_sets if r.id.hex() == report.rule_set), None)

    def title(self, code: str, language: str) -> str:
        """Title of a line."""
        for rules in self.rule_sets:
            line = rules.line(code)
            if line is not None:
                return line.title[1] if language == "zh" else line.title[0]
        return code

    def parameters(self, line: Line) -> list[str]:
        """Parameters of a line for people: value and unit of a known factor, or the value itself."""
        known = {factor.id.hex(): factor for rules in self.rule_sets for factor in rules.factors}
        found = []
        for word, tier in zip(line.parameters, line.tiers, strict=True):
            factor = known.get(word)
            found.append(
                f"{factor.to_json()['value']} {factor.unit} · {factor.row}" if factor else f"{tier}: {word[:16]}"
            )
        return found

    @property
    def main_line(self) -> str | None:
        """The line code of the chart: the one with the largest sum."""
        sums: dict[str, int] = {}
        for month in self.ledger.months:
            for quantity in month.quantities or []:
                sums[quantity.code] = sums.get(quantity.code, 0) + int(quantity.quantity.value)
        return max(sums, key=lambda code: sums[code]) if sums else None

    @property
    def quantities(self) -> list[Amount] | None:
        """The main line's quantity of each month; None where months are not opened."""
        code = self.main_line
        if code is None:
            return None
        found = []
        for month in self.ledger.months:
            rows = [q for q in month.quantities or [] if q.code == code]
            unit = rows[0].quantity.unit if rows else "Wh"
            found.append(Amount(value=str(sum(int(q.quantity.value) for q in rows)), unit=unit))
        return found

    @property
    def chart(self) -> Chart | None:
        """The bars of the months; None where they are not opened."""
        amounts = self.quantities
        if amounts is None:
            return None
        shift = LARGE.get(amounts[0].unit, ("", 0))[1]
        return chart([int(a.value) for a in amounts], [bool(m.late) for m in self.ledger.months], shift)

    @property
    def chart_unit(self) -> str:
        """The unit of the chart."""
        amounts = self.quantities
        return "" if amounts is None else LARGE.get(amounts[0].unit, (amounts[0].unit, 0))[0]


@dataclass(frozen=True, slots=True)
class SchemeColumn:
    """A scheme by which a subject was graded; no title where the package does not know it."""

    key: str
    id: str
    title: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class GradeTable:
    """Grades of a subject: a row for each quarter, the newest first, and a column for each scheme."""

    schemes: tuple[SchemeColumn, ...]
    rows: tuple[tuple[str, tuple[Grade | None, ...]], ...]

    @classmethod
    def of(cls, grades: Sequence[Grade]) -> GradeTable:
        """From all grades, later revisions after earlier ones."""
        titles = {scheme.id.hex(): bilingual(scheme.head.title) for scheme in library.schemes()}
        columns: dict[str, SchemeColumn] = {}
        cells: dict[str, dict[str, Grade]] = {}
        for grade in grades:
            columns[grade.scheme] = SchemeColumn(grade.scheme, grade.scheme_id, titles.get(grade.scheme_id, {}))
            cells.setdefault(f"{grade.period.year}Q{grade.period.quarter}", {})[grade.scheme] = grade
        keys = sorted(columns)
        rows = [(period, tuple(cells[period].get(key) for key in keys)) for period in sorted(cells, reverse=True)]
        return cls(tuple(columns[key] for key in keys), tuple(rows))
