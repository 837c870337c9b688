"""Members, their keys, and their devices."""

from __future__ import annotations

from typing import Annotated, Final, Literal, get_args

from fastapi import APIRouter, Path, Query, Request, Response

from api import paging, present, schemas
from api.answers import answer
from api.paging import Cursor, Limit
from api.problems import Problem
from api.routes.common import DeviceId, MemberId, missing, router
from api.service import Service
from carbonledger import numbered
from carbonledger.errors import Malformed
from carbonledger.identifiers import member_id
from ledger_node.queries import members, reports

Kind = Literal["regulator", "enterprise", "preparer", "verifier", "bank", "auditor", "exchange", "metrology-lab"]
_BITS: Final = numbered.numbers(numbered.MEMBER_KINDS)
assert set(get_args(Kind)) == set(_BITS)

CodeOrId = Annotated[
    str,
    Path(pattern="^([0-9a-f]{64}|[0-9A-Z]{18})$", description="Unified social credit code, or id of the member in hex"),
]


def of(service: Service) -> APIRouter:
    """The router."""
    found = router("members")
    settings = service.settings

    @found.get("/members", operation_id="listMembers", response_model=schemas.Page[schemas.Member])
    def list_members(
        request: Request,
        limit: Limit = paging.DEFAULT,
        cursor: Cursor = None,
        kind: Annotated[Kind | None, Query(description="Only members of this kind")] = None,
    ) -> Response:
        """Members of the consortium, in the order in which the chain last wrote them."""
        bits = _BITS[kind] if kind else 0
        with service.engine.connect() as connection:
            kept = members.members(connection, kinds=bits, after=paging.decode(cursor), limit=limit + 1)
        items, following = paging.cut(kept, limit)
        page = schemas.Page[schemas.Member](items=[present.member(m, settings) for m in items], next=following)
        return answer(request, page, headers=paging.link(request, following))

    @found.get("/members/{member}", operation_id="getMember", response_model=schemas.Member)
    def get_member(request: Request, member: CodeOrId) -> Response:
        """One member, by unified social credit code or id."""
        identifier = id_of(member)
        with service.engine.connect() as connection:
            kept = members.member(connection, identifier)
            years = reports.years(connection, identifier)
        if kept is None:
            raise missing("member", member)
        return answer(request, present.member(kept, settings, years))

    @found.get("/members/{member}/keys", operation_id="listMemberKeys", response_model=schemas.Page[schemas.Key])
    def list_member_keys(request: Request, member: MemberId) -> Response:
        """All keys that a member ever enrolled, with their validity."""
        with service.engine.connect() as connection:
            if members.member(connection, member) is None:
                raise missing("member", member)
            kept = members.keys(connection, member)
        return answer(request, schemas.Page[schemas.Key](items=[present.key(key) for key in kept], next=None))

    @found.get(
        "/members/{member}/devices", operation_id="listMemberDevices", response_model=schemas.Page[schemas.Device]
    )
    def list_member_devices(
        request: Request, member: MemberId, limit: Limit = paging.DEFAULT, cursor: Cursor = None
    ) -> Response:
        """Devices of a member, in the order in which the chain last wrote them."""
        with service.engine.connect() as connection:
            if members.member(connection, member) is None:
                raise missing("member", member)
            kept = members.devices(connection, member, after=paging.decode(cursor), limit=limit + 1)
        items, following = paging.cut(kept, limit)
        page = schemas.Page[schemas.Device](items=[present.device(device) for device in items], next=following)
        return answer(request, page, headers=paging.link(request, following))

    @found.get("/devices/{device}", operation_id="getDevice", response_model=schemas.Device)
    def get_device(request: Request, device: DeviceId) -> Response:
        """One device by id."""
        with service.engine.connect() as connection:
            kept = members.device(connection, device)
        if kept is None:
            raise missing("device", device)
        return answer(request, present.device(kept))

    return found


def id_of(code_or_id: str) -> str:
    """Id of a member (hex) from a credit code or an id; Problem 404 for a code whose check character is wrong."""
    if len(code_or_id) == 64:
        return code_or_id
    try:
        return member_id(code_or_id).hex()
    except Malformed as error:
        raise Problem(
            "not-found", "No member can have this credit code.", expected=error.expected, found=error.found
        ) from error
