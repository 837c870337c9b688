"""Alerts: the rules, what stands, and that somebody has seen it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy import Connection

from api import paging, present
from api.access import Caller, may
from api.answers import answer
from api.paging import Limit
from api.problems import Problem
from api.routes.common import missing, router
from api.routes.compute import json_body, require_json
from api.service import Body, CallerOf, Service
from carbonledger.accounting import inputs
from carbonledger.alerts.rules import alert_rules
from ledger_node.queries import alerts, disclosed
from ledger_node.queries.alerts import STANDING, STATES, Kept, State

_OBJECT: Final[dict[str, Any]] = {"application/json": {"schema": {"type": "object"}}}
SEES_ALL: Final = frozenset({"regulator", "verifier"})
ON_PAGE: Final = 100
States = Annotated[
    list[State] | None,
    Query(max_length=len(STATES), description="Only in these states; else those that stand"),
]
Before = Annotated[int | None, Query(ge=1, lt=1 << 31, description="Only those below this number")]
Number = Annotated[int, Path(ge=1, lt=1 << 31, description="Number of the alert")]
_NOTE: Final[dict[str, Any]] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["note"],
    "properties": {"note": {"type": "string", "minLength": 1, "maxLength": 1000}},
}


def of(service: Service) -> APIRouter:
    """The router."""
    found = router("alerts", prefix="")

    @found.get(
        "/v1/alert-rules",
        operation_id="listAlertRules",
        responses={200: {"description": "The rule set with its thresholds and their origin", "content": _OBJECT}},
    )
    def list_alert_rules(request: Request) -> Response:
        """The alert rules of this node (docs/alerts.md)."""
        rules = alert_rules()
        return answer(request, json.dumps({"id": rules.id.hex(), **rules.to_json()}, ensure_ascii=False).encode())

    @found.get(
        "/v1/alerts",
        operation_id="listAlerts",
        responses={200: {"description": "Alerts, newest first", "content": _OBJECT}},
    )
    def list_alerts(
        request: Request, caller: CallerOf, limit: Limit = paging.DEFAULT, before: Before = None, state: States = None
    ) -> Response:
        """Alerts that stand: an enterprise's own, everybody's for regulators and verifiers."""
        with service.engine.connect() as connection:
            kept = _page(connection, caller, state, before, limit + 1)
            items = [_alert(one, disclosed.profile(connection, one.member)) for one in kept[:limit]]
        following = None if len(kept) <= limit else str(kept[limit - 1].number)
        headers = {}
        if following is not None:
            url = request.url.include_query_params(before=following)
            headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
        content = json.dumps({"items": items, "next": following}, ensure_ascii=False).encode()
        return answer(request, content, private=True, headers=headers)

    @found.post(
        "/v1/alerts/{number}/acknowledge",
        operation_id="acknowledgeAlert",
        responses={200: {"description": "The alert as it is now", "content": _OBJECT}},
        openapi_extra=json_body(_NOTE, "What the reader has to say"),
    )
    def acknowledge_alert(request: Request, caller: CallerOf, number: Number, body: Body) -> Response:
        """Somebody has seen it, and says what is done. An alert that is past or acknowledged already is refused."""
        require_json(request)
        note = inputs.parse(body).fields(("note",))["note"].text(least=1, most=1000)
        with service.engine.begin() as connection:
            kept = alerts.one(connection, number)
            if kept is None or not _may_see(caller, kept):
                raise missing("alert", str(number))
            if not alerts.acknowledge(connection, number, caller.name, note, service.now()):
                raise Problem("refused", "This alert waits for nobody.", expected="open or escalated", found=kept.state)
            now = alerts.one(connection, number)
            assert now is not None
            told = _alert(now, disclosed.profile(connection, now.member))
        return answer(request, json.dumps(told, ensure_ascii=False).encode(), private=True)

    @found.get("/alerts", operation_id="pageAlerts", include_in_schema=False)
    def page_alerts(request: Request, caller: CallerOf, before: Before = None) -> Response:
        with service.engine.connect() as connection:
            kept = _page(connection, caller, None, before, ON_PAGE + 1)
            items = [_alert(one, disclosed.profile(connection, one.member)) for one in kept[:ON_PAGE]]
        following = kept[ON_PAGE - 1].number if len(kept) > ON_PAGE else None
        return request.app.state.renderer.page(  # type: ignore[no-any-return]
            request,
            "alerts.html",
            alerts=items,
            following=following,
            rules=alert_rules(),
            may_acknowledge=may("acknowledgeAlert", caller.role),
            twin="/v1/alerts",
        )

    return found


def _page(
    connection: Connection, caller: Caller, states: list[State] | None, before: int | None, limit: int
) -> list[Kept]:
    if caller.role not in SEES_ALL and caller.member is None:
        raise Problem("not-allowed", "This key acts for no member.")
    member = None if caller.role in SEES_ALL else caller.member
    return alerts.page(connection, member=member, states=states or STANDING, before=before, limit=limit)


def _may_see(caller: Caller, kept: Kept) -> bool:
    return caller.role in SEES_ALL or caller.member == kept.member


def _alert(kept: Kept, profile: Mapping[str, Any] | None) -> dict[str, Any]:
    name = None if profile is None else {"en": profile["name_en"], "zh": profile["name_zh"]}
    return {
        "about": kept.content["about"],
        "acknowledged_by": kept.acknowledged_by,
        "changed_at": present.time(kept.changed_at),
        "member": kept.member,
        "name": name,
        "note": kept.note,
        "number": kept.number,
        "opened_at": present.time(kept.opened_at),
        "rule": kept.rule,
        "severity": kept.severity,
        "state": kept.state,
        "text": kept.content["text"],
        "title": kept.content["title"],
    }
