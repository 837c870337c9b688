"""What inspectors look at, in which order: open red codes, and whom to visit by choice."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection

from ledger_node.assessment import kept
from ledger_node.assessment.inputs import ITSELF
from ledger_node.queries import assessment, scores
from ledger_node.queries.records import Kept
from ledger_node.queries.scores import ModelRow, ScoreRow

OPENED, CONFIRMED = 3, 7
"""States of a red code, the first and the last."""
LIKE_ANYBODY: Final = 500
"""Per mille of an isolation forest for what is neither strange nor usual."""


def queue(connection: Connection) -> list[tuple[Kept, Kept, int, ScoreRow | None]]:
    """Open red codes with inspection, points and score: what is overdue first, then the larger score, then more points.

    Scores, and the points of models and digits, order this list, and decide nothing. Who has no score stands with those
    that are like anybody; where nobody has one, points alone order.
    """
    states = tuple(range(OPENED, CONFIRMED))
    open_ = assessment.codes(connection, member=None, project=None, states=states, after=None, limit=10_000)
    cases = [str(code["caseId"]) for code in open_]
    points = kept.queue_points(connection, cases)
    scored = scores.of_members(connection, [str(code["member"]) for code in open_])
    rows = []
    for code_ in open_:
        found = assessment.inspection(connection, str(code_["caseId"]))
        if found is not None:
            period = 4 * int(found["year"]) + int(found["quarter"]) - 1
            own = scored.get((str(code_["member"]), period)) if code_["project"] == ITSELF else None
            rows.append((code_, found, points.get(found.id, 0), own))
    return sorted(
        rows, key=lambda row: (not row[0]["escalated"], -_score_of(row[3]), -row[2], int(row[0]["due"]), row[1].id)
    )


def spot_checks(connection: Connection, limit: int) -> tuple[ModelRow | None, list[tuple[Kept, ScoreRow]]]:
    """Subjects of the quarter scored last whose code is not red, the largest score first: whom to visit by choice."""
    model = scores.latest_model(connection)
    if model is None:
        return None, []
    rows = []
    for one in scores.of_model(connection, model.number):
        standing = assessment.code(connection, one.member)
        if standing is not None and not OPENED <= int(standing["state"]) <= CONFIRMED:
            rows.append((standing, one))
            if len(rows) == limit:
                break
    return model, rows


def _score_of(row: ScoreRow | None) -> int:
    return LIKE_ANYBODY if row is None else row.per_mille
