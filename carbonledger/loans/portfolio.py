"""A bank's portfolio as a table: one loan a row, by unified credit code. Rows that are wrong are told, not guessed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from carbonledger.accounting.inputs import Node
from carbonledger.assessment import rational
from carbonledger.assessment.pcaf.method import Method
from carbonledger.errors import CarbonLedgerError, Malformed
from carbonledger.identifiers import check_credit_code

MOST_ROWS: Final = 20_000
DEFAULT_CLASS: Final = "business-loan"
COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "credit_code": ("credit_code", "统一社会信用代码"),
    "outstanding": ("outstanding", "贷款余额"),
    "id": ("id", "借据号", "合同号"),
    "class": ("class", "资产类别"),
    "equity": ("equity", "所有者权益"),
    "debt": ("debt", "有息负债"),
    "total_assets": ("total_assets", "总资产"),
    "evic": ("evic", "含现金企业价值"),
}
"""Column -> its titles. Money is CNY, a plain decimal; the first two are required."""
REQUIRED: Final = ("credit_code", "outstanding")


@dataclass(frozen=True, slots=True)
class Position:
    """A loan; money in CNY, exact. `denominator` as PCAF takes it, None where the row gives none."""

    row: int
    id: str
    credit_code: str
    asset_class: str
    outstanding: Fraction
    denominator: dict[str, str] | None


@dataclass(frozen=True, slots=True)
class RowError:
    """What is wrong in a row; `row` counts from 1, the titles included, as a spreadsheet shows it."""

    row: int
    column: str
    message: str
    expected: str
    found: str

    def to_json(self) -> dict[str, Any]:
        """For people and machines."""
        return {name: getattr(self, name) for name in ("row", "column", "message", "expected", "found")}


@dataclass(frozen=True, slots=True)
class Portfolio:
    """The rows that can be answered, and the errors of the others."""

    positions: tuple[Position, ...]
    errors: tuple[RowError, ...]


def parse(table: Sequence[Sequence[str]], method: Method) -> Portfolio:
    """From cells as text, the first row the titles. Malformed for a table that is none."""
    if not table:
        raise Malformed("a portfolio", expected="a row of titles and a row a loan", found="an empty table")
    if len(table) - 1 > MOST_ROWS:
        raise Malformed("a portfolio", expected=f"at most {MOST_ROWS} rows", found=len(table) - 1)
    places = _places([cell.strip() for cell in table[0]])
    positions: list[Position] = []
    errors: list[RowError] = []
    seen: dict[str, int] = {}
    for number, cells in enumerate(table[1:], 2):
        values = {name: cells[at].strip() if at < len(cells) else "" for name, at in places.items()}
        if not any(values.values()):
            continue  # an empty row separates nothing
        try:
            position = _position(number, values, method)
            if position.id in seen:
                raise _Wrong("id", "the same id as another row", "each id once", f"row {seen[position.id]}")
        except _Wrong as wrong:
            errors.append(RowError(number, *wrong.told))
            continue
        seen[position.id] = number
        positions.append(position)
    return Portfolio(tuple(positions), tuple(errors))


class _Wrong(Exception):
    def __init__(self, column: str, message: str, expected: str, found: str) -> None:
        self.told = (column, message, expected, found)
        super().__init__(message)


def _places(titles: list[str]) -> dict[str, int]:
    known = {title: name for name, names in COLUMNS.items() for title in names}
    found: dict[str, int] = {}
    for at, title in enumerate(titles):
        name = known.get(title) or known.get(title.lower())
        if name is None:
            if title:
                raise Malformed("titles of a portfolio", expected=", ".join(known), found=repr(title)[:80])
            continue
        if name in found:
            raise Malformed("titles of a portfolio", expected="each column once", found=repr(title)[:80])
        found[name] = at
    missing = [name for name in REQUIRED if name not in found]
    if missing:
        raise Malformed("titles of a portfolio", expected=", ".join(REQUIRED), found=f"no {missing[0]}")
    return found


def _position(number: int, values: dict[str, str], method: Method) -> Position:
    asset_class = values.get("class") or DEFAULT_CLASS
    if asset_class not in method.classes:
        raise _Wrong("class", "not a known asset class", ", ".join(method.classes), repr(asset_class)[:80])
    try:
        code = check_credit_code(values["credit_code"])
    except Malformed as error:
        raise _Wrong("credit_code", error.message, str(error.expected), str(error.found)) from error
    return Position(
        row=number,
        id=values.get("id") or f"row-{number}",
        credit_code=code,
        asset_class=asset_class,
        outstanding=_money("outstanding", values["outstanding"]),
        denominator=_denominator(values, method.classes[asset_class].denominators),
    )


def _denominator(values: dict[str, str], allowed: Sequence[str]) -> dict[str, str] | None:
    given = {name: values.get(name, "") for name in ("equity", "debt", "total_assets", "evic") if values.get(name)}
    for name, text in given.items():
        _money(name, text, negative=name == "equity")
    if "equity-and-debt" in allowed and {"equity", "debt"} <= set(given):
        return {"kind": "equity-and-debt", "equity": given["equity"], "debt": given["debt"]}
    if "total-assets" in allowed and "total_assets" in given:
        return {"kind": "total-assets", "value": given["total_assets"]}
    if "evic" in allowed and "evic" in given:
        return {"kind": "evic", "market_cap": given["evic"], "debt": "0"}
    return None


def _money(column: str, text: str, *, negative: bool = False) -> Fraction:
    try:
        return rational.signed(Node(text)) if negative else rational.decimal(Node(text))
    except CarbonLedgerError as error:
        raise _Wrong(column, "not an amount of CNY", "a plain decimal, such as 1250000.50", repr(text)[:80]) from error
