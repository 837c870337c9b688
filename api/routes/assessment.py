"""Codes, grades and statistics: how a subject stands, why, and who inspects."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import Connection

from api import paging, present_assessment
from api import schemas_assessment as schemas
from api.answers import answer
from api.keeping import bytes_of_artefact
from api.paging import Cursor, Limit
from api.problems import Problem
from api.routes.common import HEX_ID, Id, MemberId, OfMember, OfYear, missing, read_private, router
from api.routes.compute import json_body, require_json
from api.schemas import Page
from api.service import Body, CallerOf, Service
from carbonledger.accounting import inputs as parsing
from carbonledger.assessment import library
from carbonledger.assessment.filing import STATES
from ledger_node.assessment import inputs, kept
from ledger_node.assessment.inputs import Given
from ledger_node.db.schema import record
from ledger_node.queries import artefacts, assessment, inspectors, records
from ledger_node.queries.artefacts import Artefact
from ledger_node.queries.once import settle
from ledger_node.queries.records import Kept

OfProject = Annotated[str | None, Query(pattern=HEX_ID, description="Only of this project; left out: the enterprise")]
OfColour = Annotated[str | None, Query(pattern="^(green|grey|red)$", description="Only of this colour")]
OfQuarter = Annotated[int | None, Query(ge=1, le=4, description="Only of this quarter")]
MOST_SECTIONS: Final = 10_000
SPOT_CHECKS: Final = 20
_JSON: Final[dict[str, Any]] = {"application/json": {"schema": {}}}


def of(service: Service) -> APIRouter:
    """The router."""
    found = router("assessment")

    @found.get("/codes", operation_id="listCodes", response_model=Page[schemas.Code])
    def list_codes(
        request: Request,
        limit: Limit = paging.DEFAULT,
        cursor: Cursor = None,
        member: OfMember = None,
        project: OfProject = None,
        colour: OfColour = None,
    ) -> Response:
        """How subjects stand, in the order in which the chain last wrote it."""
        states = tuple(n for n, state in enumerate(STATES, 1) if present_assessment.colour(state) == colour)
        with service.engine.connect() as connection:
            there = assessment.codes(
                *(connection,), member=member, project=project, states=states, after=paging.decode(cursor),
                limit=limit + 1,
            )  # fmt: skip
            items, following = paging.cut(there, limit)
            page = Page[schemas.Code](items=[code_document(service, connection, c) for c in items], next=following)
        return answer(request, page, headers=paging.link(request, following))

    @found.get("/codes/{member}", operation_id="getCode", response_model=schemas.Code)
    def get_code(request: Request, member: MemberId, project: OfProject = None) -> Response:
        """How one subject stands: colour, state, why, and its inspection."""
        with service.engine.connect() as connection:
            standing = assessment.code(connection, member, project or inputs.ITSELF)
            if standing is None:
                raise missing("code", member)
            document = code_document(service, connection, standing)
        return answer(request, document)

    @found.get("/codes/{member}/history", operation_id="listAssessments", response_model=Page[schemas.Assessment])
    def list_assessments(request: Request, member: MemberId, project: OfProject = None) -> Response:
        """All that was ever assessed of a subject, quarter by quarter; none is rewritten."""
        with service.engine.connect() as connection:
            there = assessment.assessments(connection, member, project or inputs.ITSELF)
        items = [present_assessment.assessment(one) for one in there]
        return answer(request, Page[schemas.Assessment](items=items, next=None))

    @found.get("/grades/{member}", operation_id="listGrades", response_model=Page[schemas.Grade])
    def list_grades(request: Request, member: MemberId, project: OfProject = None) -> Response:
        """The grades of a subject, all schemes, quarter by quarter, newest last."""
        of_project = project or inputs.ITSELF
        with service.engine.connect() as connection:
            standing = assessment.code(connection, member, of_project)
            there = assessment.grades(connection, member, of_project)
        items = [present_assessment.grade(one, standing) for one in there]
        return answer(request, Page[schemas.Grade](items=items, next=None))

    @found.get("/assessments/{assessment_id}", operation_id="getExplained", response_model=schemas.Explained)
    def get_explained(request: Request, caller: CallerOf, assessment_id: Id) -> Response:
        """The explain record of a code or grade and what was judged; reads are written down for the owner."""
        with service.engine.connect() as connection:
            made = kept.document(connection, assessment_id)
            if made is None or made.kind == kept.STATISTICS or not made.item:
                raise missing("explain record", assessment_id)
            read_private(service, connection, caller, private(made))
        return answer(request, present_assessment.explained(made), private=True)

    @found.get(
        "/assessments/{assessment_id}/bundle",
        operation_id="getAssessmentBundle",
        responses={200: {"description": "The bundle (docs/formats/assessment.md)", "content": _JSON}},
    )
    def get_assessment_bundle(request: Request, caller: CallerOf, assessment_id: Id) -> Response:
        """The bundle of a code or grade, which verifies offline; reads are written down for the owner."""
        with service.engine.connect() as connection:
            there = [artefacts.by_subject(connection, kind, assessment_id) for kind in (kept.CODE, kept.GRADE)]
            bundle = next((one for one in there if one is not None), None)
            if bundle is None:
                raise missing("bundle", assessment_id)
            read_private(service, connection, caller, bundle)
            content = bytes_of_artefact(connection, bundle)
        headers = {"Content-Disposition": f'attachment; filename="{bundle.kind}-{assessment_id[:8]}.bundle.json"'}
        return answer(request, content, immutable=True, private=not bundle.public, headers=headers)

    @found.get("/statistics", operation_id="listStatistics", response_model=Page[schemas.Statistics])
    def list_statistics(
        request: Request,
        limit: Limit = paging.DEFAULT,
        cursor: Cursor = None,
        year: OfYear = None,
        quarter: OfQuarter = None,
    ) -> Response:
        """Published peer statistics, with the documents whose digests the chain holds."""
        where = [record.c.kind == "statistics"]
        if year is not None:
            where.append(record.c.year == year)
        with service.engine.connect() as connection:
            there = records.page(connection, *where, after=paging.decode(cursor), limit=limit + 1)
            items, following = paging.cut(there, limit)
            shown = [
                present_assessment.statistics(one, kept.document(connection, one.id))
                for one in items
                if quarter in (None, int(one["quarter"]))
            ]
        page = Page[schemas.Statistics](items=shown, next=following)
        return answer(request, page, headers=paging.link(request, following))

    @found.get("/inspections", operation_id="listInspections", response_model=Page[schemas.QueueItem])
    def list_inspections(request: Request) -> Response:
        """The inspectors' queue: open red codes, what is overdue first, then the larger score, then more points."""
        with service.engine.connect() as connection:
            items = queue(service, connection)
        return answer(request, Page[schemas.QueueItem](items=items, next=None), private=True)

    @found.get("/spot-checks", operation_id="listSpotChecks", response_model=schemas.SpotChecks)
    def list_spot_checks(request: Request, limit: Limit = SPOT_CHECKS) -> Response:
        """Whom an inspector may visit by choice: the largest scores among codes that are not red."""
        with service.engine.connect() as connection:
            found = spot_checks(service, connection, limit)
        return answer(request, found, private=True)

    @found.get("/assessment-sets", operation_id="listAssessmentSets", response_model=Page[schemas.AssessmentSet])
    def list_assessment_sets(request: Request) -> Response:
        """Rule sets of the code and grade schemes, in the order of publication: a region's is one more."""
        with service.engine.connect() as connection:
            there = records.page(connection, record.c.kind == "assessmentset", after=None, limit=1000)
        items = [present_assessment.published(one) for one in there]
        return answer(request, Page[schemas.AssessmentSet](items=items, next=None))

    @found.get(
        "/assessment-sets/{assessment_set}/document",
        operation_id="getAssessmentSet",
        responses={200: {"description": "Its canonical JSON", "content": {"application/json": {"schema": {}}}}},
    )
    def get_assessment_set(request: Request, assessment_set: Id) -> Response:
        """The set itself, canonical JSON whose SHA-256 is its id, read from the chain, else from the package."""
        known = {rules.id.hex(): rules.json() for rules in library.code_rules()}
        known |= {scheme.id.hex(): scheme.json() for scheme in library.schemes()}
        with service.engine.connect() as connection:
            there = records.one(connection, "assessmentset", assessment_set)
            registry = None
            if there is not None and service.chain is not None:
                registry = service.contract(connection, "AssessmentRules")
        document = known.get(assessment_set)
        if service.chain is not None and registry is not None:
            # both registries answer `json(bytes32)` alike
            document = service.chain.rule_set_json(registry, bytes.fromhex(assessment_set))
        if document is None:
            raise missing("assessment set", assessment_set)
        if hashlib.sha256(document).hexdigest() != assessment_set:
            raise Problem("unavailable", "The chain gave other bytes than those of this id.")
        return answer(request, document, immutable=True)

    @found.post(
        "/assessment-inputs",
        operation_id="createAssessmentInputs",
        status_code=201,
        response_model=schemas.Taken,
        openapi_extra=json_body({"type": "array", "items": {"type": "object"}}, "Sections (docs/assessment.md)"),
    )
    def create_assessment_inputs(request: Request, body: Body) -> Response:
        """Hand the assessor sections about subjects and quarters: each is parsed as it will be judged; all or none."""
        require_json(request)
        node = parsing.parse(body)
        given = [Given.parse(item.value) for item in node.items(least=1, most=MOST_SECTIONS)]
        new = settle(service.engine, partial(_keep, given=given, now=service.now()))
        return answer(request, schemas.Taken(taken=len(given), new=new), status=201, private=True)

    return found


def _keep(connection: Connection, *, given: list[Given], now: int) -> int:
    return sum(inputs.keep(connection, one, now) for one in given)


def code_document(service: Service, connection: Connection, standing: Kept) -> schemas.Code:
    """A code with its latest assessment and its open case."""
    latest = assessment.latest_assessment(connection, standing)
    case = assessment.inspection(connection, str(standing["caseId"]))
    head = records.head(connection)
    return present_assessment.code(standing, latest, case, service.now() if head is None else head[1])


def queue(service: Service, connection: Connection) -> list[schemas.QueueItem]:
    """Open red codes in the order of the queue."""
    return [
        schemas.QueueItem(
            code=code_document(service, connection, code), points=points, score=present_assessment.score(score)
        )
        for code, _, points, score in inspectors.queue(connection)
    ]


def spot_checks(service: Service, connection: Connection, limit: int = SPOT_CHECKS) -> schemas.SpotChecks:
    """The largest scores among codes that are not red."""
    model, rows = inspectors.spot_checks(connection, limit)
    items = []
    for standing, row in rows:
        score = present_assessment.score(row)
        assert score is not None
        items.append(schemas.SpotCheck(code=code_document(service, connection, standing), score=score))
    return schemas.SpotChecks(model=None if model is None else present_assessment.model(model), items=items)


def private(made: kept.Made) -> Artefact:
    """An explain record as the access rules know private things."""
    digest = hashlib.sha256(made.explained).hexdigest()
    named: dict[str, Any] = {"kind": f"explained {made.kind}", "subject": made.id, "member": made.member}
    return Artefact(digest, **named, year=made.period // 4, received_at=0, verdict="", public=False, size=0)
