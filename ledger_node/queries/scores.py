"""Scores of models beside the codes: kept by who scored a quarter, read where inspectors look; no code is of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, insert, select

from ledger_node.db.schema import score, score_model


@dataclass(frozen=True, slots=True)
class ModelRow:
    """What scored a quarter: `content` is all that a repetition needs, `id` its SHA-256 (hex)."""

    number: int
    id: str
    run: str
    period: int
    content: Mapping[str, Any]
    made_at: int


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """One score: of an assessment (hex id), per mille; `content` says among whom, and why."""

    model: int
    id: str
    member: str
    period: int
    per_mille: int
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class NewScore:
    """A score to keep."""

    id: str
    member: str
    per_mille: int
    content: Mapping[str, Any]


def keep(
    connection: Connection,
    identifier: str,
    run: str,
    period: int,
    content: Mapping[str, Any],
    scores: Sequence[NewScore],
    now: int,
) -> bool:
    """Keep a quarter's scores under their model; False where this very model is there: that is nothing new."""
    if connection.execute(select(score_model.c.number).where(score_model.c.id == identifier)).first() is not None:
        return False
    values = {"id": identifier, "run": run, "period": period, "content": dict(content), "made_at": now}
    number = connection.execute(insert(score_model).values(**values)).inserted_primary_key[0]  # type: ignore[index]
    rows = [
        {"model": number, "id": s.id, "member": s.member, "period": period, "per_mille": s.per_mille}
        | {"content": dict(s.content)}
        for s in scores
    ]
    if rows:
        connection.execute(insert(score), rows)
    return True


def latest_model(connection: Connection, period: int | None = None) -> ModelRow | None:
    """The last one of a quarter, or of the last quarter that was scored."""
    query = select(score_model)
    if period is not None:
        query = query.where(score_model.c.period == period)
    query = query.order_by(score_model.c.period.desc(), score_model.c.number.desc()).limit(1)
    row = connection.execute(query).first()
    return None if row is None else ModelRow(row.number, row.id, row.run, row.period, row.content, row.made_at)


def of_members(connection: Connection, members: Sequence[str]) -> dict[tuple[str, int], ScoreRow]:
    """(member, quarter) → its score by the last model of the quarter, whichever run it was of."""
    last = (
        select(score.c.member, score.c.period, func.max(score.c.model).label("model"))
        .where(score.c.member.in_(list(members)))
        .group_by(score.c.member, score.c.period)
        .subquery()
    )
    same = (score.c.member == last.c.member) & (score.c.period == last.c.period) & (score.c.model == last.c.model)
    rows = connection.execute(select(score).join(last, same))
    return {(row.member, int(row.period)): _row(row) for row in rows}


def of_model(connection: Connection, model: int, limit: int | None = None) -> list[ScoreRow]:
    """The scores of a model, the largest first."""
    query = select(score).where(score.c.model == model).order_by(score.c.per_mille.desc(), score.c.id)
    return [_row(row) for row in connection.execute(query if limit is None else query.limit(limit))]


def _row(row: Any) -> ScoreRow:
    return ScoreRow(row.model, row.id, row.member, row.period, row.per_mille, row.content)
