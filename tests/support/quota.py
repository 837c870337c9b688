"""A year of an enterprise under the scheme: an approved report, rules published, units issued."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta, timezone
from typing import Any

from carbonledger import merkle
from carbonledger.acts import Act, Signed
from carbonledger.keccak import keccak256
from ledger_node.chain.bindings import codec, structs

ZERO = bytes(32)
ROOT = hashlib.sha256(b"root").digest()
CHINA = timezone(timedelta(hours=8))
NOBODY = Signed(bytes(20), b"")
REGISTERED, TRADING, FROZEN, PLEDGED, PENDING, PROVINCIAL = range(1, 7)
CEA, CCER = 1, 2
PROJECT = hashlib.sha256(b"a wind farm").digest()


def word(text: str) -> bytes:
    return text.encode().ljust(32, b"\0")


def instant(year: int, month: int, day: int = 1) -> int:
    return int(datetime(year, month, day, tzinfo=CHINA).timestamp())


DUE = instant(2027, 1) - 1
RULE = structs.LineRule(
    word("power"),
    word("EnergyCalculator"),
    word("electricity"),
    1,
    1,
    2,
    (ZERO,) * 6,
    (ZERO,) * 6,
    (word("gCO2e/Wh"), *(ZERO,) * 5),
)
FORM = structs.RuleSetForm(word("general"), 2015, 2026, 1, 40, 90, 1, (RULE,))
COMPLIANCE = {
    "year": 2025,
    "edition": 1,
    "dueAt": DUE,
    "rounding": 3,
    "vintageFrom": 2025,
    "vintageTo": 2026,
    "offsetPpm": 50_000,
    "offsetFrom": instant(2024, 1, 22),
    "borrowVintage": 0,
    "borrowGapPpm": 0,
    "borrowPpm": 0,
    "evidence": 1,
    "sourceDigest": ZERO,
}
CARRY = {
    "toVintage": 2025,
    "edition": 1,
    "vintageFrom": 2019,
    "vintageTo": 2024,
    "base": 10_000,
    "ratePpm": 1_500_000,
    "salesFrom": 2024,
    "salesTo": 2025,
    "holdingsYear": 2025,
    "applyUntil": instant(2026, 6, 11) - 1,
    "compliantFrom": 2025,
    "compliantTo": 2025,
    "evidence": 1,
    "sourceDigest": ZERO,
}
LAWS = {
    "2021 measures": (instant(2021, 2), 1, 2_000_000, 3_000_000, 1),
    "2024 regulation": (instant(2024, 5), 2, 5, 10, 1),
    "code": (instant(2026, 8, 15), 2, 5, 10, 0),
}


class Quota:
    """The world of the contracts' tests, and the quota's acts in its words."""

    def __init__(self, world: Any) -> None:
        self.world = world
        self.months: list[bytes] = []
        self._latest = ZERO

    # acts

    def by_quorum(self, act: Act) -> Any:
        authority = structs.Authority(tuple(self.world.quorum(act)), ZERO, 0, ())
        return self.world.relay(act, authority)

    def quorum(self, type_name: str, **values: Any) -> Act:
        act: Act = self.world.act(type_name, **values)
        self.by_quorum(act)
        return act

    def published(self, type_name: str, **values: Any) -> Act:
        act: Act = self.world.act(type_name, **values)
        self.world.relay(act, self.world.quorum(act))
        return act

    def member(self, type_name: str, who: str = "enterprise", field: str = "member", **values: Any) -> Act:
        act: Act = self.world.act(type_name, **{field: self.world[who].id} | values)
        self.world.relay(act, self.world.sign(act, self.world[who]))
        return act

    # steps

    def issue(self, amount: int, who: str = "enterprise", **changes: Any) -> Act:
        values = {"kind": CEA, "vintage": 2025, "project": ZERO, "state": REGISTERED, "registeredAt": 0}
        values |= {"decision": keccak256(b"%d" % self.world.references), "member": self.world[who].id}
        return self.quorum("Issuance", **values | {"amount": amount} | changes)

    def project(self, who: str = "enterprise", **changes: Any) -> Act:
        values = {"project": PROJECT, "owner": self.world[who].id, "methodology": ZERO, "covered": 0}
        return self.published("OffsetProject", **values | {"documentDigest": ZERO} | changes)

    def offsets(self, amount: int, **changes: Any) -> Act:
        values = {"kind": CCER, "project": PROJECT, "registeredAt": instant(2025, 6)}
        return self.issue(amount, **values | changes)

    def rules(self, **changes: Any) -> Act:
        return self.published("ComplianceRules", **COMPLIANCE | changes)

    def carry_rules(self, **changes: Any) -> Act:
        return self.published("CarryOverRules", **CARRY | changes)

    def laws(self) -> None:
        for name, (since, basis, minimum, maximum, deducts) in LAWS.items():
            self.published(
                "PenaltyLaw",
                law=word(name),
                since=since,
                basis=basis,
                minimum=minimum,
                maximum=maximum,
                deducts=deducts,
                evidence=1,
                sourceDigest=ZERO,
            )

    def report(self, grams: int) -> bytes:
        """An approved report of 2025 of so many grams; the next one restates it."""
        world = self.world
        enterprise = world["enterprise"]
        if not self.months:
            world.register_log(quorum=0)
            world.publish_rules(FORM, b"{}")
            world.anchor(1, ROOT)
            for month in range(1, 13):
                values = {"member": enterprise.id, "year": 2025, "month": month, "commitment": ROOT}
                act = world.act("MonthEvidence", preparer=enterprise.id, replaces=ZERO, **values)
                world.relay(act, world.sign(act, enterprise), NOBODY)
                self.months.append(act.id)
        lines = [structs.Line(word("power"), ZERO, grams, 1, ((10**18).to_bytes(32, "big"), *(ZERO,) * 5))]
        line_words = codec.arguments(["(bytes32,bytes32,uint256,uint256,bytes32[6])"], lines)
        act = world.act(
            "AnnualReport",
            member=enterprise.id,
            year=2025,
            ruleSetId=hashlib.sha256(b"{}").digest(),
            monthsDigest=keccak256(b"".join(self.months)),
            linesDigest=keccak256(line_words),
            logId=hashlib.sha256(world.ORIGIN.encode()).digest(),
            logSize=1,
            logRoot=ROOT,
            preparer=enterprise.id,
            replaces=self._latest,
        )
        world.relay(act, self.months, lines, world.sign(act, enterprise), NOBODY)
        self._latest = act.id
        self.member("Verification", "verifier", "verifier", report=act.id, outcome=1, findingsDigest=ZERO)
        self.member("Approval", "regulator 0", "regulator", report=act.id, outcome=1, reasonDigest=ZERO)
        return bytes(act.id)

    def fix(self, report: bytes, due: int = 0) -> Act:
        return self.quorum("Obligation", member=self.world["enterprise"].id, year=2025, report=report, dueAt=due)

    def surrender(self, lot: Act, amount: int) -> Act:
        return self.member("Surrender", year=2025, lot=lot.id, amount=amount)

    def decide(self, request: Act, outcome: int = 1) -> Act:
        return self.quorum("Decision", disposal=request.id, outcome=outcome)

    def close(self, price: int = 9_000) -> Act:
        values = {"member": self.world["enterprise"].id, "year": 2025, "price": price, "priceDigest": ROOT}
        return self.quorum("Closing", **values)

    # what is there

    def position(self, lot: Act, who: str = "enterprise") -> list[int]:
        p = self.world.ask("AllowanceLedger", "position_of", self.world[who].id, lot.id)
        return [p.registered, p.trading, p.frozen, p.pledged, p.pending, p.provincial]

    def year(self) -> Any:
        return self.world.ask("Compliance", "year_of", self.world["enterprise"].id, 2025)


def steps(acts: list[Act]) -> tuple[bytes, list[bytes]]:
    """Root of the plan of these acts, and its leaves."""
    leaves = [merkle.leaf_hash(act.id) for act in acts]
    return merkle.root(leaves), leaves
