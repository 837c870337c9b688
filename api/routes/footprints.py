"""Product footprints: computing a document, publishing what it says."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy import Connection

from api import pact, present
from api.answers import answer
from api.idempotency import IdempotencyKey, once
from api.problems import Problem
from api.routes.common import HEX_ID, missing, router
from api.routes.compute import json_body, require_json
from api.service import Body, CallerOf, Service
from carbonledger.accounting import inputs
from carbonledger.identifiers import member_id
from carbonledger.product.footprint import canonical, footprint
from carbonledger.product.result import Footprint
from carbonledger.product.schema import footprint_document
from ledger_node.queries import footprints, records, reports
from ledger_node.queries import pact as kept_events
from ledger_node.queries.once import settle

_OBJECT: dict[str, Any] = {"application/json": {"schema": {"type": "object"}}}


def of(service: Service) -> APIRouter:
    """The router."""
    found = router("footprints")
    schema = footprint_document(service.rule_sets)

    @found.post(
        "/footprint",
        operation_id="calculateFootprint",
        responses={200: {"description": "Footprints (docs/product.md)", "content": _OBJECT}},
        openapi_extra=json_body({"type": "object"}, "Footprint document"),
    )
    def calculate_footprint(request: Request, body: Body) -> Response:
        """Product carbon footprints of a document: what `carbonledger footprint` answers."""
        require_json(request)
        return Response(footprint(body, service.rule_sets, service.factors).json(), media_type="application/json")

    @found.get(
        "/footprint/schema",
        operation_id="getFootprintSchema",
        responses={200: {"description": "JSON Schema", "content": {"application/schema+json": {"schema": {}}}}},
    )
    def get_footprint_schema(request: Request) -> Response:
        """JSON Schema (2020-12) of the footprint document."""
        return answer(request, json.dumps(schema).encode(), media_type="application/schema+json")

    @found.post(
        "/footprints",
        operation_id="publishFootprints",
        status_code=201,
        responses={201: {"description": "ProductFootprints as published", "content": _OBJECT}},
        openapi_extra=json_body({"type": "object"}, "Footprint document"),
    )
    def publish_footprints(
        request: Request,
        caller: CallerOf,
        body: Body,
        public: Annotated[bool, Query(description="To every member")] = False,
        to: Annotated[list[Annotated[str, Query(pattern=HEX_ID)]] | None, Query(max_length=200)] = None,
        idempotency_key: IdempotencyKey = None,
    ) -> Response:
        """Publish the footprints of a document's products, to all or to some members; the older ones are deprecated."""
        require_json(request)
        readers, host = to or [], request.url.netloc

        def do() -> Response:
            node = inputs.parse(body)
            result = footprint(node, service.rule_sets, service.factors)
            now = service.now()
            with service.engine.connect() as connection:
                _check(connection, result, caller.member)

            def keep(connection: Connection) -> list[dict[str, Any]]:
                content = canonical(node.value)
                footprints.keep_document(connection, result.digest.hex(), str(caller.member), now, content)
                kept = [
                    footprints.publish(connection, new, readers)
                    for new in footprints.of_result(result, now, public=public)
                ]
                ids = [item.id for item in kept]
                for reader in dict.fromkeys(readers):
                    kept_events.keep(connection, pact.outgoing(reader, pact.PUBLISHED, {"pfIds": ids}, host, now))
                return [pact.told(connection, item) for item in kept]

            data = settle(service.engine, keep)
            return answer(request, json.dumps({"data": data}).encode(), status=201, private=True)

        name = f"publishFootprints?{public}{sorted(readers)}"
        return once(service.engine, caller, name[:200], idempotency_key, body, service.now(), do)

    @found.get(
        "/footprints/{footprint}/document",
        operation_id="getFootprintDocument",
        responses={200: {"description": "The footprint document", "content": _OBJECT}},
    )
    def get_footprint_document(
        request: Request, caller: CallerOf, identifier: Annotated[str, Path(alias="footprint", max_length=36)]
    ) -> Response:
        """The document from which a footprint was computed, for its owner."""
        with service.engine.connect() as connection:
            kept = footprints.find(connection, identifier)
            content = None if kept is None else footprints.document(connection, kept.document)
        if kept is None or content is None:
            raise missing("footprint", identifier)
        if kept.member != caller.member:
            raise Problem("not-allowed", "A footprint's document is its owner's.")
        return answer(request, content, private=True)

    return found


def _check(connection: Connection, result: Footprint, member: str | None) -> None:
    """Problem unless the document is the caller's own, and its plant is the report that it names."""
    read = result.document
    owner = member_id(read.company.credit_code).hex()
    if owner != member:
        raise Problem(
            "not-allowed", "A footprint is published by its own company.", expected=member, found=owner,
            path="$.company.credit_code",
        )  # fmt: skip
    if read.report is None:
        return
    report = reports.report(connection, read.report.hex())
    if report is None:
        raise Problem("refused", "The chain has no such report.", found=read.report.hex(), path="$.plant.report")
    wanted = {"member": owner, "year": read.period.year, "emission": str(result.plant.emission), "status": "approved"}
    told = {name: report[name] for name in ("member", "year")}
    told |= {"emission": str(report["emission"]), "status": present.report_status(report)}
    if told != wanted or not read.period.whole:
        raise Problem(
            "refused", "The plant's emission is not that of the approved report.", expected=wanted,
            found=told if read.period.whole else "a part of the year", path="$.plant.report",
        )  # fmt: skip
    current = records.of_member(connection, "current", owner, read.period.year)
    if current and current[-1]["reportId"] != report.id:
        raise Problem(
            "refused", "The report was replaced.", expected=current[-1]["reportId"], found=report.id,
            path="$.plant.report",
        )  # fmt: skip
