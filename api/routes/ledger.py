"""The ledger of an enterprise by year."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from api import schemas
from api.answers import answer
from api.ledger import ledger_of
from api.routes.common import Year, router
from api.routes.members import CodeOrId, id_of
from api.service import CallerOf, Service


def of(service: Service) -> APIRouter:
    """The router."""
    found = router("ledger")

    @found.get("/members/{member}/ledger/{year}", operation_id="getLedger", response_model=schemas.Ledger)
    def get_ledger(request: Request, caller: CallerOf, member: CodeOrId, year: Year) -> Response:
        """Everything of an enterprise and a year: months, report, meters, logs, artefacts."""
        with service.engine.connect() as connection:
            shown = ledger_of(service, connection, caller, id_of(member), year)
        private = shown.opened is not None and not shown.opened.artefact.public
        return answer(request, shown.ledger, private=private)

    return found
