"""Webhooks: whom this node tells of events, how deliveries went, and delivering again."""

from __future__ import annotations

import json
from functools import partial
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy import Connection

from api import paging, present, webhooks
from api.access import Caller
from api.answers import answer
from api.event_schemas import LedgerEvent, Webhook, WebhookAttempt, WebhookDelivery, WebhookWithSecret
from api.events import TYPES
from api.hooks import Hooks
from api.outside import MOST_URL
from api.paging import Limit
from api.problems import Problem
from api.routes.common import missing, router
from api.routes.compute import json_body, require_json
from api.schemas import Page
from api.service import Body, CallerOf, Service
from api.webhooks import MOST_OVERLAP_S, OVERLAP_S
from carbonledger.accounting import inputs
from carbonledger.webhook import public_text
from ledger_node.queries import webhooks as kept
from ledger_node.queries.once import settle

CREATED, NO_CONTENT = 201, 204
PAUSED: Final = "paused by its member"
MOST_DESCRIPTION: Final = 200
WebhookId = Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="Id of a webhook")]
Number = Annotated[int, Path(ge=1, lt=1 << 31, description="Number of the delivery")]
_NEW: Final[dict[str, Any]] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["types", "url"],
    "properties": {
        "url": {"type": "string", "maxLength": MOST_URL, "description": "https://…, to a public address"},
        "types": {
            "type": "array",
            "minItems": 1,
            "maxItems": len(TYPES),
            "items": {"type": "string", "enum": list(TYPES)},
        },
        "description": {"type": "string", "minLength": 1, "maxLength": MOST_DESCRIPTION},
    },
}
_ROTATION: Final[dict[str, Any]] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "overlap_s": {
            "type": "integer",
            "minimum": 0,
            "maximum": MOST_OVERLAP_S,
            "description": f"How long the secret before signs too; {OVERLAP_S} where it is left out, 0 once it leaked",
        }
    },
}


def of(service: Service) -> APIRouter:
    """The router."""
    found = router("webhooks")

    @found.post(
        "/webhooks",
        operation_id="createWebhook",
        status_code=CREATED,
        response_model=WebhookWithSecret,
        openapi_extra=json_body(_NEW, "Where to post which events"),
    )
    def create_webhook(request: Request, caller: CallerOf, body: Body) -> Response:
        """Be told of events from now on (docs/webhooks.md). The secret is shown in this answer alone."""
        require_json(request)
        hooks = _hooks(service)
        fields = inputs.parse(body).fields(("types", "url"), ("description",))
        url = fields["url"].text(least=1, most=MOST_URL)
        types = [one.text() for one in fields["types"].items(least=1, most=len(TYPES))]
        if set(types) - set(TYPES) or len(set(types)) != len(types):
            raise Problem(
                "invalid-request",
                "types: each a type of event, once.",
                expected=", ".join(TYPES),
                found=", ".join(types)[:200],
                path="types",
            )
        described = fields["description"].text(least=1, most=MOST_DESCRIPTION) if "description" in fields else ""
        service.outside.require(url)
        make = partial(webhooks.create, caller=caller, url=url, types=types, description=described, now=service.wall())
        new = settle(service.engine, make)
        headers = {"Location": f"/v1/webhooks/{new.id}", "Cache-Control": "no-store"}
        return answer(request, _with_secret(hooks, new), status=CREATED, private=True, headers=headers)

    @found.get("/webhooks", operation_id="listWebhooks", response_model=Page[Webhook])
    def list_webhooks(request: Request, caller: CallerOf) -> Response:
        """The webhooks of the caller's member in its role."""
        hooks = _hooks(service)
        with service.engine.connect() as connection:
            items = [shown(hooks, one) for one in kept.of_member(connection, str(caller.member), caller.role)]
        return answer(request, Page[Webhook](items=items, next=None), private=True)

    @found.get("/webhooks/{webhook}", operation_id="getWebhook", response_model=Webhook)
    def get_webhook(request: Request, caller: CallerOf, webhook: WebhookId) -> Response:
        """One of them."""
        hooks = _hooks(service)
        with service.engine.connect() as connection:
            one = own(connection, caller, webhook)
        return answer(request, shown(hooks, one), private=True)

    @found.delete(
        "/webhooks/{webhook}",
        operation_id="deleteWebhook",
        status_code=NO_CONTENT,
        response_class=Response,
        responses={NO_CONTENT: {"description": "It is gone, and its deliveries with it"}},
    )
    def delete_webhook(caller: CallerOf, webhook: WebhookId) -> Response:
        """Be told no more."""
        with service.engine.begin() as connection:
            own(connection, caller, webhook)
            kept.remove(connection, webhook)
        return Response(status_code=NO_CONTENT)

    @found.post(
        "/webhooks/{webhook}/rotate",
        operation_id="rotateWebhookSecret",
        response_model=WebhookWithSecret,
        openapi_extra=json_body(_ROTATION, "How long both secrets sign"),
    )
    def rotate_webhook_secret(request: Request, caller: CallerOf, webhook: WebhookId, body: Body) -> Response:
        """A new secret and key; for a while messages carry the signatures of both."""
        require_json(request)
        hooks = _hooks(service)
        fields = inputs.parse(body).fields((), ("overlap_s",))
        overlap_s = fields["overlap_s"].integer(0, MOST_OVERLAP_S) if "overlap_s" in fields else OVERLAP_S
        with service.engine.begin() as connection:
            own(connection, caller, webhook)
            kept.rotate(connection, webhook, service.wall() + overlap_s)
            one = own(connection, caller, webhook)
        return answer(request, _with_secret(hooks, one), private=True, headers={"Cache-Control": "no-store"})

    @found.post("/webhooks/{webhook}/pause", operation_id="pauseWebhook", response_model=Webhook)
    def pause_webhook(request: Request, caller: CallerOf, webhook: WebhookId) -> Response:
        """Out of service until it is enabled; one that is disabled already stays so, with its reason."""
        hooks = _hooks(service)
        with service.engine.begin() as connection:
            if own(connection, caller, webhook).disabled_at is None:
                kept.disable(connection, webhook, PAUSED, service.wall())
            one = own(connection, caller, webhook)
        return answer(request, shown(hooks, one), private=True)

    @found.post("/webhooks/{webhook}/enable", operation_id="enableWebhook", response_model=Webhook)
    def enable_webhook(request: Request, caller: CallerOf, webhook: WebhookId) -> Response:
        """In service again: what was held goes out, and what came meanwhile is told."""
        hooks = _hooks(service)
        with service.engine.begin() as connection:
            one = own(connection, caller, webhook)
            service.outside.require(one.url)
            kept.enable(connection, webhook, service.wall())
            one = own(connection, caller, webhook)
        return answer(request, shown(hooks, one), private=True)

    @found.get(
        "/webhooks/{webhook}/deliveries", operation_id="listWebhookDeliveries", response_model=Page[WebhookDelivery]
    )
    def list_webhook_deliveries(
        request: Request,
        caller: CallerOf,
        webhook: WebhookId,
        limit: Limit = paging.DEFAULT,
        before: Annotated[int | None, Query(ge=1, lt=1 << 31, description="Only those below this number")] = None,
        state: Annotated[
            Literal["waiting", "delivered", "failed", "held"] | None, Query(description="Only in this state")
        ] = None,
    ) -> Response:
        """What was delivered and what was not, newest first, with each attempt. Kept for thirty days once over."""
        with service.engine.connect() as connection:
            own(connection, caller, webhook)
            there = kept.deliveries(connection, webhook, state=state, before=before, limit=limit + 1)
            attempts = kept.attempts(connection, [one.number for one in there[:limit]])
        following = None if len(there) <= limit else str(there[limit - 1].number)
        items = [delivered(one, attempts[one.number]) for one in there[:limit]]
        headers = {}
        if following is not None:
            url = request.url.include_query_params(before=following)
            headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
        return answer(request, Page[WebhookDelivery](items=items, next=following), private=True, headers=headers)

    @found.post(
        "/webhooks/{webhook}/deliveries/{number}/redeliver",
        operation_id="redeliverWebhook",
        status_code=202,
        response_model=WebhookDelivery,
    )
    def redeliver_webhook(request: Request, caller: CallerOf, webhook: WebhookId, number: Number) -> Response:
        """Deliver it once more, under the same id, whether it was taken or not."""
        with service.engine.begin() as connection:
            one = own(connection, caller, webhook)
            delivery = kept.delivery(connection, number)
            if delivery is None or delivery.webhook != webhook:
                raise missing("delivery", str(number))
            if one.disabled_at is not None:
                raise Problem("refused", "This webhook is disabled.", found=one.reason, remedy="Enable it first")
            if delivery.state == "waiting":
                raise Problem("refused", "This delivery waits for its next attempt already.", found="waiting")
            kept.again(connection, delivery, service.wall())
            delivery = kept.delivery(connection, number)
            assert delivery is not None
            attempts = kept.attempts(connection, [number])[number]
        return answer(request, delivered(delivery, attempts), status=202, private=True)

    return found


def _hooks(service: Service) -> Hooks:
    hooks = service.settings.hooks
    if hooks is None:
        raise Problem(
            "unavailable", "This node sends no webhooks.", remedy="Its operator sets `webhooks.secret_file` in api.toml"
        )
    return hooks


def own(connection: Connection, caller: Caller, identifier: str) -> kept.Webhook:
    """A webhook of the caller's member in its role; Problem 404 for any other."""
    one = kept.find(connection, identifier)
    if one is None or (one.member, one.role) != (caller.member, caller.role):
        raise missing("webhook", identifier)
    return one


def _fields(hooks: Hooks, one: kept.Webhook) -> dict[str, Any]:
    state = "disabled" if one.disabled_at is not None else "failing" if one.failing_since is not None else "active"
    return {
        "id": one.id,
        "url": one.url,
        "types": list(one.types),
        "description": one.description,
        "created_at": present.time(one.created_at),
        "state": state,
        "failing_since": present.time_or_none(one.failing_since or 0),
        "disabled_at": present.time_or_none(one.disabled_at or 0),
        "reason": one.reason,
        "generation": one.generation,
        "previous_until": present.time_or_none(one.previous_until),
        "public_key": public_text(hooks.key(one.id, one.generation).public),
    }


def shown(hooks: Hooks, one: kept.Webhook) -> Webhook:
    """A webhook as a document."""
    return Webhook.model_validate(_fields(hooks, one))


def _with_secret(hooks: Hooks, one: kept.Webhook) -> WebhookWithSecret:
    return WebhookWithSecret.model_validate(
        _fields(hooks, one) | {"secret": hooks.secret(one.id, one.generation).text()}
    )


def delivered(one: kept.Delivery, attempts: list[kept.Attempt]) -> WebhookDelivery:
    """A delivery as a document."""
    return WebhookDelivery(
        number=one.number,
        event=LedgerEvent.model_validate(json.loads(one.body)),
        opened_at=present.time(one.at),
        state=one.state,
        round=one.round,
        attempts=[
            WebhookAttempt(at=present.time(a.at), took_ms=a.took_ms, status=a.status, error=a.error) for a in attempts
        ],
    )
