"""What the operations share: parameters, and the problems that each may answer with."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request
from sqlalchemy import Connection

from api.access import Caller, basis_of
from api.problems import MEDIA_TYPE, Problem
from api.service import Service, authorise
from api.sight import UNWRITTEN, Basis, Sight, note_reads
from ledger_node.queries import access
from ledger_node.queries.artefacts import Artefact
from ledger_node.queries.once import settle

HEX_ID: Final = "^[0-9a-f]{64}$"

MemberId = Annotated[str, Path(pattern=HEX_ID, description="Id of a member: SHA-256 of its credit code, hex")]
DeviceId = Annotated[str, Path(pattern=HEX_ID, description="SHA-256 of the device's identifier, hex")]
LogId = Annotated[str, Path(pattern=HEX_ID, description="SHA-256 of the log's origin, hex")]
ReportId = Annotated[str, Path(pattern=HEX_ID, description="Act id of the report, hex")]
Year = Annotated[int, Path(ge=1990, le=9999, description="Reporting year")]
Id = Annotated[str, Path(pattern=HEX_ID, description="32 bytes, hex")]
OfMember = Annotated[str | None, Query(pattern=HEX_ID, description="Only of this member")]
OfYear = Annotated[int | None, Query(ge=1990, le=9999, description="Only of this reporting year")]

_SAID: Final = {
    400: "The request cannot be read",
    401: "The API key is not valid, or one is needed",
    403: "Not for this role",
    404: "There is no such thing",
    409: "The same request is under way, or something else is kept",
    413: "The body is too large",
    415: "The body is of another type",
    422: "The request is not of its form, or a rule forbids it",
    429: "Too many requests",
    503: "Not available now",
}
PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    status: {
        "description": said,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
    }
    for status, said in _SAID.items()
}
NOT_MODIFIED: Final[dict[int | str, dict[str, Any]]] = {304: {"description": "The caller has it already (ETag)"}}
DOCUMENTED: Final = PROBLEMS | NOT_MODIFIED


def router(tag: str, prefix: str = "/v1") -> APIRouter:
    """A router whose every operation passes the access table."""
    return APIRouter(prefix=prefix, tags=[tag], dependencies=[Depends(authorise)], responses=DOCUMENTED)


def bytes_of(media_type: str, description: str) -> dict[int | str, dict[str, Any]]:
    """Documentation of an answer that is bytes."""
    schema: dict[str, Any] = {"type": "string"}
    if not media_type.startswith("text/"):
        schema["format"] = "binary"
    return {200: {"description": description, "content": {media_type: {"schema": schema}}}}


def origin_of(service: Service, request: Request) -> str:
    """What an address on paper begins with: the service's own public address, else the one that the reader asked."""
    if service.settings.public_url:
        return service.settings.public_url
    scheme = "https" if request.headers.get("x-forwarded-proto") == "https" else request.url.scheme
    return f"{scheme}://{request.url.netloc}"


def missing(what: str, identifier: str) -> Problem:
    """404."""
    return Problem("not-found", f"There is no {what} of this id.", found=identifier)


def read_private(service: Service, connection: Connection, caller: Caller, artefact: Artefact) -> None:
    """Problem unless the caller may read an artefact; a read of a private one is written down before it is answered."""
    basis = basis_of(connection, caller, artefact)
    if basis is None and caller.role == "public":
        raise Problem(
            "not-authenticated",
            "This is not public.",
            expected="a key of its owner, of a grantee, or of a verifier or regulator",
            found="no key",
            headers={"WWW-Authenticate": 'Bearer realm="carbonledger"'},
        )
    if basis is None:
        raise Problem(
            "not-allowed",
            "The owner has not granted this.",
            expected="a grant in force",
            found="none",
            remedy=f"Ask the owner {artefact.member} for a grant of the year",
        )
    if basis == "public":
        return
    with service.engine.begin() as writing:
        access.write(
            writing,
            at=service.now(),
            reader=caller.reader,
            owner=artefact.member,
            what=f"{artefact.kind} {artefact.subject}",
            basis=basis,
        )


def of_member(connection: Connection, caller: Caller, member: str) -> Basis:
    """On what basis a reader may see what a member holds; Problem where on none."""
    basis = Sight(connection, caller).of("consent", member)
    if basis is None:
        raise Problem(
            "not-allowed",
            "What a member holds is for itself, for verifiers and regulators, and for whom it has granted it.",
            expected="a grant of its standing in force",
            found="none",
            remedy=f"Ask {member} for a grant of its standing",
        )
    return basis


def write_reads(service: Service, caller: Caller, told: Iterable[tuple[str | None, str, Basis]]) -> None:
    """Write what was told of others' affairs on their access logs: owner, thing and basis of each."""
    written = [one for one in told if one[2] not in UNWRITTEN]
    if written:
        settle(service.engine, partial(note_reads, caller=caller, told=written, at=service.now()))
