"""The book of one project: what lenders lent and what each may claim. The twin of the contract LoanRegistry.

Every function gives a new book or raises NotAllowed with the name of the contract's refusal.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from carbonledger.errors import Refused
from carbonledger.loans.attribution import part

MOST_LOANS: Final = 24


class NotAllowed(Refused):
    """The contract refuses this too, by the error `name`."""

    def __init__(self, name: str, what: str, *, expected: object, found: object) -> None:
        self.name = name
        super().__init__(what, expected=expected, found=found)


@dataclass(frozen=True, slots=True)
class Loan:
    """A loan that has not ended: fen, and its part in g a year."""

    id: bytes
    principal: int
    outstanding: int
    rounding: int
    attributed: int


@dataclass(frozen=True, slots=True)
class Book:
    """`investment` in fen as both signed it, `reduction` in g a year, and the loans that have not ended."""

    investment: int
    reduction: int
    loans: tuple[Loan, ...] = ()

    @classmethod
    def of(cls, investment: int, reduction: int) -> Book:
        """A project without loans."""
        _require(investment > 0, "LoanRegistryFieldWrong", "a project that costs nothing", "above 0", investment)
        _require(reduction > 0, "LoanRegistryFieldWrong", "a project that reduces nothing", "above 0", reduction)
        return cls(investment, reduction)

    @property
    def lent(self) -> int:
        """Principals, fen: a loan counts whole until it has ended."""
        return sum(loan.principal for loan in self.loans)

    @property
    def attributed(self) -> int:
        """What the loans claim, g a year."""
        return sum(loan.attributed for loan in self.loans)

    def draw(self, identifier: bytes, principal: int, rounding: int) -> Book:
        """With one more loan."""
        _require(principal > 0, "LoanRegistryFieldWrong", "a loan of nothing", "above 0", principal)
        _require(len(self.loans) < MOST_LOANS, "LoanRegistryTooManyLoans", "one loan more", MOST_LOANS, len(self.loans))
        self._within_investment(self.investment, self.lent + principal)
        claimed = part(self.reduction, principal, self.investment, rounding)
        loan = Loan(identifier, principal, principal, rounding, claimed)
        return replace(self, loans=(*self.loans, loan))._within_reduction()

    def repay(self, identifier: bytes, amount: int) -> Book:
        """With less outstanding; a loan of which nothing is outstanding leaves the book."""
        found = next((loan for loan in self.loans if loan.id == identifier), None)
        if found is None:
            raise NotAllowed("LoanRegistryLoanEnded", "repayment of a loan", expected="one in the book", found="none")
        _require(amount > 0, "LoanRegistryFieldWrong", "a repayment of nothing", "above 0", amount)
        _require(
            amount <= found.outstanding, "LoanRegistryRepaysTooMuch", "a repayment", f"<= {found.outstanding}", amount
        )
        left = replace(found, outstanding=found.outstanding - amount)
        kept = tuple(left if loan.id == identifier else loan for loan in self.loans)
        return replace(self, loans=tuple(loan for loan in kept if loan.outstanding))

    def amend(self, investment: int, reduction: int) -> Book:
        """With another cost or reduction that borrower and bank signed: every part is computed again."""
        _require(reduction > 0, "LoanRegistryFieldWrong", "a project that reduces nothing", "above 0", reduction)
        self._within_investment(investment, self.lent)
        if (investment, reduction) == (self.investment, self.reduction):
            raise NotAllowed(
                "LoanRegistryNothingChanges", "an amendment", expected="another cost or reduction", found="the same"
            )
        again = tuple(
            replace(loan, attributed=part(reduction, loan.principal, investment, loan.rounding)) for loan in self.loans
        )
        return Book(investment, reduction, again)._within_reduction()

    def _within_investment(self, investment: int, lent: int) -> None:
        # an investment of zero is refused by the same name, also where nothing was lent
        enough = investment > 0 and lent <= investment
        _require(enough, "LoanRegistryAboveInvestment", "loans of all lenders", f"at most {investment}", lent)

    def _within_reduction(self) -> Book:
        claimed = self.attributed
        _require(
            claimed <= self.reduction, "LoanRegistryAboveReduction", "claims", f"at most {self.reduction}", claimed
        )
        return self


def _require(holds: bool, name: str, what: str, expected: object, found: object) -> None:
    if not holds:
        raise NotAllowed(name, what, expected=expected, found=found)
