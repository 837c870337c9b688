"""PACT 3 over HTTP: its errors, its tokens, its filters, its events."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection
from starlette.responses import Response

from api import keys
from api.problems import Problem
from carbonledger.product.document import PATTERNS
from ledger_node.queries import footprints, pact
from ledger_node.queries.footprints import Kept
from ledger_node.queries.pact import Event, Token

TOKEN_S: Final = 3600
PREFIX, PUBLISHED = pact.PREFIX, pact.PUBLISHED
CREATED, FULFILLED, REJECTED = (
    f"{PREFIX}{name}Event.3" for name in ("RequestCreated", "RequestFulfilled", "RequestRejected")
)
LISTS: Final = {
    "productId": ("productIds",),
    "companyId": ("companyIds",),
    "classification": ("productClassifications",),
    "geography": ("geographyRegionOrSubregion", "geographyCountry", "geographyCountrySubdivision"),
}
TIMES: Final = ("validOn", "validAfter", "validBefore")
_UUID: Final = re.compile(PATTERNS["uuid"])


@dataclass(frozen=True, slots=True)
class Criteria:
    """Which footprints are wanted: any of the values of one list, and all of what is given."""

    lists: Mapping[str, Sequence[str]]
    times: Mapping[str, datetime]
    status: str | None

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Criteria:
        """From parameters of the list, or the data of a request; Problem for a value of another form."""
        lists, times = {}, {}
        for name in LISTS:
            values = given.get(name) or []
            if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
                raise _bad(name, "a list of strings", values)
            lists[name] = [value.lower() for value in values]
        for name in TIMES:
            if given.get(name) is not None:
                times[name] = moment(name, given[name])
        status = given.get("status")
        if status is not None and (not isinstance(status, str) or status.lower() not in ("active", "deprecated")):
            raise _bad("status", "Active or Deprecated", status)
        return cls(lists, times, status.lower() if status else None)

    def match(self, told: Mapping[str, Any]) -> bool:
        """Whether a ProductFootprint is wanted."""
        for name, wanted in self.lists.items():
            if wanted and not any(_is_of(name, value, wanted) for value in _values(told, name)):
                return False
        first, last = (moment(name, told[name]) for name in ("validityPeriodStart", "validityPeriodEnd"))
        on, after, before = (self.times.get(name) for name in TIMES)
        return (
            (on is None or first <= on <= last)
            and (after is None or first > after)
            and (before is None or last < before)
            and (self.status is None or told["status"].lower() == self.status)
        )


def _values(told: Mapping[str, Any], name: str) -> list[str]:
    if name == "geography":
        return [told["pcf"][field].lower() for field in LISTS[name] if field in told["pcf"]]
    return [value.lower() for value in told.get(LISTS[name][0], ())]


def _is_of(name: str, value: str, wanted: Sequence[str]) -> bool:
    # a province lies within its country (ISO 3166-2)
    return value in wanted or (name == "geography" and value.partition("-")[0] in wanted and "-" in value)


def moment(name: str, text: object) -> datetime:
    """A date and time of RFC 3339, or a date; in UTC where it has no offset. Problem for another text."""
    try:
        if not isinstance(text, str):
            raise ValueError
        found = datetime.fromisoformat(re.sub(r":60(?=[.Z+-]|$)", ":59", text.upper()))
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _bad(name, "a date and time of RFC 3339", text) from error


def told(connection: Connection, kept: Kept) -> dict[str, Any]:
    """The ProductFootprint with its status now."""
    return {**kept.content, "status": "Deprecated" if footprints.deprecated(connection, kept) else "Active"}


def listed(
    connection: Connection, reader: str, criteria: Criteria, after: int, limit: int
) -> tuple[list[dict[str, Any]], int | None]:
    """What a reader may see of it, and after which number the next page begins."""
    found: list[tuple[int, dict[str, Any]]] = []
    for kept in footprints.readable(connection, reader, after):
        if criteria.match(value := told(connection, kept)):
            found.append((kept.number, value))
            if len(found) > limit:
                return [item for _, item in found[:limit]], found[limit - 1][0]
    return [item for _, item in found], None


def token_for(connection: Connection, authorization: str | None, form: Mapping[str, list[str]], now: int) -> Response:
    """RFC 6749 4.4: a token for client credentials, which are the two parts of an API key."""
    if form.get("grant_type") != ["client_credentials"]:
        code = "unsupported_grant_type" if "grant_type" in form else "invalid_request"
        return _oauth(400, {"error": code, "error_description": "grant_type must be client_credentials"})
    kind, _, text = (authorization or "").partition(" ")
    try:
        name, _, secret = base64.b64decode(text.strip(), validate=True).decode("ascii").partition(":")
        if kind.lower() != "basic":
            raise ValueError
        keys.caller_of(connection, None, f"cl_{name}_{secret}", now)
    except (ValueError, Problem):
        refused = {"error": "invalid_client", "error_description": "Basic authorization with client id and secret"}
        return _oauth(401, refused, {"WWW-Authenticate": 'Basic realm="carbonledger"'})
    made = "clt_" + secrets.token_hex(32)
    pact.add_token(connection, Token(hashlib.sha256(made.encode()).hexdigest(), name, now + TOKEN_S), now)
    return _oauth(200, {"access_token": made, "token_type": "bearer", "expires_in": TOKEN_S})


def _oauth(status: int, value: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    sent = {"Cache-Control": "no-store", "Pragma": "no-cache", **(headers or {})}
    return Response(json.dumps(value), status, sent, "application/json")


def parse_event(body: bytes) -> dict[str, Any]:
    """A CloudEvent of the four types (structured mode); Problem for anything else."""
    try:
        event = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise _bad("the body", "JSON", str(error)[:100]) from error
    if not isinstance(event, dict):
        raise _bad("the event", "an object", event)
    for name in ("type", "specversion", "id", "source", "time"):
        if not isinstance(event.get(name), str) or not event[name]:
            raise _bad(name, "a string that is not empty", event.get(name))
    if event["specversion"] != "1.0":
        raise _bad("specversion", "1.0", event["specversion"])
    moment("time", event["time"])
    data = event.get("data")
    if not isinstance(data, dict):
        raise _bad("data", "an object", data)
    match event["type"]:
        case t if t == CREATED:
            Criteria.of(data)
        case t if t == PUBLISHED:
            ids = data.get("pfIds")
            if not isinstance(ids, list) or not ids or not all(isinstance(i, str) and _UUID.fullmatch(i) for i in ids):
                raise _bad("data.pfIds", "a list of UUIDs", ids)
        case t if t == FULFILLED:
            pfs = data.get("pfs")
            if not isinstance(data.get("requestEventId"), str):
                raise _bad("data.requestEventId", "a string", data.get("requestEventId"))
            if not isinstance(pfs, list) or not pfs or not all(_is_footprint(pf) for pf in pfs):
                raise _bad("data.pfs", "ProductFootprints, one at least", pfs)
        case t if t == REJECTED:
            reason = data.get("error")
            told_why = isinstance(reason, dict) and all(isinstance(reason.get(n), str) for n in ("code", "message"))
            if not isinstance(data.get("requestEventId"), str) or not told_why:
                raise _bad("data", "requestEventId, and error with code and message", data)
        case other:
            raise _bad("type", f"an event of {PREFIX}…3", other)
    return event


def _is_footprint(value: object) -> bool:
    return (
        isinstance(value, dict)
        and all(name in value for name in ("companyIds", "created", "productIds", "specVersion", "status"))
        and isinstance(value.get("pcf"), dict)
        and isinstance(value.get("id"), str)
        and _UUID.fullmatch(value["id"].lower()) is not None
    )


def answer_to(connection: Connection, reader: str, event: Mapping[str, Any], host: str, now: int) -> Event:
    """What a request is answered with: the reader's footprints that it asks for, or that there are none."""
    found, _ = listed(connection, reader, Criteria.of(event["data"]), 0, 1000)
    if found:
        return outgoing(reader, FULFILLED, {"requestEventId": event["id"], "pfs": found}, host, now)
    why = {"code": "NotFound", "message": "No footprint that you may read is of these criteria."}
    return outgoing(reader, REJECTED, {"requestEventId": event["id"], "error": why}, host, now)


def outgoing(member: str, kind: str, data: dict[str, Any], host: str, now: int) -> Event:
    """An event of this node for a member; the same content is the same event."""
    return pact.outgoing(member, kind, data, f"//{host}/3/events", now)


def _bad(what: str, expected: str, found: object) -> Problem:
    return Problem("malformed-request", f"{what}: expected {expected}.", expected=expected, found=repr(found)[:120])


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")
