"""Loans that overlap: what the contract refuses of them is no record, so the node that carried the act tells of it."""

from __future__ import annotations

import re
from typing import Final

from sqlalchemy import Connection

from carbonledger.acts import Act
from ledger_node.queries import loans, node_events

REFUSALS: Final = {
    "LoanRegistryProjectTwice": "registered-already",
    "LoanRegistryAboveInvestment": "above-investment",
    "LoanRegistryAboveReduction": "above-reduction",
}
"""Error of the contract, which says it after it has checked both signatures → what overlaps."""
_ACTS: Final = ("LoanProject", "ProjectAmendment", "Loan")
_NAME: Final = re.compile(r"\((\w+)(?::|\))")


def tell(connection: Connection, act: Act, reason: str, now: int) -> None:
    """Tell borrower, bank and statutory readers of an act that was refused as an overlap, once; of others nothing."""
    named = _NAME.search(reason)
    overlap = None if named is None else REFUSALS.get(named.group(1))
    if overlap is None or act.type.name not in _ACTS:
        return
    project = None
    if act.type.name == "LoanProject":
        borrower, bank = act["borrower"].hex(), act["bank"].hex()
    else:
        project = loans.project(connection, act["project"].hex())
        if project is None:
            return
        borrower = str(project["member"])
        bank = act["bank"].hex() if act.type.name == "Loan" else str(project["bank"])
    data = {
        "act": act.id.hex(),
        "what": act.type.name,
        "bank": bank,
        "project": None if project is None else project.id,
        "overlap": overlap,
        "links": {"standing": f"/v1/enterprises/{borrower}/standing"},
    }
    node_events.tell(connection, "loan.refused", borrower, data, now, once=act.id.hex())
