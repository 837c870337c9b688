"""What banks come for: how an enterprise stands, disclosures of supported loans; and who asked, for the enterprise."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy import Connection

from api import loan_schemas, paging, portfolios, present, present_loans, schemas, standing
from api.access import STATUTORY, Caller
from api.answers import answer
from api.paging import Cursor, Limit
from api.problems import Problem
from api.routes.common import HEX_ID, Id, MemberId, missing, origin_of, router, write_reads
from api.routes.compute import json_body, require_json
from api.routes.members import id_of
from api.service import Body, CallerOf, Service
from api.sight import Basis, Sight
from carbonledger import jcs
from carbonledger.loans import library, schema
from carbonledger.loans.disclose import disclose
from ledger_node.portfolio import sheet
from ledger_node.queries import access, loans
from ledger_node.queries import standing as queries
from ledger_node.queries.once import settle
from ledger_node.queries.records import Kept
from ledger_node.reports import disclosure

Form = Literal["json", "pdf", "xlsx"]
CreditCode = Annotated[
    str,
    Path(
        pattern="^([0-9a-f]{64}|[0-9A-Z]{18})$", description="Unified social credit code (or id of the member in hex)"
    ),
]
_ANY: Final[dict[str, Any]] = {"application/schema+json": {"schema": {}}}


def of(service: Service) -> APIRouter:
    """The router."""
    found = router("loans")
    form = {key: value for key, value in schema.disclosure_document().items() if key not in ("$id", "$schema")}

    @found.get("/enterprises/{credit_code}/standing", operation_id="getStanding", response_model=loan_schemas.Standing)
    def get_standing(request: Request, caller: CallerOf, credit_code: CreditCode) -> Response:
        """How an enterprise stands: code, grades, quota, pledges, loans, each with why. Written on its access log."""
        document = read_standing(service, caller, id_of(credit_code), credit_code)
        return answer(request, document, private=True)

    @found.get("/loans", operation_id="listLoans", response_model=schemas.Page[loan_schemas.Loan])
    def list_loans(
        request: Request,
        caller: CallerOf,
        limit: Limit = paging.DEFAULT,
        cursor: Cursor = None,
        borrower: Annotated[str | None, Query(pattern=HEX_ID, description="Only to this member")] = None,
        live: Annotated[
            bool | None, Query(description="Only those that have not ended, or only those that have")
        ] = None,
    ) -> Response:
        """A bank's own loans, a borrower's own, all for statutory readers; as the chain last wrote them."""
        everything = caller.role in STATUTORY
        bank = caller.member if caller.role == "bank" else None
        to = borrower if everything or bank is not None else str(caller.member)
        with service.engine.connect() as connection:
            there = loans.page(
                connection, borrower=to, bank=bank, live=live, after=paging.decode(cursor), limit=limit + 1
            )
            items, following = paging.cut(there, limit)
            shown = seen(connection, caller, items if borrower in (None, to) else [])
        note(service, caller, shown)
        page = schemas.Page[loan_schemas.Loan](items=[present_loans.loan(one) for one, _ in shown], next=following)
        return answer(request, page, private=True, headers=paging.link(request, following))

    @found.get("/loans/{loan}", operation_id="getLoan", response_model=loan_schemas.LoanDetail)
    def get_loan(request: Request, caller: CallerOf, loan: Id) -> Response:
        """A loan with its project, the project's check-ups, and the support behind it."""
        with service.engine.connect() as connection:
            kept = loans.loan(connection, loan)
            shown = [] if kept is None else seen(connection, caller, [kept])
            project = None if kept is None else loans.project(connection, kept["project"])
            if kept is None or project is None or not shown:
                raise missing("loan", loan)  # that there is another bank's loan of this id is not told either
            check = seen(connection, caller, loans.checks(connection, kept))
            supports = seen(connection, caller, loans.supports(connection, kept))
            document = loan_schemas.LoanDetail(
                loan=present_loans.loan(kept),
                project=present_loans.project(project),
                checkups=[
                    present_loans.checkup(one) for one, _ in seen(connection, caller, loans.checkups(connection, kept))
                ],
                check=present_loans.check(check[0][0]) if check else None,
                support=[present_loans.support(one) for one, _ in supports],
            )
        note(service, caller, shown)
        return answer(request, document, private=True)

    @found.get(
        "/members/{member}/accesses",
        operation_id="listMemberAccesses",
        response_model=schemas.Page[schemas.AccessRead],
    )
    def list_member_accesses(
        request: Request,
        caller: CallerOf,
        member: MemberId,
        limit: Limit = paging.DEFAULT,
        before: Annotated[int | None, Query(ge=1, lt=1 << 31, description="Only reads below this number")] = None,
    ) -> Response:
        """Who read an enterprise's data, newest first, and on what basis: for itself, and for regulators."""
        if caller.member != member and caller.role != "regulator":
            raise Problem("not-allowed", "An access log is for its own enterprise and for regulators.")
        with service.engine.connect() as connection:
            reads = access.reads(connection, member, before=before, limit=limit + 1)
        following = None if len(reads) <= limit else str(reads[limit - 1].number)
        headers = {}
        if following is not None:
            url = request.url.include_query_params(before=following)
            headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
        page = schemas.Page[schemas.AccessRead](items=[access_read(read) for read in reads[:limit]], next=following)
        return answer(request, page, private=True, headers=headers)

    @found.post(
        "/loan-disclosures",
        operation_id="discloseLoans",
        response_class=Response,
        responses={
            200: {
                "description": "The disclosure (docs/loans.md), as JSON, PDF/A-3 or XLSX",
                "content": {
                    "application/json": {"schema": {"type": "object"}},
                    **{disclosure.MEDIA_TYPES[name]: {"schema": {"type": "string"}} for name in ("pdf", "xlsx")},
                },
            }
        },
        openapi_extra=json_body(form, "Quarterly disclosure of supported loans"),
    )
    def disclose_loans(
        request: Request,
        body: Body,
        format: Annotated[Form, Query(description="Form of the answer")] = "json",
        language: Annotated[Literal["zh", "en"], Query(description="Language of PDF and XLSX")] = "zh",
    ) -> Response:
        """A bank's quarterly disclosure and the ledger behind it: what `carbonledger disclose` answers."""
        require_json(request)
        if format == "json":
            return Response(disclose(body, library.tools()).json(), media_type="application/json")
        name = f"disclosure.{format}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        made = disclosure.make(body, format, language, origin_of(service, request))
        return Response(made, media_type=disclosure.MEDIA_TYPES[format], headers=headers)

    @found.get(
        "/loan-disclosures/schema",
        operation_id="getLoanDisclosureSchema",
        responses={200: {"description": "JSON Schema", "content": _ANY}},
    )
    def get_loan_disclosure_schema(request: Request) -> Response:
        """JSON Schema (2020-12) of the input of `POST /v1/loan-disclosures`."""
        return answer(request, json.dumps(schema.disclosure_document()).encode(), media_type="application/schema+json")

    @found.get(
        "/loan-disclosures/{document}",
        operation_id="getLoanDisclosure",
        response_model=schemas.Page[loan_schemas.FiledDisclosure],
    )
    def get_loan_disclosure(request: Request, document: Id) -> Response:
        """Who filed the disclosure of this digest, and whether it stands: for whoever holds a copy of it."""
        items = filed(service, document)
        if not items:
            raise missing("disclosure on the chain", document)
        return answer(request, schemas.Page[loan_schemas.FiledDisclosure](items=items, next=None))

    @found.post(
        "/portfolios",
        operation_id="answerPortfolio",
        response_class=Response,
        responses={
            200: {
                "description": "The portfolio with what is known of each enterprise (docs/loans.md)",
                "content": {
                    "application/json": {"schema": {"type": "object"}},
                    sheet.MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}},
                },
            }
        },
        openapi_extra={
            "requestBody": {
                "required": True,
                "description": "CSV (UTF-8 or GB 18030) or XLSX, the first row the titles (docs/loans.md)",
                "content": {
                    name: {"schema": {"type": "string", "format": "binary"}}
                    for name in ("text/csv", sheet.MEDIA_TYPE, "application/octet-stream")
                },
            }
        },
    )
    def answer_portfolio(
        request: Request,
        caller: CallerOf,
        body: Body,
        format: Annotated[Literal["json", "xlsx"], Query(description="Form of the answer")] = "json",
        language: Annotated[Literal["zh", "en"], Query(description="Language of the XLSX")] = "zh",
    ) -> Response:
        """Loans by credit code, answered with codes, grades, pledges, emissions and financed emissions.

        Rows that are wrong are told and left out. Each enterprise's access log says that it was read.
        """
        value, made = portfolios.answered(service, caller, body)
        if format == "json":
            return Response(jcs.encode(value), media_type="application/json", headers={"Cache-Control": "no-store"})
        headers = {"Content-Disposition": 'attachment; filename="portfolio.xlsx"', "Cache-Control": "no-store"}
        return Response(sheet.render(value, language, made), media_type=sheet.MEDIA_TYPE, headers=headers)

    return found


def seen(connection: Connection, caller: Caller, there: Sequence[Kept]) -> list[tuple[Kept, Basis]]:
    """Those of these records that the caller may see, and on what basis."""
    sight = Sight(connection, caller)
    return [(one, basis) for one in there if (basis := sight.of_record(one)) is not None]


def note(service: Service, caller: Caller, shown: Sequence[tuple[Kept, Basis]]) -> None:
    """Write down on the borrowers' access logs which loans were read."""
    write_reads(service, caller, [(str(one["member"]), "loan", basis) for one, basis in shown])


def filed(service: Service, document: str) -> list[loan_schemas.FiledDisclosure]:
    """The filings of a document, oldest first."""
    with service.engine.connect() as connection:
        found = loans.disclosures_of(connection, document)
    return [
        loan_schemas.FiledDisclosure(
            id=one.record.id,
            bank=one.record["member"],
            tool=present.text_of(one.record["tool"]),
            year=one.record["year"],
            quarter=one.record["quarter"],
            document=one.record["document"],
            ledger=one.record["ledger"],
            published_at=present.time(one.record["publishedAt"]),
            late=bool(one.record["late"]),
            replaces=present.id_or_none(one.record["replaces"]),
            replaced_by=None if one.replaced_by is None else one.replaced_by["document"],
        )
        for one in found
    ]


def read_standing(service: Service, caller: Any, member: str, asked: str) -> loan_schemas.Standing:
    """The standing, read and written down; Problem 404 where there is no such member."""
    with service.engine.connect() as connection:
        found = queries.of(connection, member)
        if found is None:
            raise missing("member", asked)
        reader = standing.reader_of(connection, caller, found)
    document = standing.standing_of(reader, found, service.settings)
    written = partial(
        _write_down,
        at=service.now(),
        reader=caller.reader,
        owner=member,
        what=standing.told(reader),
        basis=reader.basis,
    )
    settle(service.engine, written)
    return document


def access_read(read: access.Read) -> schemas.AccessRead:
    """One read as a document."""
    return schemas.AccessRead(
        number=read.number, at=present.time(read.at), reader=read.reader, what=read.what, basis=read.basis
    )


def _write_down(connection: Connection, *, at: int, reader: str, owner: str, what: str, basis: str) -> None:
    access.write(connection, at=at, reader=reader, owner=owner, what=what, basis=basis)
