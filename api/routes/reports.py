"""Reports: who filed, verified and approved; their months, lines and bundles."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, get_args

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import Connection

from api import paging, present, schemas
from api.access import Caller, basis_of, sees_emission
from api.answers import answer
from api.keeping import bytes_of_artefact
from api.paging import Cursor, Limit
from api.routes.common import (
    Id,
    OfMember,
    OfYear,
    ReportId,
    bytes_of,
    missing,
    origin_of,
    read_private,
    router,
)
from api.service import CallerOf, Service
from carbonledger import numbered
from ledger_node.queries import activity, artefacts, records, reports
from ledger_node.queries.records import Kept
from ledger_node.reports import make
from ledger_node.reports.options import Language, Name, Options, Period, View

Status = Literal["filed", "verified", "approved", "returned-by-verifier", "returned-by-regulator", "replaced"]
_NUMBERS: Final = numbered.numbers(numbered.REPORT_STATUS)
assert set(get_args(Status)) == set(_NUMBERS)


def of(service: Service) -> APIRouter:
    """The router."""
    found = router("reports")

    @found.get("/reports", operation_id="listReports", response_model=schemas.Page[schemas.Report])
    def list_reports(
        request: Request,
        caller: CallerOf,
        limit: Limit = paging.DEFAULT,
        cursor: Cursor = None,
        member: OfMember = None,
        year: OfYear = None,
        status: Annotated[Status | None, Query(description="Only reports of this status")] = None,
    ) -> Response:
        """Annual reports, in the order in which the chain last wrote them."""
        with service.engine.connect() as connection:
            kept = reports.reports(
                connection,
                member=member,
                year=year,
                status=None if status is None else _NUMBERS[status],
                after=paging.decode(cursor),
                limit=limit + 1,
            )
            items, following = paging.cut(kept, limit)
            page = schemas.Page[schemas.Report](
                items=[report_document(connection, caller, report) for report in items], next=following
            )
        return answer(request, page, headers=paging.link(request, following))

    @found.get("/reports/{report}", operation_id="getReport", response_model=schemas.Report)
    def get_report(request: Request, caller: CallerOf, report: ReportId) -> Response:
        """One report."""
        with service.engine.connect() as connection:
            kept = _known(connection, report)
            document = report_document(connection, caller, kept)
        return answer(request, document)

    @found.get("/reports/{report}/months", operation_id="listReportMonths", response_model=schemas.Page[schemas.Month])
    def list_report_months(request: Request, report: ReportId) -> Response:
        """The monthly evidence of a report's year."""
        with service.engine.connect() as connection:
            kept = _known(connection, report)
            found_months = reports.months(connection, kept["member"], kept["year"])
        items = [present.month(month) for month in found_months]
        return answer(request, schemas.Page[schemas.Month](items=items, next=None))

    @found.get(
        "/reports/{report}/bundle",
        operation_id="getReportBundle",
        responses={200: {"description": "The bundle (docs/formats/bundle.md)", "content": _JSON}},
    )
    def get_report_bundle(request: Request, caller: CallerOf, report: ReportId) -> Response:
        """The report's bundle, which verifies offline; reads of a private one are written down."""
        with service.engine.connect() as connection:
            kept = artefacts.by_subject(connection, "report", report)
            if kept is None:
                raise missing("bundle", report)
            read_private(service, connection, caller, kept)
            content = bytes_of_artefact(connection, kept)
        name = f"report-{kept.year}-{report[:8]}.bundle.json"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return answer(request, content, immutable=True, private=not kept.public, headers=headers)

    @found.get(
        "/reports/{report}/document",
        operation_id="getReportDocument",
        response_class=Response,
        responses={200: {"description": "The document (docs/formats/report-document.md)", "content": _DOCUMENTS}},
    )
    def get_report_document(
        request: Request,
        caller: CallerOf,
        report: ReportId,
        form: Annotated[make.Form, Query(alias="format", description="pdf is PDF/A-3a")] = "pdf",
        view: Annotated[View, Query(description="GB, ISO 14064-1 or GHG Protocol")] = "gb",
        language: Annotated[Language, Query(description="Of the document")] = "zh",
        period: Annotated[
            str | None, Query(pattern=f"^{_PERIOD}$", description="2025, 2025-Q1 or 2025-03; default the report's year")
        ] = None,
    ) -> Response:
        """The report's document, made of its bundle for whoever may read that; reads of a private one are told."""
        with service.engine.connect() as connection:
            kept = artefacts.by_subject(connection, "report", report)
            if kept is None:
                raise missing("bundle", report)
            read_private(service, connection, caller, kept)
        when = None if period is None else Period.parse(period)
        named = {bytes.fromhex(i): Name(n.zh, n.en, n.credit_code) for i, n in service.settings.names.items()}
        options = Options(view, language, when, dict(sorted(named.items())), origin_of(service, request))

        def render() -> bytes:
            with service.engine.connect() as connection:
                bundle = bytes_of_artefact(connection, kept)
            return make.make(bundle, options, form)

        name = f"report-{when.text if when else kept.year}-{report[:8]}-{view}-{language}.{form}"
        return answer(
            request,
            render,
            media_type=make.MEDIA_TYPES[form],
            identity=make.identity(kept.sha256, options, form),
            private=not kept.public,
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    @found.get(
        "/artefacts/{sha256}",
        operation_id="getArtefact",
        response_class=Response,
        responses=bytes_of("application/octet-stream", "A bundle, or an audit package")
        | {200: {"description": "A bundle, or an audit package", "content": _JSON | _BYTES}},
    )
    def get_artefact(request: Request, caller: CallerOf, sha256: Id) -> Response:
        """An artefact by the SHA-256 of its bytes; reads of a private one are written down."""
        with service.engine.connect() as connection:
            kept = artefacts.by_digest(connection, sha256)
            if kept is None:
                raise missing("artefact", sha256)
            read_private(service, connection, caller, kept)
            content = bytes_of_artefact(connection, kept)
        package = kept.kind == "audit-package"
        name = f"{kept.kind}-{sha256[:8]}.{'zip' if package else 'bundle.json'}"
        return answer(
            request,
            content,
            media_type="application/octet-stream" if package else "application/json",
            immutable=True,
            private=not kept.public,
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    @found.get("/activity", operation_id="listActivity", response_model=schemas.Page[schemas.Line])
    def list_activity(
        request: Request,
        member: Annotated[str, Query(pattern="^[0-9a-f]{64}$", description="Whose activity")],
        year: OfYear = None,
        limit: Limit = paging.DEFAULT,
        cursor: Cursor = None,
    ) -> Response:
        """Activity lines of a member's reports, as they were filed; a page has the lines of `limit` reports."""
        with service.engine.connect() as connection:
            kept = reports.reports(connection, member=member, year=year, after=paging.decode(cursor), limit=limit + 1)
            items, following = paging.cut(kept, limit)
            lines = [
                present.line(report.id, line, service.units)
                for report in items
                for line in activity.lines_of(connection, report.id) or []
            ]
        page = schemas.Page[schemas.Line](items=lines, next=following)
        return answer(request, page, headers=paging.link(request, following))

    return found


_JSON: Final[dict[str, Any]] = {"application/json": {"schema": {}}}
_BYTES: Final[dict[str, Any]] = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
_DOCUMENTS: Final[dict[str, Any]] = {
    media: {"schema": {} if media == "application/json" else {"type": "string", "format": "binary"}}
    for media in make.MEDIA_TYPES.values()
}
_PERIOD: Final = "[12][0-9]{3}(-Q[1-4]|-(0[1-9]|1[0-2]))?"


def report_document(connection: Connection, caller: Caller, report: Kept) -> schemas.Report:
    """A report as this caller may see it."""
    pointer = records.of_member(connection, "current", report["member"], report["year"])
    kept = artefacts.by_subject(connection, "report", report.id)
    readable = kept is not None and basis_of(connection, caller, kept) is not None
    found = artefacts.by_subject(connection, "findings", report.id)
    may_read = found is not None and basis_of(connection, caller, found) is not None
    return present.report(
        report,
        in_force=any(current["reportId"] == report.id for current in pointer),
        emission=sees_emission(caller, present.report_status(report)),
        replaced_by=reports.replaced_by(connection, report),
        bundle=present.artefact(kept) if kept is not None and readable else None,
        findings=present.artefact(found) if found is not None and may_read else None,
    )


def _known(connection: Connection, identifier: str) -> Kept:
    kept = reports.report(connection, identifier)
    if kept is None:
        raise missing("report", identifier)
    return kept
