"""File the annual report, have it verified and approved: each act by its own member."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from carbonledger.accounting.library import factors
from carbonledger.accounting.statement import Statement
from carbonledger.acts import Act
from carbonledger.errors import Invalid
from carbonledger.mrv.findings import Findings
from ledger_node.chain.bindings import report_registry, structs
from ledger_node.chain.rule_sets import emission, rule_set_for
from oracle import filing
from oracle.filing import Chosen, Month
from oracle.log import Published
from oracle.sources.intervals import REPORTING_ZONE
from scripts.mainjob.cast import Member
from scripts.mainjob.consortium import RULE_SET, reference
from scripts.mainjob.plant import NOBODY, NONE, ORIGIN
from scripts.mainjob.relay import Relay

CONFIRMED: Final = 1
DAY_MS: Final = 86_400_000
# month and day of the spring after the reporting year
FILING, VERIFYING, APPROVING = (3, 10), (3, 25), (4, 10)


@dataclass(frozen=True)
class Approved:
    """A report on its way: its id, its statement of result, the months it is built from and their act ids."""

    report_id: bytes
    statement: Statement
    months: tuple[Month, ...]
    month_ids: tuple[bytes, ...]
    head: Published


Examine = Callable[[Approved], Findings]
"""The verifier's desk: a report that is filed and not approved yet → the findings document."""


def file_and_approve(
    relay: Relay,
    cast: Mapping[str, Member],
    months: Sequence[Month],
    head: Published,
    year: int,
    replaces: bytes = NONE,
    month_ids: Sequence[bytes] = (),
    rule_set: str = RULE_SET,
    chosen: Chosen | None = None,
    examine: Examine | None = None,
) -> Approved:
    """The rule set is read from the chain, the contract computes; Python must agree to the gram.

    A restatement names the report that it `replaces`, and the ids of its months where some are replaced too. `chosen`
    names the factors of parameters that were not measured. `examine` is the verifier's desk: it is asked once the
    report is filed; without it the verifier confirms a document without checks.
    """
    enterprise = cast["enterprise"]
    registry = relay.addresses["RuleSetRegistry"]
    rules = rule_set_for(relay.chain, registry, rule_set, year)
    statement = filing.yearly(months, rules, factors(), chosen)
    computed = emission(relay.chain, registry, rules.id, year, statement.chain_lines)
    if computed != statement.emission:
        raise Invalid("Solidity and Python differ", expected=f"{statement.emission} g", found=f"{computed} g")
    month_ids = list(month_ids) or [filing.month_act(month, enterprise.id, 0).id for month in months]

    def report_act() -> Act:
        return filing.report_act(
            month_ids, statement, enterprise.id, head, ORIGIN, enterprise.id, relay.deadline(), replaces
        )

    def filed() -> tuple[Act, Sequence[Any]]:
        act = report_act()
        lines = [structs.Line(*line.arguments()[:4], line.parameters) for line in statement.chain_lines]
        return act, (month_ids, lines, relay.sign(act, enterprise), NOBODY)

    report_id = report_act().id
    found = Approved(report_id, statement, tuple(months), tuple(month_ids), head)

    def verification() -> tuple[Act, Sequence[Any]]:
        findings = Findings(report_id, ()) if examine is None else examine(found)
        findings.require_may(CONFIRMED)
        act = Act(
            "Verification",
            report=report_id,
            verifier=cast["verifier"].id,
            outcome=CONFIRMED,
            findingsDigest=findings.digest,
            reference=reference("verification", report_id),
            deadline=relay.deadline(),
        )
        return act, (relay.sign(act, cast["verifier"]),)

    def approval() -> tuple[Act, Sequence[Any]]:
        act = Act(
            "Approval",
            report=report_id,
            regulator=cast["regulator-1"].id,
            outcome=CONFIRMED,
            reasonDigest=bytes(32),
            reference=reference("approval", report_id),
            deadline=relay.deadline(),
        )
        return act, (relay.sign(act, cast["regulator-1"]),)

    for (month, day), name, make in (
        (FILING, "report", filed),
        (VERIFYING, "verify", verification),
        (APPROVING, "approve", approval),
    ):
        if any(replaces):
            relay.clock.set_ms(relay.clock.now_ms() + DAY_MS)
        else:
            relay.clock.set_ms(int(datetime(year + 1, month, day, 10, tzinfo=REPORTING_ZONE).timestamp()) * 1000)
        relay.put(f"{name}/{year}" + (f"/{replaces.hex()}" if any(replaces) else ""), make)
        relay.settle()
    registry = relay.addresses["ReportRegistry"]
    held = report_registry.decode_report_of(relay.chain.call(registry, report_registry.encode_report_of(report_id)))
    if held.emission != statement.emission:
        raise Invalid("the report on the chain differs", expected=f"{statement.emission} g", found=f"{held.emission} g")
    return found
