"""Units and years of obligation: holdings, lots, certificates, disposals, collateral, outlook, reductions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from fractions import Fraction
from functools import partial
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict
from pydantic import Field as Bounded
from sqlalchemy import Connection

from api import paging, present, present_quota
from api import quota_schemas as schemas
from api.access import STATUTORY, Caller
from api.answers import answer
from api.certificates import certificate
from api.outlooks import CHINA, outlook_of
from api.paging import Cursor, Limit
from api.problems import Problem
from api.routes.common import (
    HEX_ID,
    Id,
    MemberId,
    OfMember,
    OfYear,
    Year,
    missing,
    of_member,
    origin_of,
    router,
    write_reads,
)
from api.routes.compute import json_body, require_json
from api.schemas import Member, Page
from api.service import Body, CallerOf, Service
from api.sight import Basis, Sight
from carbonledger.accounting import inputs
from carbonledger.quota import text as outlook_text
from carbonledger.quota.outlook import MOST, WhatIf, calendar, outlook
from carbonledger.records import position_id
from carbonledger.reduction import text as reduction_text
from carbonledger.reduction.reduce import reduce
from ledger_node.queries import members, planning, quota, records
from ledger_node.queries.once import settle
from ledger_node.queries.planning import Planning
from ledger_node.queries.records import Kept
from ledger_node.reports import certificate as paper
from ledger_node.reports import pdf
from ledger_node.reports.options import Language, Name

Sector = Annotated[Literal["power", "industry"], Query(description="Whose calendar is shown")]
Form = Annotated[Literal["json", "pdf"], Query(alias="format", description="pdf is PDF/A-3a and carries the file")]
InLanguage = Annotated[Language, Query(description="Of the PDF")]
_JSON: Final[dict[str, Any]] = {"application/json": {"schema": {"type": "object"}}}
_PDF: Final[dict[str, Any]] = {pdf.MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}
_CERTIFICATE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The certificate (docs/formats/title.md)", "content": {**_JSON, **_PDF}}
}


class Planned(BaseModel):
    """The body of an entry."""

    model_config = ConfigDict(extra="forbid", strict=True)

    tonnes: int = Bounded(ge=0, le=MOST)


def of(service: Service) -> APIRouter:
    """The router."""
    found = router("quota")
    _units(found, service)
    _years(found, service)
    _computing(found)
    return found


def _units(found: APIRouter, service: Service) -> None:
    @found.get("/members/{member}/holdings", operation_id="listHoldings", response_model=schemas.Holdings)
    def list_holdings(request: Request, caller: CallerOf, member: MemberId) -> Response:
        """What a member holds: by class, by lot, by state, in the last block of the view; by its consent."""
        with service.engine.connect() as connection:
            _known_member(connection, member)
            basis = of_member(connection, caller, member)
            head = records.head(connection)
            held = quota.holdings(connection, member)
        write_reads(service, caller, [(member, "list of holdings", basis)])
        document = present_quota.holdings(member, None if head is None else head[0], held)
        return answer(request, document, private=True)

    @found.get("/lots/{lot}", operation_id="getLot", response_model=schemas.LotDetail)
    def get_lot(request: Request, caller: CallerOf, lot: Id) -> Response:
        """A lot: its origin, the holders that this caller is told of, how many units have ended."""
        with service.engine.connect() as connection:
            kept = _known_lot(connection, lot)
            holders = quota.holders(connection, lot)
            told = _told(connection, caller, holders)
            tally = records.one(connection, "tally", lot)
        write_reads(service, caller, told.values())
        document = schemas.LotDetail(
            lot=present_quota.lot(kept),
            holders=[
                schemas.Holder(member=p["member"], states=present_quota.states(p))
                for p in holders
                if p["member"] in told
            ],
            withheld=present_quota.tonnes(
                sum(int(p[state]) for p in holders if p["member"] not in told for state in quota.STATES)
            ),
            surrendered=present_quota.tonnes(0 if tally is None else tally["surrendered"]),
            cancelled=present_quota.tonnes(0 if tally is None else tally["cancelled"]),
            carried=present_quota.tonnes(0 if tally is None else tally["carried"]),
        )
        return answer(request, document, private=True)

    @found.get("/lots/{lot}/history", operation_id="listLotHistory", response_model=Page[schemas.LotEntry])
    def list_lot_history(
        request: Request, caller: CallerOf, lot: Id, limit: Limit = paging.DEFAULT, cursor: Cursor = None
    ) -> Response:
        """All that the ledger wrote of a lot, from its issue on: positions of its holders, and what ended.

        Of holders that this caller is not told of, it says when their positions changed.
        """
        with service.engine.connect() as connection:
            _known_lot(connection, lot)
            written = quota.history(connection, lot, after=paging.decode(cursor), limit=limit + 1)
            times = records.times(connection, [entry.block_number for entry in written])
            items, following = paging.cut(written, limit)
            told = _told(connection, caller, [kept for kept in items if kept.kind == "position"])
        write_reads(service, caller, told.values())
        page = Page[schemas.LotEntry](
            items=[
                present_quota.entry(
                    kept, times[kept.block_number], kept.kind == "lot" or kept.fields.get("member") in told
                )
                for kept in items
            ],
            next=following,
        )
        return answer(request, page, private=True, headers=paging.link(request, following))

    @found.get("/lots/{lot}/title", operation_id="getTitle", responses=_CERTIFICATE)
    def get_title(
        request: Request,
        caller: CallerOf,
        lot: Id,
        holder: Annotated[str, Query(pattern=HEX_ID, description="Member id, hex")],
        form: Form = "json",
        language: InLanguage = "zh",
    ) -> Response:
        """A certificate of title: who holds how many units of the lot, proven against the last block of the view."""
        with service.engine.connect() as connection:
            _known_lot(connection, lot)
            identifier = position_id(bytes.fromhex(holder), bytes.fromhex(lot)).hex()
            position = records.one(connection, "position", identifier)
            if position is None or not any(int(position[state]) for state in quota.STATES):
                raise missing("units of this holder in the lot", holder)
            told = _told(connection, caller, [position])
            if not told:
                of_member(connection, caller, holder)
            content = certificate(service, connection, "title", position)
        write_reads(service, caller, told.values())
        return _certified(request, service, content, f"title-{lot[:8]}-{holder[:8]}", form, language, private=True)

    @found.get("/disposals/{disposal}/certificate", operation_id="getCertificate", responses=_CERTIFICATE)
    def get_certificate(request: Request, disposal: Id, form: Form = "json", language: InLanguage = "zh") -> Response:
        """A certificate of retirement: that units have ended, for what and for whom; it verifies offline."""
        with service.engine.connect() as connection:
            kept = quota.disposal(connection, disposal)
            if kept is None or present_quota.disposal(kept).certificate is None:
                raise missing("disposal that ended units", disposal)
            content = certificate(service, connection, "retirement", kept)
        return _certified(request, service, content, f"retirement-{disposal[:8]}", form, language, private=False)

    @found.get("/members/{member}/disposals", operation_id="listDisposals", response_model=Page[schemas.Disposal])
    def list_disposals(
        request: Request, caller: CallerOf, member: MemberId, limit: Limit = paging.DEFAULT, cursor: Cursor = None
    ) -> Response:
        """Surrenders, cancellations and carry-overs of a member, with their certificates; by its consent."""
        with service.engine.connect() as connection:
            _known_member(connection, member)
            basis = of_member(connection, caller, member)
            kept = quota.disposals(connection, member, after=paging.decode(cursor), limit=limit + 1)
        items, following = paging.cut(kept, limit)
        write_reads(service, caller, [(member, "list of disposals", basis)])
        page = Page[schemas.Disposal](items=[present_quota.disposal(d) for d in items], next=following)
        return answer(request, page, private=True, headers=paging.link(request, following))

    @found.get("/members/{member}/collateral", operation_id="listCollateral", response_model=schemas.CollateralBook)
    def list_collateral(request: Request, caller: CallerOf, member: MemberId) -> Response:
        """A bank's pledges, and what they are worth at the last close; for the bank and statutory roles."""
        _own_or_statutory(caller, member)
        with service.engine.connect() as connection:
            _known_member(connection, member)
            document = collateral_book(connection, member)
        return answer(request, document, private=True)


def _years(found: APIRouter, service: Service) -> None:
    @found.get("/obligations", operation_id="listObligations", response_model=Page[schemas.Obligation])
    def list_obligations(
        request: Request,
        limit: Limit = paging.DEFAULT,
        cursor: Cursor = None,
        member: OfMember = None,
        year: OfYear = None,
    ) -> Response:
        """Years of obligation: what is owed, what met it, when it is due."""
        with service.engine.connect() as connection:
            kept = quota.years(connection, member=member, year=year, after=paging.decode(cursor), limit=limit + 1)
        items, following = paging.cut(kept, limit)
        page = Page[schemas.Obligation](items=[present_quota.obligation(y) for y in items], next=following)
        return answer(request, page, headers=paging.link(request, following))

    @found.get(
        "/members/{member}/outlook",
        operation_id="getMemberOutlook",
        responses={200: {"description": "The outlook (docs/quota.md)", "content": _JSON}},
    )
    def get_member_outlook(
        request: Request,
        caller: CallerOf,
        member: MemberId,
        year: Annotated[int, Query(ge=2019, le=9999, description="Year of the obligation")],
        sector: Sector = "industry",
        buy: Annotated[int | None, Query(ge=0, le=MOST, description="What if so many tonnes were bought")] = None,
        offsets: Annotated[int | None, Query(ge=0, le=MOST, description="What if so many offsets were bought")] = None,
        abate: Annotated[
            int | None, Query(ge=0, le=MOST, description="What if so many tonnes were not emitted")
        ] = None,
    ) -> Response:
        """Position, forecast, shortfall and cost of a member's year; for the member and statutory roles."""
        _own_or_statutory(caller, member)
        asked = None
        if buy is not None or offsets is not None or abate is not None:
            asked = WhatIf(buy or 0, offsets or 0, Fraction((abate or 0) * 10**6))
        with service.engine.connect() as connection:
            _known_member(connection, member)
            made = outlook_of(service, connection, member, year, sector=sector, what_if=asked)
        return answer(request, made.json(), private=True)

    @found.put(
        "/members/{member}/planning-quota/{year}",
        operation_id="enterPlanningQuota",
        response_model=schemas.PlanningQuota,
        openapi_extra=json_body(Planned.model_json_schema(), "Tonnes that the enterprise plans with"),
    )
    def enter_planning_quota(request: Request, caller: CallerOf, member: MemberId, year: Year, body: Body) -> Response:
        """Enter a quota to plan with until the issued one is on the chain; what was entered before is kept."""
        require_json(request)
        if caller.member != member:
            raise Problem("not-allowed", "Only the enterprise itself plans.", expected=member, found=caller.reader)
        fields = inputs.parse(body).fields(("tonnes",))
        entry = Planning(fields["tonnes"].integer(0, MOST), service.now(), caller.reader)
        with service.engine.connect() as connection:
            _known_member(connection, member)
        kept = settle(service.engine, partial(planning.enter, member=member, year=year, entry=entry))
        tonnes = present_quota.tonnes(kept.tonnes)
        document = schemas.PlanningQuota(member=member, year=year, tonnes=tonnes, at=present.time(kept.at), by=kept.by)
        return answer(request, document, private=True)


def _computing(found: APIRouter) -> None:
    outlook_form, reduction_form = (
        {key: value for key, value in schema.items() if key not in ("$id", "$schema")}
        for schema in (outlook_text.schema(), reduction_text.schema())
    )

    @found.post(
        "/outlook",
        operation_id="computeOutlook",
        responses={200: {"description": "The outlook (docs/quota.md)", "content": _JSON}},
        openapi_extra=json_body(outlook_form, "Outlook document"),
    )
    def compute_outlook(request: Request, body: Body) -> Response:
        """Position, forecast, shortfall, cost and what-if of a year: what `carbonledger outlook` answers."""
        require_json(request)
        return Response(outlook(body).json(), media_type="application/json")

    @found.get("/outlook/schema", operation_id="getOutlookSchema", responses=_SCHEMA)
    def get_outlook_schema(request: Request) -> Response:
        """JSON Schema (2020-12) of the outlook document."""
        content = json.dumps(outlook_text.schema()).encode()
        return answer(request, content, media_type="application/schema+json")

    @found.post(
        "/reductions",
        operation_id="computeReduction",
        responses={200: {"description": "The statement with its digest (docs/quota.md)", "content": _JSON}},
        openapi_extra=json_body(reduction_form, "Reduction document"),
    )
    def compute_reduction(request: Request, body: Body) -> Response:
        """What a project reduced in a period, step by step: what `carbonledger reduce` answers."""
        require_json(request)
        return Response(reduce(body).json(), media_type="application/json")

    @found.get("/reductions/schema", operation_id="getReductionSchema", responses=_SCHEMA)
    def get_reduction_schema(request: Request) -> Response:
        """JSON Schema (2020-12) of the reduction document."""
        content = json.dumps(reduction_text.schema()).encode()
        return answer(request, content, media_type="application/schema+json")


_SCHEMA: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "JSON Schema", "content": {"application/schema+json": {"schema": {}}}}
}


def collateral_book(connection: Connection, bank: str) -> schemas.CollateralBook:
    """All pledges to a bank; what has no close is counted apart."""
    rows = []
    for pledge in quota.pledges_to(connection, bank):
        lot = quota.lot(connection, pledge["lot"])
        if lot is None:
            continue  # an offer of a lot that is none; it can never be in force
        close = quota.last_close(connection, quota.class_id(lot["kind"], lot["vintage"], lot["project"]))
        rows.append((pledge, present_quota.collateral(pledge, lot, close)))
    held = sum(int(pledge["held"]) for pledge, _ in rows)
    value = sum(int(row.value.value) for _, row in rows if row.value is not None)
    unpriced = sum(int(pledge["held"]) for pledge, row in rows if row.value is None)
    return schemas.CollateralBook(
        bank=bank,
        pledges=[row for _, row in rows],
        held=present_quota.tonnes(held),
        value=present_quota.fen(value),
        unpriced=present_quota.tonnes(unpriced),
    )


def quota_screen(
    service: Service,
    connection: Connection,
    caller: Caller,
    member: Member,
    year: int | None,
    sector: Literal["power", "industry"],
) -> dict[str, Any]:
    """What the page of a member shows this caller, as the operations would answer it."""
    owed = quota.years(connection, member=member.id, year=None, after=None, limit=paging.MOST)
    head = records.head(connection)
    holdings = outlook_shown = book = None
    basis = Sight(connection, caller).of("consent", member.id)
    if basis is not None:
        held = quota.holdings(connection, member.id)
        holdings = present_quota.holdings(member.id, None if head is None else head[0], held)
        write_reads(service, caller, [(member.id, "list of holdings", basis)])
    own = caller.member == member.id or caller.role in STATUTORY
    latest = year or max((int(y["year"]) for y in owed), default=None)
    if own and "enterprise" in member.kinds and latest is not None:
        with suppress(Problem):  # a year whose rules nobody knows is shown without an outlook
            outlook_shown = outlook_of(service, connection, member.id, latest, sector=sector, what_if=None).to_json()
    if own and "bank" in member.kinds:
        book = collateral_book(connection, member.id)
    today = datetime.fromtimestamp(service.now() if head is None else head[1], CHINA).date()
    return {
        "book": book,
        "calendar": calendar(today, sector),
        "holdings": None if holdings is None else holdings.model_dump(),
        "outlook": outlook_shown,
        "states": quota.STATES,
        "years": sorted((present_quota.obligation(y) for y in owed), key=lambda y: -y.year),
    }


def _certified(
    request: Request, service: Service, content: bytes, name: str, form: str, language: Language, *, private: bool
) -> Response:
    """The file of a certificate, or the page that carries it."""
    headers = _attached(f"{name}.{form}")
    if form == "json":
        return answer(request, content, private=private, headers=headers)
    known = {bytes.fromhex(i): Name(n.zh, n.en, n.credit_code) for i, n in service.settings.names.items()}
    page = paper.make(content, language, known, origin_of(service, request))
    return answer(request, page, media_type=pdf.MEDIA_TYPE, private=private, headers=headers)


def _own_or_statutory(caller: Caller, member: str) -> None:
    if caller.member != member and caller.role not in STATUTORY:
        raise Problem("not-allowed", "This is for the member itself.", expected=member, found=caller.reader)


def _told(connection: Connection, caller: Caller, positions: Sequence[Kept]) -> dict[str, tuple[str, str, Basis]]:
    """Of which holders of these positions the caller is told: by member, what is written on its access log."""
    sight = Sight(connection, caller)
    found = ((str(position["member"]), sight.of_record(position)) for position in positions)
    return {member: (member, "position", basis) for member, basis in found if basis is not None}


def _known_member(connection: Connection, member: str) -> None:
    if members.member(connection, member) is None:
        raise missing("member", member)


def _known_lot(connection: Connection, lot: str) -> Kept:
    kept = quota.lot(connection, lot)
    if kept is None:
        raise missing("lot", lot)
    return kept


def _attached(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
