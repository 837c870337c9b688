"""Records of codes and grades as documents. Nothing is decided here."""

from __future__ import annotations

from functools import cache
from typing import Any, Final, cast

from api import schemas_assessment as schemas
from api.present import ZERO, time
from carbonledger import jcs
from carbonledger.accounting.names import name_of
from carbonledger.assessment import library
from carbonledger.assessment.filing import COLOURS, FINDINGS, LEVEL_NUMBERS, STATES, reasons_of
from carbonledger.assessment.parameters import STATUS
from ledger_node.assessment.kept import Made
from ledger_node.queries.assessment_jobs import Standing
from ledger_node.queries.records import Kept
from ledger_node.queries.scores import ModelRow, ScoreRow
from ledger_node.scoring.words import sentence

LEVELS: Final = {number: level for level, number in LEVEL_NUMBERS.items()}
KINDS: Final = {1: "code", 2: "grade"}


def colour(state: str) -> schemas.Colour:
    """The colour that a state shows."""
    return "green" if state == "green" else "grey" if state == "grey" else "red"


def period(kept: Kept) -> schemas.Quarter:
    """Its quarter."""
    return schemas.Quarter(year=int(kept["year"]), quarter=int(kept["quarter"]))


def assessment(kept: Kept) -> schemas.Assessment:
    """One run of the rules."""
    return schemas.Assessment(
        id=kept.id,
        member=kept["member"],
        project=_or_none(kept["project"]),
        period=period(kept),
        revision=int(kept["revision"]),
        rule_set=kept["ruleSetId"],
        colour=COLOURS[int(kept["colour"]) - 1],
        points=int(kept["points"]),
        reasons=list(reasons_of(int(kept["reasons"]))),
        inputs_digest=kept["inputsDigest"],
        explain_digest=kept["explainDigest"],
        statistics_digest=_or_none(kept["statisticsDigest"]),
        assessor=kept["assessor"],
        assessed_at=time(int(kept["assessedAt"])),
        explained=f"/v1/assessments/{kept.id}",
    )


def inspection(kept: Kept) -> schemas.Inspection:
    """The way of a red code."""
    finding = int(kept["finding"])
    return schemas.Inspection(
        id=kept.id,
        member=kept["member"],
        project=_or_none(kept["project"]),
        period=period(kept),
        rule_set=kept["ruleSetId"],
        reasons=list(reasons_of(int(kept["reasons"]))),
        opened_at=time(int(kept["openedAt"])),
        explanation=_or_none(kept["explanation"]),
        explained_at=_time(kept["explainedAt"]),
        inspector=_or_none(kept["inspector"]),
        assigned_at=_time(kept["assignedAt"]),
        finding=cast(Any, FINDINGS[finding - 1]) if finding else None,
        second=_or_none(kept["second"]),
        found_at=_time(kept["foundAt"]),
        rerun=_or_none(kept["rerun"]),
        change_ppm=int(kept["changePpm"]),
        cleared_at=_time(kept["clearedAt"]),
        escalations=int(kept["escalations"]),
    )


def code(kept: Kept, latest: Kept | None, case: Kept | None, now: int) -> schemas.Code:
    """How a subject stands at `now`, s."""
    state = STATES[int(kept["state"]) - 1]
    due = int(kept["due"])
    return schemas.Code(
        member=kept["member"],
        project=_or_none(kept["project"]),
        colour=colour(state),
        state=cast(schemas.State, state),
        since=time(int(kept["since"])),
        due=_time(due),
        overdue=due != 0 and now >= due,
        escalated=bool(kept["escalated"]),
        veto_until=_time(kept["vetoUntil"]),
        period=period(kept),
        latest=None if latest is None else assessment(latest),
        inspection=None if case is None else inspection(case),
    )


def grade(kept: Kept, standing: Kept | None) -> schemas.Grade:
    """A grade, with what its subject's code does to it."""
    red = standing is not None and colour(STATES[int(standing["state"]) - 1]) == "red"
    name = name_of(bytes.fromhex(kept["grade"]))
    score = int(kept["score"])
    return schemas.Grade(
        id=kept.id,
        member=kept["member"],
        project=_or_none(kept["project"]),
        scheme=name_of(bytes.fromhex(kept["schemeKey"])),
        scheme_id=kept["schemeId"],
        period=period(kept),
        revision=int(kept["revision"]),
        grade=name,
        reached=name_of(bytes.fromhex(kept["reached"])),
        score=None if name == "not-rated" or kept["schemeId"] in banded() else f"{score // 100}.{score % 100:02d}",
        suspended=red,
        veto_until=None if standing is None else _time(standing["vetoUntil"]),
        inputs_digest=kept["inputsDigest"],
        explain_digest=kept["explainDigest"],
        statistics_digest=_or_none(kept["statisticsDigest"]),
        assessor=kept["assessor"],
        graded_at=time(int(kept["gradedAt"])),
        explained=f"/v1/assessments/{kept.id}",
    )


@cache
def banded() -> frozenset[str]:
    """Schemes of the package that give a band and no score."""
    return frozenset(s.id.hex() for s in library.schemes() if s.method != "weighted-score")


def statistics(kept: Kept, made: Made | None) -> schemas.Statistics:
    """A statement of peers."""
    return schemas.Statistics(
        id=kept.id,
        industry=name_of(bytes.fromhex(kept["industry"])),
        level=cast(Any, LEVELS[int(kept["level"])]),
        period=period(kept),
        revision=int(kept["revision"]),
        peers=int(kept["peers"]),
        digest=kept["digest"],
        assessor=kept["assessor"],
        published_at=time(int(kept["publishedAt"])),
        document=None if made is None else jcs.decode_object(made.explained),
    )


def explained(made: Made) -> schemas.Explained:
    """An explain record with what was judged."""
    return schemas.Explained(
        id=made.id,
        kind=cast(Any, made.kind),
        salt=made.salt,
        inputs=jcs.decode_object(made.inputs),
        explained=jcs.decode_object(made.explained),
    )


def published(kept: Kept) -> schemas.AssessmentSet:
    """A published set."""
    return schemas.AssessmentSet(
        id=kept.id,
        key=name_of(bytes.fromhex(kept["key"])),
        kind=cast(Any, KINDS[int(kept["kind"])]),
        status=STATUS[int(kept["status"]) - 1],
        valid_from=time(int(kept["validFrom"])),
        valid_to=_time(kept["validTo"]),
        document=f"/v1/assessment-sets/{kept.id}/document",
    )


def score(kept: ScoreRow | None) -> schemas.Score | None:
    """A score with its reasons."""
    if kept is None:
        return None
    content = kept.content
    reasons = []
    for one in content["reasons"]:
        english, chinese = sentence(one)
        reasons.append(schemas.Reason(**one, text={"en": english, "zh": chinese}))
    named = {name: content[name] for name in ("level", "industry", "peers")}
    return schemas.Score(per_mille=kept.per_mille, assessment=kept.id, reasons=reasons, **named)


def model(kept: ModelRow) -> schemas.ScoreModel:
    """What made the scores of a quarter."""
    at = schemas.Quarter(year=kept.period // 4, quarter=kept.period % 4 + 1)
    return schemas.ScoreModel(
        id=kept.id, period=at, run=kept.run, made_at=time(kept.made_at), content=dict(kept.content)
    )


def run(standing: Standing) -> schemas.AssessmentRun:
    """How an assessment of a quarter stands."""
    asked = standing.asked
    return schemas.AssessmentRun(
        quarter=asked.quarter,
        number=standing.number,
        as_of=asked.as_of,
        code=asked.code,
        schemes=list(asked.schemes),
        bundles=asked.bundles,
        scores=asked.scores,
        asked_by=asked.by,
        state=cast(Any, standing.state),
        error=standing.error,
        attempts=standing.attempts,
        run=standing.run,
        stage=standing.stage,
        made=dict(standing.made),
    )


def _or_none(word: Any) -> str | None:
    return None if word == ZERO else str(word)


def _time(value: Any) -> str | None:
    return time(int(value)) if int(value) else None
