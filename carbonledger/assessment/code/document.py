"""The assessment document of a code: what was filed, anchored, measured and compared for one subject and one quarter.

Every section may be left out: then nothing is known, and the rules that read it are silent. An empty section says
"there is none", which is an answer. Parsed once, here; units are in the names.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from carbonledger.accounting.inputs import Node
from carbonledger.assessment.code import filed, lent, measured, words
from carbonledger.assessment.code.filed import Evidence, FactorUse, Filings, LabTest, Meter, Purchases, Total, Use
from carbonledger.assessment.code.lent import Lending, Loans, Proceeds
from carbonledger.assessment.code.measured import Digits, Pair, Peers, Quarter, Residuals, Score, Series
from carbonledger.assessment.parameters import day
from carbonledger.assessment.working_days import Calendar

SUBJECTS: Final = ("enterprise", "project")


@dataclass(frozen=True, slots=True)
class Suppression:
    """A soft rule that an inspection found without fault, for this subject and quarter, by two people."""

    path: str
    rule: str
    reason: str
    signed_by: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Document:
    """The whole. A section that is None was not given; one that is empty says that there is none."""

    subject_kind: str
    subject: str
    year: int
    quarter: int
    as_of: date
    calendar: Calendar | None
    suppressions: tuple[Suppression, ...]
    filings: Filings | None
    evidence: tuple[Evidence, ...] | None
    uses: tuple[Use, ...] | None
    totals: tuple[Total, ...] | None
    factors: FactorUse | None
    purchases: Purchases | None
    tests: tuple[LabTest, ...] | None
    meters: tuple[Meter, ...] | None
    loans: Loans | None
    proceeds: tuple[Proceeds, ...] | None
    series: tuple[Series, ...] | None
    history: tuple[Quarter, ...] | None
    residuals: tuple[Residuals, ...] | None
    methods: tuple[Pair, ...] | None
    peers: Peers | None
    lending: tuple[Lending, ...] | None
    resubmissions: int | None
    digits: Digits | None
    models: tuple[Score, ...] | None

    @property
    def quarter_number(self) -> int:
        """Quarters from year 0."""
        return 4 * self.year + self.quarter - 1

    @property
    def last_month(self) -> int:
        """The quarter's last month, in months from year 0."""
        return 12 * self.year + 3 * self.quarter - 1


HEAD: Final = ("as_of", "period", "rule_set", "subject")
SECTIONS: Final = (
    *("digits", "evidence", "factors", "filings", "history", "lending", "loans", "meters", "methods", "models"),
    *("peers", "proceeds", "purchases", "residuals", "resubmissions", "series", "tests", "totals", "uses"),
)
OPTIONAL: Final = ("calendar", "suppressions", *SECTIONS)


def parse(node: Node) -> Document:
    """The document; MalformedInput with the path for anything of another form."""
    fields = node.fields(HEAD, OPTIONAL)
    subject = fields["subject"].fields(("id", "kind"))
    period = fields["period"].fields(("quarter", "year"))
    year, quarter = period["year"].integer(1991, 8998), period["quarter"].integer(1, 4)
    last_month = 12 * year + 3 * quarter - 1
    last_quarter = 4 * year + quarter - 1
    get = fields.get

    return Document(
        subject_kind=subject["kind"].one_of(SUBJECTS),
        subject=words.name(subject["id"]),
        year=year,
        quarter=quarter,
        as_of=day(fields["as_of"]),
        calendar=None if (n := get("calendar")) is None else Calendar.parse(n),
        suppressions=() if (n := get("suppressions")) is None else tuple(map(_suppression, n.items(most=32))),
        filings=None if (n := get("filings")) is None else filed.filings(n, last_month),
        evidence=None if (n := get("evidence")) is None else tuple(map(filed.evidence, n.items())),
        uses=None if (n := get("uses")) is None else tuple(map(filed.use, n.items())),
        totals=None if (n := get("totals")) is None else tuple(filed.total(i, "recomputed") for i in n.items()),
        factors=None if (n := get("factors")) is None else filed.factors(n),
        purchases=None if (n := get("purchases")) is None else filed.purchases(n),
        tests=None if (n := get("tests")) is None else tuple(map(filed.test, n.items())),
        meters=None if (n := get("meters")) is None else tuple(map(filed.meter, n.items(most=1000))),
        loans=None if (n := get("loans")) is None else lent.loans(n),
        proceeds=None if (n := get("proceeds")) is None else tuple(map(lent.proceeds, n.items())),
        series=None if (n := get("series")) is None else tuple(map(measured.series, n.items(most=1000))),
        history=None if (n := get("history")) is None else measured.history(n, last_quarter),
        residuals=None if (n := get("residuals")) is None else tuple(map(measured.residuals, n.items(most=100))),
        methods=None if (n := get("methods")) is None else measured.pairs(n, last_quarter),
        peers=None if (n := get("peers")) is None else measured.peers(n),
        lending=None if (n := get("lending")) is None else tuple(map(lent.lending, n.items())),
        resubmissions=None if (n := get("resubmissions")) is None else n.integer(0, 100_000),
        digits=None if (n := get("digits")) is None else measured.digits(n),
        models=None if (n := get("models")) is None else tuple(map(measured.score, n.items(most=10))),
    )


def _suppression(node: Node) -> Suppression:
    fields = node.fields(("reason", "rule", "signed_by"))
    first, second = (words.name(item) for item in fields["signed_by"].items(least=2, most=2))
    if first == second:
        raise fields["signed_by"].refused("one person signed twice", "two different people")
    return Suppression(node.path, fields["rule"].text(most=8), words.name(fields["reason"], 1000), (first, second))
