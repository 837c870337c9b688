"""Assessments of quarters: asked for by a regulator, done by the node that is the assessor, and how far each is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request, Response

from api import present_assessment
from api import schemas_assessment as schemas
from api.answers import answer
from api.problems import Problem
from api.routes.common import missing, router
from api.routes.compute import json_body, require_json
from api.schemas import Page
from api.service import Body, CallerOf, Service
from carbonledger.accounting import inputs as parsing
from ledger_node.db.schema import record
from ledger_node.queries import assessment_jobs, records
from ledger_node.queries.assessment_jobs import Asked
from ledger_node.queries.once import settle

QUARTER: Final = "^[0-9]{4}Q[1-4]$"
USUAL_CODE: Final = "code-1"
MOST_SCHEMES: Final = 20
MOST_KEY: Final = 64
OfRun = Annotated[str | None, Query(pattern=QUARTER, description="Only of this quarter, such as 2026Q2")]
_KEY: Final[dict[str, Any]] = {"type": "string", "minLength": 1, "maxLength": MOST_KEY}
_RUN: Final[dict[str, Any]] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["as_of", "quarter"],
    "properties": {
        "quarter": {"type": "string", "pattern": QUARTER},
        "as_of": {"type": "string", "format": "date", "description": "Day of the judgment"},
        "code": {**_KEY, "description": f"Key or id of a published rule set of the code; {USUAL_CODE} if left out"},
        "schemes": {"type": "array", "maxItems": MOST_SCHEMES, "items": _KEY, "description": "Of published schemes"},
        "bundles": {"type": "boolean", "description": "Make a bundle of each code and grade"},
        "scores": {"type": "boolean", "description": "Score the codes once they are filed, where the node can"},
    },
}


def of(service: Service) -> APIRouter:
    """The router."""
    found = router("assessment")

    @found.post(
        "/assessment-runs",
        operation_id="createAssessmentRun",
        status_code=202,
        response_model=schemas.AssessmentRun,
        openapi_extra=json_body(_RUN, "Which quarter, as of which day, by which published sets"),
    )
    def create_assessment_run(request: Request, caller: CallerOf, body: Body) -> Response:
        """Have a quarter assessed by the node that is the assessor; the one under way, where there is one.

        Statistics, codes and grades are computed and filed in steps; what was stopped goes on. Once it is over,
        asking again makes revisions.
        """
        require_json(request)
        fields = parsing.parse(body).fields(("as_of", "quarter"), ("bundles", "code", "schemes", "scores"))
        asked = Asked(
            fields["quarter"].text(),
            _day(fields["as_of"]),
            fields["code"].text(least=1, most=MOST_KEY) if "code" in fields else USUAL_CODE,
            tuple(one.text(least=1, most=MOST_KEY) for one in fields["schemes"].items(most=MOST_SCHEMES))
            if "schemes" in fields
            else (),
            _flag(fields, "bundles"),
            caller.reader,
            _flag(fields, "scores"),
        )
        with service.engine.connect() as connection:
            there = records.page(connection, record.c.kind == "assessmentset", after=None, limit=1000)
        sets = [present_assessment.published(one) for one in there]
        _require_published(sets, "code", (asked.code,))
        _require_published(sets, "grade", asked.schemes)
        identifier = settle(service.engine, partial(assessment_jobs.ask, asked=asked, now=service.now()))
        with service.engine.connect() as connection:
            standing = assessment_jobs.find(connection, identifier)
        assert standing is not None
        headers = {"Location": f"/v1/assessment-runs/{standing.asked.quarter}/{standing.number}"}
        shown = present_assessment.run(standing)
        return answer(request, shown, status=202, private=True, headers=headers)

    @found.get("/assessment-runs", operation_id="listAssessmentRuns", response_model=Page[schemas.AssessmentRun])
    def list_assessment_runs(request: Request, quarter: OfRun = None) -> Response:
        """The assessments that were asked for, the newest quarter first."""
        with service.engine.connect() as connection:
            items = [present_assessment.run(one) for one in assessment_jobs.every(connection, quarter)]
        return answer(request, Page[schemas.AssessmentRun](items=items, next=None), private=True)

    @found.get(
        "/assessment-runs/{quarter}/{run}", operation_id="getAssessmentRun", response_model=schemas.AssessmentRun
    )
    def get_assessment_run(
        request: Request,
        quarter: Annotated[str, Path(pattern=QUARTER)],
        run: Annotated[int, Path(ge=1, lt=1_000_000)],
    ) -> Response:
        """How far one is."""
        identifier = assessment_jobs.job_id(quarter, run)
        with service.engine.connect() as connection:
            standing = assessment_jobs.find(connection, identifier)
        if standing is None:
            raise missing("assessment", f"{quarter}/{run}")
        return answer(request, present_assessment.run(standing), private=True)

    return found


def _day(node: parsing.Node) -> str:
    text = node.text()
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise Problem(
            "invalid-request", "as_of is no day.", expected="such as 2026-08-20", found=text[:40], path="as_of"
        ) from error


def _require_published(sets: Sequence[schemas.AssessmentSet], kind: str, wanted: Sequence[str]) -> None:
    known = {name for one in sets if one.kind == kind for name in (one.key, one.id)}
    for name in wanted:
        if name not in known:
            keys = sorted({one.key for one in sets if one.kind == kind})
            detail = f"The chain publishes no such set of kind {kind}."
            raise Problem("refused", detail, expected=", ".join(keys) or "a published one", found=name)


def _flag(fields: Mapping[str, parsing.Node], name: str) -> bool:
    if name not in fields:
        return False
    value = fields[name].value
    if not isinstance(value, bool):
        raise Problem("invalid-request", f"{name} is no flag.", expected="true or false", path=name)
    return value
