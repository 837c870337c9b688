"""Monitoring and verification: control plans, the verifier's findings, and which figures a document supports."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection

from api import paging, present, schemas
from api.access import Caller
from api.answers import answer
from api.keeping import bytes_of_artefact, keep_once
from api.paging import Cursor, Limit
from api.problems import Problem
from api.routes.common import Id, OfMember, OfYear, ReportId, missing, read_private, router
from api.routes.compute import json_body, require_json
from api.service import Body, CallerOf, Service
from carbonledger.mrv.control_plan import ControlPlan
from carbonledger.mrv.control_plan_schema import schema
from carbonledger.mrv.findings import Findings
from ledger_node.db.schema import record
from ledger_node.queries import access, artefacts, documents, records, reports
from ledger_node.queries.artefacts import Artefact
from ledger_node.queries.once import settle
from ledger_node.queries.records import Kept

CREATED: Final = 201
_JSON: Final[dict[str, Any]] = {"application/json": {"schema": {}}}


def of(service: Service) -> APIRouter:
    """The router."""
    found = router("evidence")

    @found.get(
        "/reports/{report}/findings",
        operation_id="getReportFindings",
        responses={200: {"description": "The findings document (docs/mrv.md)", "content": _JSON}},
    )
    def get_report_findings(request: Request, caller: CallerOf, report: ReportId) -> Response:
        """What the verifier found, check by check; its digest is in the report's record. Reads are written down."""
        with service.engine.connect() as connection:
            kept = artefacts.by_subject(connection, "findings", report)
            if kept is None:
                raise missing("findings document", report)
            read_private(service, connection, caller, kept)
            content = bytes_of_artefact(connection, kept)
        return answer(request, content, immutable=True, private=not kept.public)

    @found.post(
        "/reports/{report}/findings",
        operation_id="createReportFindings",
        status_code=CREATED,
        response_model=schemas.ArtefactLink,
        openapi_extra=json_body({}, "The findings document, canonical JSON (docs/mrv.md)"),
    )
    def create_report_findings(request: Request, caller: CallerOf, report: ReportId, body: Body) -> Response:
        """Hand in the findings document of a verification; refused unless its digest is the one on the chain."""
        require_json(request)
        stated = Findings.parse(body)
        with service.engine.connect() as connection:
            kept = reports.report(connection, report)
        if kept is None:
            raise missing("report", report)
        if caller.member != kept["verifier"]:
            raise Problem("not-allowed", "Only the report's verifier hands it in.", found=caller.reader)
        _require_digest(kept["findingsDigest"], hashlib.sha256(body).hexdigest(), "findings document")
        if stated.report.hex() != report:
            raise Problem("refused", "The document is of another report.", expected=report, found=stated.report.hex())
        return _created(request, service, _artefact("findings", report, kept, service.now(), body), body)

    @found.get("/control-plans", operation_id="listControlPlans", response_model=schemas.Page[schemas.ControlPlan])
    def list_control_plans(
        request: Request,
        limit: Limit = paging.DEFAULT,
        cursor: Cursor = None,
        member: OfMember = None,
        year: OfYear = None,
    ) -> Response:
        """Data-quality control plans, every version, in the order in which the chain last wrote them."""
        where = [record.c.kind == "controlplan"]
        where += [record.c.member == member] if member is not None else []
        where += [record.c.year == year] if year is not None else []
        with service.engine.connect() as connection:
            kept = records.page(connection, *where, after=paging.decode(cursor), limit=limit + 1)
        items, following = paging.cut(kept, limit)
        page = schemas.Page[schemas.ControlPlan](items=[present.control_plan(plan) for plan in items], next=following)
        return answer(request, page, headers=paging.link(request, following))

    @found.get("/control-plans/{plan}", operation_id="getControlPlan", response_model=schemas.ControlPlan)
    def get_control_plan(request: Request, plan: Id) -> Response:
        """One version of a control plan: whose, which, and who acknowledged or returned it."""
        with service.engine.connect() as connection:
            kept = _plan(connection, plan)
        return answer(request, present.control_plan(kept))

    @found.get(
        "/control-plans/{plan}/document",
        operation_id="getControlPlanDocument",
        responses={200: {"description": "The plan (carbonledger plan --schema)", "content": _JSON}},
    )
    def get_control_plan_document(request: Request, caller: CallerOf, plan: Id) -> Response:
        """The plan itself, for its owner, statutory roles and grantees; reads are written down."""
        with service.engine.connect() as connection:
            _plan(connection, plan)
            kept = artefacts.by_subject(connection, "control-plan", plan)
            if kept is None:
                raise missing("document of the control plan", plan)
            read_private(service, connection, caller, kept)
            content = bytes_of_artefact(connection, kept)
        return answer(request, content, immutable=True, private=not kept.public)

    @found.post(
        "/control-plans/{plan}/document",
        operation_id="createControlPlanDocument",
        status_code=CREATED,
        response_model=schemas.ArtefactLink,
        openapi_extra=json_body(schema(), "The plan in any layout; its canonical form has the digest on the chain"),
    )
    def create_control_plan_document(request: Request, caller: CallerOf, plan: Id, body: Body) -> Response:
        """Hand in a plan that is on the chain; refused unless its digest is the one filed."""
        require_json(request)
        parsed = ControlPlan.parse(body)
        with service.engine.connect() as connection:
            kept = _plan(connection, plan)
        if caller.member != kept["member"]:
            raise Problem("not-allowed", "Only the enterprise hands in its plan.", found=caller.reader)
        _require_digest(kept["planDigest"], parsed.digest.hex(), "control plan")
        content = parsed.json()
        return _created(request, service, _artefact("control-plan", plan, kept, service.now(), content), content)

    @found.get("/control-plan-schema", operation_id="getControlPlanSchema")
    def get_control_plan_schema(request: Request) -> dict[str, Any]:
        """JSON Schema of a control plan."""
        return schema()

    @found.get("/documents/{sha256}/uses", operation_id="listDocumentUses", response_model=schemas.DocumentUses)
    def list_document_uses(request: Request, caller: CallerOf, sha256: Id) -> Response:
        """Across enterprises: which figures a document supports in the bundles that this node has received."""
        with service.engine.connect() as connection:
            uses = documents.uses(connection, sha256)
        _tell(service, caller, sha256, {use.member for use in uses})
        places = {(u.member, u.line, u.item, u.year, u.month) for u in uses if not u.outdated}
        items = [
            schemas.DocumentUse(
                member=use.member,
                report=use.report,
                line=use.line,
                item=use.item,
                year=use.year,
                month=use.month,
                entry=use.entry,
                document=use.document,
                purpose=use.purpose,
                number=use.number,
                replaced=use.outdated,
            )
            for use in uses
        ]
        document = schemas.DocumentUses(
            sha256=sha256, figures=len(places), members=len({place[0] for place in places}), items=items
        )
        return answer(request, document, private=True)

    return found


def _plan(connection: Connection, identifier: str) -> Kept:
    kept = records.one(connection, "controlplan", identifier)
    if kept is None:
        raise missing("control plan", identifier)
    return kept


def _require_digest(expected: str, found: str, what: str) -> None:
    if expected != found:
        raise Problem("refused", f"The {what} is not the one on the chain.", expected=expected, found=found)


def _artefact(kind: str, subject: str, of: Kept, now: int, content: bytes) -> Artefact:
    digest = hashlib.sha256(content).hexdigest()
    return Artefact(digest, kind, subject, of["member"], of["year"], now, "VALID", False, len(content))


def _created(request: Request, service: Service, what: Artefact, content: bytes) -> Response:
    kept = settle(service.engine, partial(keep_once, what=what, content=content))
    link = present.artefact(kept)
    return answer(request, link, status=CREATED, private=True, headers={"Location": link.href})


def _tell(service: Service, caller: Caller, sha256: str, owners: set[str]) -> None:
    """Each owner sees that somebody asked for the uses of a document of its."""

    def write(connection: Connection) -> None:
        for owner in sorted(owners - {caller.member}):
            what = f"uses of document {sha256}"
            access.write(connection, at=service.now(), reader=caller.reader, owner=owner, what=what, basis="statutory")

    if owners:
        settle(service.engine, write)
