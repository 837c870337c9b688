"""Loans in the words of the tests: catalogues and the tool published, a wind farm, its lenders, the central bank."""

from __future__ import annotations

import hashlib
from typing import Any

from carbonledger.acts import Act
from carbonledger.keccak import keccak256
from ledger_node.chain.bindings import structs
from tests.support.quota import ZERO, instant, word

CATALOGUE = hashlib.sha256(b"catalogue of 2021").digest()
NEWER = hashlib.sha256(b"catalogue of 2025").digest()
TOOL = word("cerf")
WIND, RETROFIT, FOREST = word("wind"), word("industrial-retrofit"), word("forest")
ITEMS = tuple(structs.CatalogueItem(*item) for item in ((FOREST, 0), (RETROFIT, 2), (WIND, 1)))
INVESTMENT = 100_000_000_000  # 1,000,000,000 CNY in fen
REDUCTION = 123_456_789_012_345  # g a year
DAY = 86_400


def items_digest(items: Any) -> bytes:
    digest = ZERO
    for item in items:
        digest = keccak256(digest + item.item + item.field.to_bytes(32, "big"))
    return digest


class Loans:
    """The world of the contracts' tests, and the acts about loans. Without rules it is 2026-02-01."""

    def __init__(self, world: Any) -> None:
        self.world = world
        world.chain.time = max(world.chain.time, instant(2026, 2))

    @property
    def operator(self) -> str:
        """The regulator that plays the central bank."""
        return "regulator 0"

    # acts

    def by_quorum(self, name: str, *arguments: Any, **values: Any) -> Act:
        act: Act = self.world.act(name, **values)
        self.world.relay(act, *arguments, self.world.quorum(act))
        return act

    def by(self, names: tuple[str, ...], type_name: str, **values: Any) -> Act:
        act: Act = self.world.act(type_name, **values)
        self.world.relay(act, *(self.world.sign(act, self.world[name]) for name in names))
        return act

    # rules

    def catalogue(self, catalogue: bytes = CATALOGUE, items: Any = ITEMS, **changes: Any) -> Act:
        values = {"catalogue": catalogue, "key": word("green"), "validFrom": instant(2021, 11, 8)}
        values |= {"validTo": instant(2025, 10) - 1, "rounding": 1, "itemsDigest": items_digest(items)}
        values |= {"evidence": 3, "sourceDigest": ZERO}
        return self.by_quorum("CatalogueVersion", list(items), **values | changes)

    def tool(self, **changes: Any) -> Act:
        values = {"tool": TOOL, "operator": self.world[self.operator].id, "validFrom": instant(2021, 11, 8)}
        values |= {"sharePpm": 600_000, "ratePpm": 17_500, "termDays": 365, "rollovers": 2, "quota": 0}
        values |= {"fields": 7, "disclosureDays": 60, "evidence": 2, "sourceDigest": ZERO}
        return self.by_quorum("SupportToolRules", **values | changes)

    def rules(self) -> None:
        self.catalogue()
        self.catalogue(NEWER, validFrom=instant(2025, 10), validTo=0)
        self.tool()
        self.tool(validFrom=instant(2026, 1, 15), ratePpm=12_500, quota=80_000_000_000_000)

    # projects and loans

    def project_act(self, **changes: Any) -> Act:
        values = {"borrower": self.world["enterprise"].id, "bank": self.world["bank"].id}
        values |= {"site": hashlib.sha256(b"site").digest(), "permit": hashlib.sha256(b"permit").digest()}
        values |= {"catalogue": CATALOGUE, "item": WIND, "approvedAt": instant(2025, 3), "investment": INVESTMENT}
        values |= {"reduction": REDUCTION, "method": word("grid-baseline"), "factor": word("east-2019")}
        values |= {"factorYear": 2019, "documents": hashlib.sha256(b"papers").digest()}
        act: Act = self.world.act("LoanProject", **values | changes)
        return act

    def project(self, **changes: Any) -> bytes:
        act = self.project_act(**changes)
        self.world.relay(act, *(self.world.sign(act, self.world[name]) for name in ("enterprise", "bank")))
        return act.id

    def amend(self, project: bytes, **changes: Any) -> Act:
        values = {"project": project, "investment": INVESTMENT, "reduction": REDUCTION}
        values |= {"method": word("grid-baseline"), "factor": word("east-2019"), "factorYear": 2019}
        values |= {"documents": hashlib.sha256(b"papers").digest()}
        return self.by(("enterprise", "bank"), "ProjectAmendment", **values | changes)

    def amend_to(self, project: bytes, reduction: int) -> Act:
        return self.amend(project, reduction=reduction)

    def loan_act(self, project: bytes, principal: int, **changes: Any) -> Act:
        values = {"bank": self.world["bank"].id, "project": project, "catalogue": CATALOGUE, "item": WIND}
        values |= {"principal": principal, "approvedAt": instant(2025, 5), "drawnAt": instant(2025, 6)}
        values |= {"dueAt": instant(2035, 6), "terms": hashlib.sha256(b"terms").digest(), "pledge": ZERO}
        act: Act = self.world.act("Loan", **values | changes)
        return act

    def draw(self, project: bytes, principal: int, **changes: Any) -> bytes:
        act = self.loan_act(project, principal, **changes)
        self.world.relay(act, *(self.world.sign(act, self.world[name]) for name in ("bank", "enterprise")))
        return act.id

    def repay(self, loan: bytes, amount: int, **changes: Any) -> Act:
        values = {"loan": loan, "amount": amount, "paidAt": self.world.chain.time}
        return self.by(("bank",), "LoanRepayment", **values | changes)

    def check_up(self, project: bytes, outcome: int = 1, **changes: Any) -> Act:
        values = {"verifier": self.world["verifier"].id, "project": project, "year": 2025, "quarter": 3}
        values |= {"outcome": outcome, "reduction": REDUCTION, "findingsDigest": ZERO, "replaces": ZERO}
        return self.by(("verifier",), "ProjectCheckup", **values | changes)

    def disclose(self, **changes: Any) -> Act:
        values = {"bank": self.world["bank"].id, "tool": TOOL, "year": 2025, "quarter": 4, "replaces": ZERO}
        values |= {"document": hashlib.sha256(b"document").digest(), "ledger": hashlib.sha256(b"ledger").digest()}
        return self.by(("bank",), "LoanDisclosure", **values | changes)

    # the support tool

    def check(self, loan: bytes, outcome: int = 1, **changes: Any) -> Act:
        values = {"verifier": self.world["verifier"].id, "loan": loan, "outcome": outcome, "findingsDigest": ZERO}
        return self.by(("verifier",), "SupportCheck", **values | changes)

    def apply(self, loan: bytes, amount: int, **changes: Any) -> bytes:
        values = {"bank": self.world["bank"].id, "loan": loan, "tool": TOOL, "year": 2025, "quarter": 2}
        return self.by(("bank",), "SupportApplication", **values | {"amount": amount} | changes).id

    def fund(self, application: bytes, amount: int) -> Act:
        return self.by((self.operator,), "SupportFunding", application=application, amount=amount)

    def refuse(self, application: bytes) -> Act:
        return self.by((self.operator,), "SupportRefusal", application=application, reasonDigest=ZERO)

    def roll_over(self, application: bytes) -> Act:
        return self.by((self.operator, "bank"), "SupportRollover", application=application)

    def replace(self, application: bytes, loan: bytes) -> Act:
        return self.by((self.operator, "bank"), "SupportReplacement", application=application, loan=loan)

    def pay_back(self, application: bytes, amount: int) -> Act:
        return self.by((self.operator,), "SupportRepayment", application=application, amount=amount)

    def applied(self, principal: int = 1_000_000_000) -> tuple[bytes, bytes]:
        """A checked loan and the application for its share: (loan, application)."""
        loan = self.draw(self.project(), principal)
        self.check(loan)
        return loan, self.apply(loan, principal * 6 // 10)

    def funded(self, principal: int = 1_000_000_000) -> tuple[bytes, bytes]:
        """The same, funded."""
        loan, application = self.applied(principal)
        self.fund(application, principal * 6 // 10)
        return loan, application
