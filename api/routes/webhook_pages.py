"""The page of webhooks: what a member is told of, and how that went. What it changes, it changes by the operations."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response

from api.events import TYPES
from api.routes.common import router
from api.routes.webhooks import WebhookId, delivered, own, shown
from api.service import CallerOf, Service
from api.webhooks import MOST_WEBHOOKS
from ledger_node.queries import webhooks as kept

ON_PAGE: Final = 50


def of(service: Service) -> APIRouter:
    """The router."""
    found = router("pages", prefix="")

    @found.get("/webhooks", operation_id="pageWebhooks", include_in_schema=False)
    def page_webhooks(request: Request, caller: CallerOf) -> Response:
        sends = service.settings.hooks is not None
        return request.app.state.renderer.page(  # type: ignore[no-any-return]
            request, "webhooks.html", types=TYPES, sends=sends, twin="/v1/webhooks"
        )

    @found.get("/webhooks/list", operation_id="pageWebhooksList", include_in_schema=False)
    def page_webhooks_list(request: Request, caller: CallerOf) -> Response:
        with service.engine.connect() as connection:
            there = kept.of_member(connection, str(caller.member), caller.role)
        items = [] if service.settings.hooks is None else [shown(service.settings.hooks, one) for one in there]
        return request.app.state.renderer.page(  # type: ignore[no-any-return]
            request, "webhooks_list.html", hooks=items, most=MOST_WEBHOOKS, twin=None
        )

    @found.get("/webhooks/{webhook}/deliveries", operation_id="pageWebhookDeliveries", include_in_schema=False)
    def page_webhook_deliveries(request: Request, caller: CallerOf, webhook: WebhookId) -> Response:
        with service.engine.connect() as connection:
            own(connection, caller, webhook)
            there = kept.deliveries(connection, webhook, state=None, before=None, limit=ON_PAGE)
            attempts = kept.attempts(connection, [one.number for one in there])
        items = [delivered(one, attempts[one.number]) for one in there]
        return request.app.state.renderer.page(  # type: ignore[no-any-return]
            request, "webhook_deliveries.html", webhook=webhook, items=items, twin=None
        )

    return found
