"""Documents about events and webhooks."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from api.events import Type
from api.schemas import Document


class LedgerEvent(Document):
    """What changed: ids, period and links; figures are asked for at the links."""

    id: str = Field(examples=["evt_8c1f3fd0a62d0a3c2f0f0e6f7a8b9c0d"], description="The header webhook-id")
    type: Type
    timestamp: str = Field(description="Of the block, or of the change at this node")
    data: dict[str, Any] = Field(description="`member`, `record` (kind, id, block), period, `links`: docs/webhooks.md")


class LedgerEvents(Document):
    """One page of events, oldest first."""

    items: list[LedgerEvent]
    next: str | None = Field(description="Cursor of the next page, null at the end of what there is")
    resume: str = Field(description="Cursor after this page: at the end of what there is, for asking again later")


class Webhook(Document):
    """A webhook of the caller's member."""

    id: str
    url: str
    types: list[Type]
    description: str
    created_at: str
    state: Literal["active", "failing", "disabled"]
    failing_since: str | None
    disabled_at: str | None
    reason: str | None = Field(description="Why it was disabled")
    generation: int = Field(description="Of the secret: one more with each rotation")
    previous_until: str | None = Field(description="Until then the secret before signs too")
    public_key: str = Field(examples=["whpk_…"], description="Ed25519, for signatures v1a")


class WebhookWithSecret(Webhook):
    """A webhook when its secret is made: it is shown this once."""

    secret: str = Field(examples=["whsec_…"], description="HMAC-SHA256, for signatures v1")


class WebhookAttempt(Document):
    """One request to the receiver."""

    at: str
    took_ms: int
    status: int | None = Field(description="Of the answer, null where none came")
    error: str | None


class WebhookDelivery(Document):
    """One event for a webhook, and how it went."""

    number: int
    event: LedgerEvent
    opened_at: str
    state: Literal["waiting", "delivered", "failed", "held"]
    round: int = Field(description="1, and one more for each demand to deliver again")
    attempts: list[WebhookAttempt]
