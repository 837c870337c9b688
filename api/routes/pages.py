"""Pages for people: they show what the JSON operations answer, and link them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, FastAPI, Query, Request, Response
from sqlalchemy import Connection
from starlette.responses import RedirectResponse

from api import credentials as shown_credentials
from api import market as shown
from api import present, present_assessment, problems, schemas
from api.access import MAY, Caller
from api.answers import answer
from api.keeping import bytes_of_artefact
from api.ledger import ledger_of
from api.notices import notices_of
from api.pages.market import market_screen
from api.pages.render import Renderer
from api.pages.screens import GradeTable, LedgerScreen, timeline
from api.problems import Problem
from api.routes.assessment import code_document, private, queue, spot_checks
from api.routes.common import HEX_ID, Id, ReportId, missing, read_private, router
from api.routes.compute import policy_value
from api.routes.credentials import CredentialId
from api.routes.loans import access_read, filed, read_standing
from api.routes.members import CodeOrId, id_of
from api.routes.quota import Sector, quota_screen
from api.routes.reports import report_document
from api.routes.seeing import time_of
from api.service import CallerOf, Service
from api.settings import wall_clock
from carbonledger.assessment.library import code_rules
from carbonledger.credential.did import did_of
from carbonledger.mrv.findings import Findings
from carbonledger.verify.context import committed_code_hashes
from ledger_node.assessment import kept as kept_documents
from ledger_node.assessment.inputs import ITSELF
from ledger_node.assessment.kept import CODE, GRADE
from ledger_node.queries import access, artefacts, market, members, records, reports
from ledger_node.queries import assessment as assessments
from ledger_node.queries import credentials as certificates

PAGES: Final = Path(__file__).parent.parent / "pages" / "templates"
ENTERPRISE: Final = 2
FOUND: Final = 20
OWN_PATH: Final = r"^/([!-.0-\[\]-~][!-\[\]-~]*)?$"
"""A path of this service: no second slash and no backslash, which a browser would take for another host."""
READS: Final = 200
RULE_ORDER: Final = ("failed", "points", "suppressed", "insufficient", "silent", "passed")


def of(service: Service, app: FastAPI) -> APIRouter:
    """The router."""
    found = router("pages", prefix="")
    renderer = Renderer(PAGES, service.settings.version)

    @found.get("/", operation_id="pageStart", include_in_schema=False)
    def page_start(request: Request, caller: CallerOf, q: Annotated[str, Query(max_length=80)] = "") -> Response:
        with service.engine.connect() as connection:
            counted = records.counts(connection, ("member", "device", "log", "anchor", "report", "ruleset"))
            head = records.head(connection)
            enterprises = _found(service, connection, q.strip())
        return renderer.page(
            request,
            "start.html",
            counts=counted,
            head=head,
            head_time=None if head is None else present.time(head[1]),
            members=enterprises,
            most=FOUND,
            q=q,
            twin="/v1/members?kind=enterprise",
        )

    @found.get("/find", operation_id="pageFind", include_in_schema=False)
    def page_find(request: Request, caller: CallerOf, q: Annotated[str, Query(max_length=80)] = "") -> Response:
        with service.engine.connect() as connection:
            enterprises = _found(service, connection, q.strip())
        if request.headers.get("hx-request") == "true":
            return renderer.page(request, "found.html", members=enterprises, most=FOUND, q=q, twin=None)
        if len(enterprises) == 1 and q.strip():
            return RedirectResponse(f"/ledger/{enterprises[0].id}", 303)
        return page_start(request, caller, q)

    @found.get("/sign-in", operation_id="pageSignIn", include_in_schema=False)
    def page_sign_in(to: Annotated[str, Query(pattern=OWN_PATH, max_length=500)] = "/") -> Response:
        return RedirectResponse(to, 303)

    @found.get("/market", operation_id="pageMarket", include_in_schema=False)
    def page_market(request: Request, instrument: Annotated[str | None, Query(pattern=HEX_ID)] = None) -> Response:
        with service.engine.connect() as connection:
            listed = market.instruments(connection)
            chosen = (
                next((k for k in listed if k.id == instrument), None) if instrument else listed[-1] if listed else None
            )
            if instrument and chosen is None:
                raise missing("instrument", instrument)
            screen = None if chosen is None else market_screen(service, connection, chosen)
            instruments = [shown.instrument(connection, kept) for kept in listed]
        twin = "/v1/market/instruments" if chosen is None else f"/v1/market/quotes?instrument={chosen.id}"
        template = "market_board.html" if request.headers.get("hx-request") == "true" and screen else "market.html"
        return renderer.page(request, template, instruments=instruments, s=screen, twin=twin)

    @found.get("/ledger/{member}", operation_id="pageLedger", include_in_schema=False)
    def page_ledger(
        request: Request,
        caller: CallerOf,
        member: CodeOrId,
        year: Annotated[int | None, Query(ge=1990, le=9999)] = None,
    ) -> Response:
        identifier = id_of(member)
        with service.engine.connect() as connection:
            kept = members.member(connection, identifier)
            if kept is None:
                raise missing("member", member)
            if year is None and not reports.years(connection, identifier):
                shown = present.member(kept, service.settings)
                twin = f"/v1/members/{identifier}"
                return renderer.page(request, "empty.html", member=shown, here="ledger", says="ledger.none", twin=twin)
            ledger = ledger_of(service, connection, caller, identifier, year).ledger
            names = _names(service, connection, ledger.report)
        screen = LedgerScreen(ledger, names, service.rule_sets, service.settings.policy is not None)
        twin = f"/v1/members/{identifier}/ledger/{ledger.year}"
        return renderer.page(
            request, "ledger.html", s=screen, ledger=ledger, report=ledger.report, names=names, twin=twin
        )

    @found.get("/reports/{report}", operation_id="pageReport", include_in_schema=False)
    def page_report(request: Request, caller: CallerOf, report: ReportId) -> Response:
        with service.engine.connect() as connection:
            kept = reports.report(connection, report)
            if kept is None:
                raise missing("report", report)
            document = report_document(connection, caller, kept)
            names = _names(service, connection, document)
            findings = _findings(service, connection, caller, document)
        return renderer.page(
            request,
            "report.html",
            report=document,
            findings=findings,
            names=names,
            course=timeline(document),
            has_policy=service.settings.policy is not None,
            rule_set=next((r for r in service.rule_sets if r.id.hex() == document.rule_set), None),
            twin=f"/v1/reports/{report}",
        )

    @found.get("/quota/{member}", operation_id="pageQuota", include_in_schema=False)
    def page_quota(
        request: Request,
        caller: CallerOf,
        member: CodeOrId,
        year: Annotated[int | None, Query(ge=2019, le=9999)] = None,
        sector: Sector = "industry",
    ) -> Response:
        identifier = id_of(member)
        with service.engine.connect() as connection:
            kept = members.member(connection, identifier)
            if kept is None:
                raise missing("member", member)
            shown = present.member(kept, service.settings)
            values = quota_screen(service, connection, caller, shown, year, sector)
            names = _members(
                service, connection, {p.member for p in values["book"].pledges} if values["book"] else set()
            )
        return renderer.page(
            request, "quota.html", member=shown, names=names, twin=f"/v1/members/{identifier}/holdings", **values
        )

    @found.get("/codes/{member}", operation_id="pageCode", include_in_schema=False)
    def page_code(request: Request, caller: CallerOf, member: CodeOrId) -> Response:
        identifier = id_of(member)
        with service.engine.connect() as connection:
            standing = assessments.code(connection, identifier)
            kept = members.member(connection, identifier)
            if kept is None:
                raise missing("member", member)
            if standing is None:
                shown = present.member(kept, service.settings)
                return renderer.page(
                    request, "empty.html", status=404, member=shown, here="code", says="code.none", twin=None
                )
            document = code_document(service, connection, standing)
            grades = [present_assessment.grade(g, standing) for g in assessments.grades(connection, identifier)]
            history = [present_assessment.assessment(a) for a in assessments.assessments(connection, identifier)]
            there = assessments.inspections(connection, identifier)
            cases = [present_assessment.inspection(i) for i in there]
            inspectors = _members(service, connection, {case.inspector for case in cases if case.inspector})
            latest = document.latest
            bundled = {
                one.subject
                for one in artefacts.of_member(connection, identifier)
                if one.kind in (kept_documents.CODE, kept_documents.GRADE)
            }
            made = None if latest is None else kept_documents.document(connection, latest.id)
            explained = None if made is None else readable(service, connection, caller, made)
            shown_now = [
                shown_credentials.credential(issued, service.now())
                for kind in (CODE, GRADE)
                for issued in certificates.latest(connection, identifier, ITSELF, kind, service.now())
            ]
        return renderer.page(
            request,
            "code.html",
            certificates=shown_now,
            code=document,
            member=present.member(kept, service.settings),
            graded=GradeTable.of(grades),
            history=history[::-1],
            cases=cases[::-1],
            inspectors=inspectors,
            bundled=bundled,
            explained=explained,
            told=[] if explained is None else told_rules(explained),
            kept=made is not None,
            rules=known_rules(),
            twin=f"/v1/codes/{identifier}",
        )

    @found.get("/check/{credential}", operation_id="pageCheck", include_in_schema=False)
    def page_check(request: Request, credential: CredentialId) -> Response:
        now = service.now()
        with service.engine.connect() as connection:
            issued = certificates.one(connection, credential)
            if issued is None:
                return renderer.page(request, "check.html", status=404, c=None, asked=credential, twin=None)
            kept = members.member(connection, issued.claim.member)
        return renderer.page(
            request,
            "check.html",
            c=shown_credentials.credential(issued, now),
            member=None if kept is None else present.member(kept, service.settings),
            issuer=did_of(issued.base_url),
            host=issued.base_url.partition("://")[2],
            at="" if service.settings.clock is wall_clock else now,  # a replayed clock is told; else the reader's own
            twin=f"/v1/credentials/{credential}",
        )

    @found.get("/disclosures/{document}", operation_id="pageDisclosure", include_in_schema=False)
    def page_disclosure(request: Request, document: Id) -> Response:
        items = filed(service, document)
        with service.engine.connect() as connection:
            names = _members(service, connection, {one.bank for one in items})
        twin = f"/v1/loan-disclosures/{document}" if items else None
        return renderer.page(request, "disclosure.html", document=document, items=items, names=names, twin=twin)

    @found.get("/inspections", operation_id="pageInspections", include_in_schema=False)
    def page_inspections(request: Request, caller: CallerOf) -> Response:
        with service.engine.connect() as connection:
            items, spot = queue(service, connection), spot_checks(service, connection)
            listed = {item.code.member for item in items} | {item.code.member for item in spot.items}
            found_members = [members.member(connection, one) for one in sorted(listed)]
        names = {m.id: present.member(m, service.settings) for m in found_members if m is not None}
        values: dict[str, Any] = {"items": items, "spot": spot, "names": names, "rules": known_rules()}
        return renderer.page(request, "inspections.html", twin="/v1/inspections", **values)

    @found.get("/verify", operation_id="pageVerify", include_in_schema=False)
    def page_verify(request: Request, caller: CallerOf, bundle: Annotated[str, Query(max_length=200)] = "") -> Response:
        policy = service.policy
        return renderer.page(
            request,
            "verify.html",
            policy=None if policy is None else policy_value(policy),
            policy_text="" if service.settings.policy is None else service.settings.policy.decode("utf-8"),
            code_hashes=committed_code_hashes(),
            bundle=bundle if bundle.startswith("/v1/") else "",
            twin="/v1/policy?format=json" if policy is not None else None,
        )

    @found.get("/banks", operation_id="pageBanks", include_in_schema=False)
    def page_banks(request: Request, caller: CallerOf) -> Response:
        return renderer.page(request, "banks.html", twin=None)

    @found.get("/banks/standing", operation_id="pageStanding", include_in_schema=False)
    def page_standing(
        request: Request, caller: CallerOf, credit_code: Annotated[str, Query(pattern="^[0-9A-Z]{18}$")]
    ) -> Response:
        document = read_standing(service, caller, id_of(credit_code), credit_code)
        return renderer.page(request, "standing.html", s=document, rules=known_rules(), twin=None)

    @found.get("/banks/accesses", operation_id="pageAccesses", include_in_schema=False)
    def page_accesses(request: Request, caller: CallerOf) -> Response:
        if caller.member is None:
            raise Problem("not-allowed", "This key acts for no member.")
        with service.engine.connect() as connection:
            reads = [access_read(read) for read in access.reads(connection, caller.member, before=None, limit=READS)]
            readers = {read.reader for read in reads}
            kept = [members.member(connection, reader) for reader in readers]
        names = {one.id: present.member(one, service.settings) for one in kept if one is not None}
        return renderer.page(request, "accesses.html", reads=reads, names=names, twin=None)

    def noticed(connection: Connection, caller: Caller) -> dict[str, Any]:
        if caller.member is None:
            return {"n": None, "names": {}}
        notices = notices_of(connection, caller, caller.member, time_of(service, connection))
        return {"n": notices, "names": _members(service, connection, notices.members)}

    @found.get("/notices", operation_id="pageNotices", include_in_schema=False)
    def page_notices(request: Request, caller: CallerOf) -> Response:
        with service.engine.connect() as connection:
            values = noticed(connection, caller)
        return renderer.page(request, "notices.html", twin="/v1/notifications", **values)

    @found.get("/notices/list", operation_id="pageNoticesList", include_in_schema=False)
    def page_notices_list(request: Request, caller: CallerOf) -> Response:
        if caller.member is None:
            raise Problem("not-allowed", "This key acts for no member.")
        with service.engine.connect() as connection:
            values = noticed(connection, caller)
        return renderer.page(request, "notices_list.html", twin=None, **values)

    @found.get("/api", operation_id="pageApi", include_in_schema=False)
    def page_api(request: Request, caller: CallerOf) -> Response:
        return renderer.page(request, "api.html", operations=_operations(app.openapi()), twin="/openapi.json")

    @found.get("/docs/problems.md", operation_id="getDocs", include_in_schema=False)
    def get_docs(request: Request) -> Response:
        return answer(request, problems.document().encode(), media_type="text/markdown; charset=utf-8")

    @found.get("/openapi.json", operation_id="getOpenApi", include_in_schema=False)
    def get_openapi(request: Request) -> Response:
        from api.app import openapi_bytes

        return answer(request, openapi_bytes(app))

    app.state.renderer = renderer
    return found


def readable(
    service: Service, connection: Connection, caller: Caller, made: kept_documents.Made
) -> dict[str, Any] | None:
    """The explain record of an assessment, where this reader may have it; a read is written down."""
    with suppress(Problem):
        read_private(service, connection, caller, private(made))
        return present_assessment.explained(made).explained
    return None


def told_rules(explained: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The rules that are printed on a code: what failed first, then what gave points, then the others, by id."""
    printed = [rule for rule in explained["rules"] if rule["printed"]]
    return sorted(printed, key=lambda rule: (RULE_ORDER.index(rule["status"]), rule["id"]))


def known_rules() -> dict[str, tuple[str, str]]:
    """Titles of the rules of the code by id, English and Chinese."""
    return {rule.id: rule.title for rules in code_rules() for rule in rules.rules}


def _found(service: Service, connection: Connection, q: str) -> list[schemas.Member]:
    """Enterprises of this code, id or part of a name; all of them without a question, the first ones of many."""
    if not q:
        kept = members.members(connection, kinds=ENTERPRISE, after=None, limit=FOUND)
        return [present.member(member, service.settings) for member in kept]
    wanted = {
        i
        for i, name in service.settings.names.items()
        if q.lower() in f"{name.zh} {name.en} {name.credit_code}".lower()
    }
    if len(q) in (18, 64):
        with suppress(Problem):
            wanted.add(id_of(q if len(q) == 64 else q.upper()))
    found = [members.member(connection, identifier) for identifier in sorted(wanted)[:FOUND]]
    return [present.member(member, service.settings) for member in found if member is not None]


def _members(service: Service, connection: Connection, identifiers: set[str]) -> dict[str, schemas.Member]:
    found = [members.member(connection, identifier) for identifier in sorted(identifiers)]
    return {member.id: present.member(member, service.settings) for member in found if member is not None}


def _names(service: Service, connection: Connection, report: schemas.Report | None) -> dict[str, schemas.Member]:
    """The members that a report names, by id."""
    if report is None:
        return {}
    named = {report.member, report.preparer, report.verifier, report.regulator} - {None}
    return _members(service, connection, {identifier for identifier in named if identifier})


def _findings(service: Service, connection: Connection, caller: Caller, report: schemas.Report) -> Findings | None:
    """What the verifier found, where this reader may see it; the read is written down as any other."""
    if report.findings is None:
        return None
    kept = artefacts.by_subject(connection, "findings", report.id)
    if kept is None:
        return None
    read_private(service, connection, caller, kept)
    return Findings.parse(bytes_of_artefact(connection, kept))


def _operations(document: dict[str, Any]) -> list[dict[str, str]]:
    return [
        {
            "method": method.upper(),
            "path": path,
            "id": operation["operationId"],
            "what": str(operation.get("description", "")).split("\n")[0],
            "open": "yes" if "public" in MAY[operation["operationId"]] else "",
        }
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
