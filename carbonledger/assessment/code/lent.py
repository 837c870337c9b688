"""Sections about money that was lent: loans and the windows of their disclosure, proceeds, reduction per money."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from carbonledger.accounting.inputs import Node
from carbonledger.assessment.code import words
from carbonledger.assessment.rational import decimal, positive

YES_NO: Final = ("yes", "no")


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
class Lending:
    """Reduction t a year, and what was lent, 10^4 CNY."""

    path: str
    id: str
    reduction: Fraction
    amount: Fraction


def loans(node: Node) -> Loans:
    """The section `loans`."""
    fields = node.fields(("loans", "windows"))
    loans = []
    for item in fields["loans"].items():
        row = item.fields(("amount", "attributed", "id", "investment", "project_reduction", "shares"))
        loans.append(
            Loan(
                path=item.path,
                id=words.name(row["id"]),
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


def proceeds(node: Node) -> Proceeds:
    """One of `proceeds`."""
    fields = node.fields(("catalogue", "id", "item", "listed", "traced"))
    return Proceeds(
        path=node.path,
        id=words.name(fields["id"]),
        catalogue=words.name(fields["catalogue"]),
        item=words.name(fields["item"]),
        listed=fields["listed"].one_of(YES_NO),
        traced=fields["traced"].one_of(("as-declared", "elsewhere")),
    )


def lending(node: Node) -> Lending:
    """One of `lending`."""
    fields = node.fields(("amount", "id", "reduction"))
    return Lending(node.path, words.name(fields["id"]), decimal(fields["reduction"]), positive(fields["amount"]))
