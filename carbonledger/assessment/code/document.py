"""The assessment document of a code: what was filed, anchored, measured and compared for one subject and one quarter.

Every section may be left out: then nothing is known, and the rules that read it are silent. An empty section says
"there is none", which is an answer. Parsed once, here; units are in the names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Final

from carbonledger.accounting.inputs import Node
from carbonledger.assessment import rational
from carbonledger.assessment.parameters import day
from carbonledger.assessment.rational import decimal, positive, signed
from carbonledger.assessment.statistics import PeerStatistics
from carbonledger.assessment.working_days import Calendar

SUBJECTS: Final = ("enterprise", "project")
YES_NO: Final = ("yes", "no")
_HEX: Final = re.compile(r"[0-9a-f]{64}")
_MONTH: Final = re.compile(r"([0-9]{4})-([0-9]{2})")
_QUARTER: Final = re.compile(r"([0-9]{4})Q([1-4])")
_SECOND: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})T([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])Z")


@dataclass(frozen=True, slots=True)
class Month:
    """A month's filing: due, and when it came (None: not yet); `month` counts months from year 0."""

    path: str
    month: int
    due: date
    received: date | None


@dataclass(frozen=True, slots=True)
class Filings:
    """The last twelve months of the quarter's end, and the last annual report due."""

    months: tuple[Month, ...]
    report_year: int
    report_due: date
    report_received: date | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """A piece of evidence: digest on the chain, digest of what is kept, what its signature and key are."""

    path: str
    id: str
    anchored: str
    computed: str
    signature: str
    key: str


@dataclass(frozen=True, slots=True)
class Use:
    """Where a document's digest or an invoice's number was used."""

    path: str
    kind: str
    number: str
    place: tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Total:
    """A reported amount and the same recomputed, in one unit."""

    path: str
    name: str
    reported: Fraction
    recomputed: Fraction


@dataclass(frozen=True, slots=True)
class Bounds:
    """A factor of the register, and the least and most it may be."""

    least: Fraction
    most: Fraction


@dataclass(frozen=True, slots=True)
class UsedFactor:
    """A factor as it was used."""

    path: str
    id: str
    value: Fraction


@dataclass(frozen=True, slots=True)
class FactorUse:
    """The part of the register that matters, and the factors used."""

    register: dict[str, Bounds]
    used: tuple[UsedFactor, ...]


@dataclass(frozen=True, slots=True)
class Purchases:
    """Quantities of the quarter against invoices or the grid's meter; `annual_emission` in t, None where unknown."""

    annual_emission: Fraction | None
    carriers: tuple[Total, ...]


@dataclass(frozen=True, slots=True)
class LabTest:
    """A test of a month's sample (H07)."""

    path: str
    month: int
    sampled: date
    received: date
    tested: date
    reported: date
    original_code: str


@dataclass(frozen=True, slots=True)
class Meter:
    """Readings of one cumulative register: (second, value in Wh); rated power in W."""

    path: str
    id: str
    rated_power: Fraction
    readings: tuple[tuple[str, int, Fraction], ...]


@dataclass(frozen=True, slots=True)
class Window:
    """An additive measure of a disclosure over its three windows (greenfinance 2.3)."""

    path: str
    measure: str
    quarter: Fraction
    year: Fraction
    cumulative: Fraction


@dataclass(frozen=True, slots=True)
class Loan:
    """A loan of a project: money in 10^4 CNY, reductions in t a year, shares of all lenders."""

    path: str
    id: str
    amount: Fraction
    investment: Fraction
    project_reduction: Fraction
    attributed: Fraction
    shares: tuple[Fraction, ...]


@dataclass(frozen=True, slots=True)
class Loans:
    """Loans and the windows of their disclosure."""

    loans: tuple[Loan, ...]
    windows: tuple[Window, ...]


@dataclass(frozen=True, slots=True)
class Proceeds:
    """A use of proceeds: its item, the catalogue version in force for the loan, and where the funds were traced."""

    path: str
    id: str
    catalogue: str
    item: str
    listed: str
    traced: str


@dataclass(frozen=True, slots=True)
class Series:
    """Values in the order of time; `interval` is month or 15min."""

    path: str
    name: str
    interval: str
    values: tuple[Fraction, ...]


@dataclass(frozen=True, slots=True)
class Quarter:
    """A quarter of the subject's own history: emission t, output, electricity kWh (None where not known)."""

    path: str
    at: int
    emission: Fraction
    output: Fraction
    electricity: Fraction | None


@dataclass(frozen=True, slots=True)
class Pair:
    """The same emission by two methods, per quarter: (quarter, first, second)."""

    path: str
    name: str
    quarters: tuple[tuple[int, Fraction, Fraction], ...]


@dataclass(frozen=True, slots=True)
class Residuals:
    """Residuals of an STL decomposition made elsewhere, in the order of time; `software` names what made them."""

    path: str
    name: str
    period: int
    software: str
    values: tuple[Fraction, ...]


@dataclass(frozen=True, slots=True)
class Peers:
    """The subject's emission t and value added 10^4 CNY, and the published statistics of its industry."""

    path: str
    emission: Fraction
    value_added: Fraction
    statistics: PeerStatistics


@dataclass(frozen=True, slots=True)
class Lending:
    """Reduction t a year, and what was lent, 10^4 CNY."""

    path: str
    id: str
    reduction: Fraction
    amount: Fraction


@dataclass(frozen=True, slots=True)
class Digits:
    """Counts of first digits 1 to 9 and of last digits 0 to 9; None where not counted."""

    first: tuple[int, ...] | None
    last: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class Score:
    """A model's score and the percentile of its training that it is held against."""

    path: str
    model: str
    score: Fraction
    threshold: Fraction


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
        subject=_name(subject["id"]),
        year=year,
        quarter=quarter,
        as_of=day(fields["as_of"]),
        calendar=None if (n := get("calendar")) is None else Calendar.parse(n),
        suppressions=() if (n := get("suppressions")) is None else tuple(map(_suppression, n.items(most=32))),
        filings=None if (n := get("filings")) is None else _filings(n, last_month),
        evidence=None if (n := get("evidence")) is None else tuple(map(_evidence, n.items())),
        uses=None if (n := get("uses")) is None else tuple(map(_use, n.items())),
        totals=None if (n := get("totals")) is None else tuple(_total(i, "recomputed") for i in n.items()),
        factors=None if (n := get("factors")) is None else _factors(n),
        purchases=None if (n := get("purchases")) is None else _purchases(n),
        tests=None if (n := get("tests")) is None else tuple(map(_test, n.items())),
        meters=None if (n := get("meters")) is None else tuple(map(_meter, n.items(most=1000))),
        loans=None if (n := get("loans")) is None else _loans(n),
        proceeds=None if (n := get("proceeds")) is None else tuple(map(_proceeds, n.items())),
        series=None if (n := get("series")) is None else tuple(map(_series, n.items(most=1000))),
        history=None if (n := get("history")) is None else _history(n, last_quarter),
        residuals=None if (n := get("residuals")) is None else tuple(map(_residuals, n.items(most=100))),
        methods=None if (n := get("methods")) is None else tuple(_pair(i, last_quarter) for i in n.items(most=100)),
        peers=None if (n := get("peers")) is None else _peers(n),
        lending=None if (n := get("lending")) is None else tuple(map(_lending, n.items())),
        resubmissions=None if (n := get("resubmissions")) is None else n.integer(0, 100_000),
        digits=None if (n := get("digits")) is None else _digits(n),
        models=None if (n := get("models")) is None else tuple(map(_score, n.items(most=10))),
    )


def _name(node: Node, most: int = 128) -> str:
    value = node.text(least=1, most=most)
    if not value.isprintable():
        raise node.malformed("control characters", "printable text")
    return value


def _digest(node: Node) -> str:
    value = node.text(most=64)
    if _HEX.fullmatch(value) is None:
        raise node.malformed("not a digest", "64 lower-case hex digits")
    return value


def _month(node: Node) -> int:
    match = _MONTH.fullmatch(node.text(most=7))
    if match is None or not 1 <= int(match.group(2)) <= 12 or not 1990 <= int(match.group(1)) < 9000:
        raise node.malformed("not a month", "YYYY-MM from 1990")
    return 12 * int(match.group(1)) + int(match.group(2)) - 1


def _quarter(node: Node) -> int:
    match = _QUARTER.fullmatch(node.text(most=6))
    if match is None or not 1990 <= int(match.group(1)) < 9000:
        raise node.malformed("not a quarter", "YYYYQ1 to YYYYQ4 from 1990")
    return 4 * int(match.group(1)) + int(match.group(2)) - 1


def _day_or_none(fields: dict[str, Node], name: str) -> date | None:
    return day(fields[name]) if name in fields else None


def _filings(node: Node, last_month: int) -> Filings:
    fields = node.fields(("annual_report", "months"))
    months = tuple(_month_filing(item) for item in fields["months"].items(least=12, most=12))
    if sorted(month.month for month in months) != list(range(last_month - 11, last_month + 1)):
        first, last = (f"{m // 12}-{m % 12 + 1:02d}" for m in (last_month - 11, last_month))
        raise fields["months"].malformed("other months", f"each month from {first} to {last} once")
    report = fields["annual_report"].fields(("due", "year"), ("received",))
    return Filings(
        months=months,
        report_year=report["year"].integer(1990, 8999),
        report_due=day(report["due"]),
        report_received=_day_or_none(report, "received"),
    )


def _month_filing(node: Node) -> Month:
    fields = node.fields(("due", "month"), ("received",))
    return Month(node.path, _month(fields["month"]), day(fields["due"]), _day_or_none(fields, "received"))


def _evidence(node: Node) -> Evidence:
    fields = node.fields(("anchored", "computed", "id", "key", "signature"))
    return Evidence(
        path=node.path,
        id=_name(fields["id"]),
        anchored=_digest(fields["anchored"]),
        computed=_digest(fields["computed"]),
        signature=fields["signature"].one_of(("valid", "invalid")),
        key=fields["key"].one_of(("valid", "revoked")),
    )


def _use(node: Node) -> Use:
    fields = node.fields(("kind", "number", "period", "subject"), ("loan",))
    place = (_name(fields["subject"]), _name(fields["period"]), _name(fields["loan"]) if "loan" in fields else "")
    return Use(node.path, fields["kind"].one_of(("document", "invoice")), _name(fields["number"]), place)


def _total(node: Node, other: str) -> Total:
    fields = node.fields(("name", "reported", other))
    return Total(node.path, _name(fields["name"]), decimal(fields["reported"]), decimal(fields[other]))


def _factors(node: Node) -> FactorUse:
    fields = node.fields(("register", "used"))
    register: dict[str, Bounds] = {}
    for item in fields["register"].items():
        row = item.fields(("id", "least", "most"))
        name = _name(row["id"])
        if name in register:
            raise row["id"].malformed("a factor comes twice", "each factor once")
        register[name] = Bounds(decimal(row["least"]), decimal(row["most"]))
        if register[name].most < register[name].least:
            raise row["most"].malformed("less than the least", "at least " + rational.text(register[name].least))
    used = []
    for item in fields["used"].items():
        row = item.fields(("id", "value"))
        used.append(UsedFactor(item.path, _name(row["id"]), decimal(row["value"])))
    return FactorUse(register, tuple(used))


def _purchases(node: Node) -> Purchases:
    fields = node.fields(("carriers",), ("annual_emission",))
    annual = rational.quantity(fields["annual_emission"], rational.TONNES) if "annual_emission" in fields else None
    return Purchases(
        None if annual is None else annual / 10**6,
        tuple(_total(item, "invoiced") for item in fields["carriers"].items()),
    )


def _test(node: Node) -> LabTest:
    fields = node.fields(("month", "original_code", "received", "reported", "sampled", "tested"))
    return LabTest(
        path=node.path,
        month=_month(fields["month"]),
        sampled=day(fields["sampled"]),
        received=day(fields["received"]),
        tested=day(fields["tested"]),
        reported=day(fields["reported"]),
        original_code=fields["original_code"].one_of(("present", "missing")),
    )


def _meter(node: Node) -> Meter:
    fields = node.fields(("id", "rated_power", "readings"))
    readings: list[tuple[str, int, Fraction]] = []
    for item in fields["readings"].items():
        row = item.fields(("register", "time"))
        second = _second(row["time"])
        if readings and second <= readings[-1][1]:
            raise row["time"].malformed("a reading out of order", "a time after the one before")
        readings.append((item.path, second, signed(row["register"])))
    return Meter(node.path, _name(fields["id"]), decimal(fields["rated_power"]), tuple(readings))


def _second(node: Node) -> int:
    match = _SECOND.fullmatch(node.text(most=20))
    if match is None:
        raise node.malformed("not a time", "YYYY-MM-DDThh:mm:ssZ")
    try:
        days = date.fromisoformat(match.group(1)).toordinal()
    except ValueError as error:
        raise node.malformed("not a time", "YYYY-MM-DDThh:mm:ssZ") from error
    hours, minutes, seconds = (int(match.group(i)) for i in (2, 3, 4))
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def _loans(node: Node) -> Loans:
    fields = node.fields(("loans", "windows"))
    loans = []
    for item in fields["loans"].items():
        row = item.fields(("amount", "attributed", "id", "investment", "project_reduction", "shares"))
        loans.append(
            Loan(
                path=item.path,
                id=_name(row["id"]),
                amount=decimal(row["amount"]),
                investment=positive(row["investment"]),
                project_reduction=decimal(row["project_reduction"]),
                attributed=decimal(row["attributed"]),
                shares=tuple(decimal(share) for share in row["shares"].items(least=1, most=200)),
            )
        )
    windows = []
    for item in fields["windows"].items(most=100):
        row = item.fields(("cumulative", "measure", "quarter", "year"))
        amounts = (decimal(row[name]) for name in ("quarter", "year", "cumulative"))
        windows.append(Window(item.path, row["measure"].one_of(("amount", "reduction")), *amounts))
    return Loans(tuple(loans), tuple(windows))


def _proceeds(node: Node) -> Proceeds:
    fields = node.fields(("catalogue", "id", "item", "listed", "traced"))
    return Proceeds(
        path=node.path,
        id=_name(fields["id"]),
        catalogue=_name(fields["catalogue"]),
        item=_name(fields["item"]),
        listed=fields["listed"].one_of(YES_NO),
        traced=fields["traced"].one_of(("as-declared", "elsewhere")),
    )


def _series(node: Node) -> Series:
    fields = node.fields(("interval", "name", "values"))
    return Series(
        path=node.path,
        name=_name(fields["name"]),
        interval=fields["interval"].one_of(("month", "15min")),
        values=tuple(decimal(item) for item in fields["values"].items()),
    )


def _history(node: Node, last: int) -> tuple[Quarter, ...]:
    found = []
    for item in node.items(most=200):
        row = item.fields(("emission", "output", "quarter"), ("electricity",))
        electricity = decimal(row["electricity"]) if "electricity" in row else None
        at = _quarter(row["quarter"])
        found.append(Quarter(item.path, at, decimal(row["emission"]), decimal(row["output"]), electricity))
    _once_until(node, [quarter.at for quarter in found], last)
    return tuple(sorted(found, key=lambda quarter: quarter.at))


def _pair(node: Node, last: int) -> Pair:
    fields = node.fields(("name", "quarters"))
    found = []
    for item in fields["quarters"].items(most=200):
        row = item.fields(("first", "quarter", "second"))
        found.append((_quarter(row["quarter"]), decimal(row["first"]), positive(row["second"])))
    _once_until(fields["quarters"], [at for at, _, _ in found], last)
    return Pair(node.path, _name(fields["name"]), tuple(sorted(found)))


def _once_until(node: Node, quarters: list[int], last: int) -> None:
    if len(set(quarters)) != len(quarters) or any(at > last for at in quarters):
        raise node.malformed("quarters", f"each once, none after {last // 4}Q{last % 4 + 1}")


def _residuals(node: Node) -> Residuals:
    fields = node.fields(("name", "period", "software", "values"))
    if fields["period"].value not in (4, 12):
        raise fields["period"].malformed("not a seasonal period", "4 or 12")
    return Residuals(
        path=node.path,
        name=_name(fields["name"]),
        period=fields["period"].integer(4, 12),
        software=_name(fields["software"]),
        values=tuple(signed(item) for item in fields["values"].items(most=2000)),
    )


def _peers(node: Node) -> Peers:
    fields = node.fields(("emission", "statistics", "value_added"))
    return Peers(
        node.path,
        positive(fields["emission"]),
        positive(fields["value_added"]),
        PeerStatistics.parse(fields["statistics"]),
    )


def _lending(node: Node) -> Lending:
    fields = node.fields(("amount", "id", "reduction"))
    return Lending(node.path, _name(fields["id"]), decimal(fields["reduction"]), positive(fields["amount"]))


def _digits(node: Node) -> Digits:
    fields = node.fields((), ("first", "last"))

    def counts(name: str, length: int) -> tuple[int, ...] | None:
        if name not in fields:
            return None
        return tuple(item.integer(0, 10**12) for item in fields[name].items(least=length, most=length))

    return Digits(counts("first", 9), counts("last", 10))


def _score(node: Node) -> Score:
    fields = node.fields(("model", "score", "threshold"))
    model = fields["model"].one_of(("isolation-forest", "reconstruction"))
    return Score(node.path, model, signed(fields["score"]), signed(fields["threshold"]))


def _suppression(node: Node) -> Suppression:
    fields = node.fields(("reason", "rule", "signed_by"))
    first, second = (_name(item) for item in fields["signed_by"].items(least=2, most=2))
    if first == second:
        raise fields["signed_by"].refused("one person signed twice", "two different people")
    return Suppression(node.path, fields["rule"].text(most=8), _name(fields["reason"], 1000), (first, second))
