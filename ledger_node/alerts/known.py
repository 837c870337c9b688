"""What a node knows of a member on a day: what the member disclosed, and what the chain holds. The chain goes first."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, Final

from sqlalchemy import Connection

from carbonledger.assessment.filing import STATES, reasons_of
from carbonledger.records import ZERO32, code_id
from ledger_node.queries import disclosed, records
from ledger_node.queries import members as admitted

BEIJING: Final = timezone(timedelta(hours=8))
ENTERPRISE: Final = 2
MOST: Final = 100_000
MOST_DEVICES: Final = 1000


def members(connection: Connection) -> list[str]:
    """Ids of all who disclosed anything, and of the enterprises that the chain admitted."""
    found = admitted.members(connection, kinds=ENTERPRISE, after=None, limit=MOST)
    return sorted({*disclosed.members(connection), *(kept.id for kept in found)})


def snapshot(connection: Connection, member: str, as_of: date) -> dict[str, Any]:
    """The snapshot of the alert rules (docs/alerts.md)."""
    told = disclosed.snapshot(connection, member, as_of)
    told["devices"] += _devices(connection, member)
    code = _code(connection, member)
    if code is not None:
        told["codes"] = [code]
    return told


def _devices(connection: Connection, member: str) -> list[dict[str, str]]:
    """Meters in place, and the last day of their calibration in Beijing."""
    found = []
    for kept in admitted.devices(connection, member, after=None, limit=MOST_DEVICES):
        until = int(kept["calibrationTo"])
        if not int(kept["removedAt"]) and until:
            day = datetime.fromtimestamp(until - 1, UTC).astimezone(BEIJING).date()
            found.append({"id": kept.id[:16], "calibrated_until": day.isoformat()})
    return found


def _code(connection: Connection, member: str) -> dict[str, Any] | None:
    """The member's own code as it stands; the reasons are those of its open case."""
    kept = records.one(connection, "code", code_id(bytes.fromhex(member), ZERO32).hex())
    if kept is None:
        return None
    state = STATES[int(kept["state"]) - 1]
    period = f"{int(kept['year'])}Q{int(kept['quarter'])}"
    if state in ("green", "grey"):
        return {"period": period, "colour": state, "reasons": []}
    case = records.one(connection, "inspection", str(kept["caseId"]))
    reasons = [] if case is None else list(reasons_of(int(case["reasons"])))
    return {"period": period, "colour": "red", "reasons": reasons}
