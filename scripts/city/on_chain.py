"""The city's last quarters on an embedded chain: enterprises admitted, sets published, each quarter assessed and filed,
and between two quarters the inspections of the red codes.

The same run as a node's (`ledger_node.assessment.run`), over the sections that the check-up's documents give. What it
files first of a quarter must be the colours of the check-up. Killed at any instant it goes on: acts lie in the outbox
by their reference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from carbonledger.acts import Act
from carbonledger.assessment import on_chain
from carbonledger.assessment.filing import COLOURS
from carbonledger.errors import Refused
from carbonledger.identifiers import member_id
from carbonledger.records import assessment_id
from ledger_node.chain.bindings import structs
from ledger_node.queries import records
from scripts.city import checkup, inspections, office
from scripts.city.inspections import Honest
from scripts.city.office import Office
from scripts.city.records import quarter_text
from scripts.mainjob import consortium

Colours = dict[tuple[str, int], str]
"""(credit code, quarter) → colour."""


def file_quarters(at: Office, quarters: Sequence[int], honest: Honest) -> Colours:
    """Admit, publish; give, assess and inspect quarter by quarter; the first colours that the chain holds."""
    at.admit()
    rules, schemes = office.sets()
    published: list[on_chain.Set] = [rules, *schemes]
    for one in published:
        at.relay.put(f"assessment-set/{one.id.hex()}", lambda one=one: _publication(at, one))  # type: ignore[misc]
    at.settle()
    for quarter in quarters:
        as_of = checkup.as_of(quarter)
        if not at.is_assessed(quarter):
            at.at(as_of)
            inspections.escalate(at)
            at.give(at.books.firms, quarter)
            at.assess(quarter, as_of)
        told = f"  {quarter_text(quarter)}: block {at.chain.head().number}"
        if quarter != quarters[-1]:
            inspections.follow(at, quarter, as_of, honest)
            told += f", after its inspections {at.chain.head().number}"
        at.progress.say(told)
    return _colours(at, quarters)


def differences(colours: Colours, rows: Sequence[Mapping[str, Any]], quarters: Sequence[int]) -> list[str]:
    """Enterprises and quarters whose code on the chain is another than the check-up's."""
    wanted = {(row["firm"], row["quarter"]): row["colour"] for row in rows if row["quarter"] in quarters}
    return sorted(
        f"{code} {quarter_text(quarter)}"
        for (code, quarter), colour in wanted.items()
        if colours.get((code, quarter)) != colour
    )


def _publication(at: Office, one: on_chain.Set) -> tuple[Act, Sequence[Any]]:
    act = Act(
        "AssessmentPublication",
        setId=one.id,
        formDigest=on_chain.form_digest(one),
        reference=consortium.reference("assessment-set", one.id),
        deadline=at.relay.deadline(),
    )
    form = structs.AssessmentForm.from_abi(on_chain.form(one))
    return act, (one.json(), form, at.relay.quorum(act, at.regulators[: consortium.THRESHOLD]))


def _colours(at: Office, quarters: Sequence[int]) -> Colours:
    found: Colours = {}
    with at.engine.connect() as connection:
        for firm in at.books.firms:
            for quarter in quarters:
                first = assessment_id(member_id(firm.code), bytes(32), quarter // 4, quarter % 4 + 1, 1)
                kept = records.one(connection, "assessment", first.hex())
                if kept is None:
                    raise Refused("a code on the chain", expected=f"one of {firm.code}", found="none")
                found[firm.code, quarter] = COLOURS[int(kept["colour"]) - 1]
    return found
