"""Certificates: the signed documents, their status lists, their issuer's keys, and QR codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, cast

from fastapi import APIRouter, Path, Query, Request, Response

from api import credentials as shown
from api.access import STATUTORY
from api.answers import answer
from api.problems import Problem
from api.routes.common import MemberId, missing, router
from api.schemas import Page
from api.service import CallerOf, Service
from carbonledger import jcs
from carbonledger.credential import did, multibase
from carbonledger.credential.model import Purpose
from carbonledger.errors import Malformed
from ledger_node.credentials.issuer import Signed, check_url
from ledger_node.queries import credentials
from ledger_node.reports.qr import MEDIA_TYPES, Form, qr

DOCUMENT: Final = "application/vc"
TOKEN: Final = "application/vc+jwt"
DID_DOCUMENT: Final = "application/did+json"
LIST_MAX_AGE_S: Final = 300
"""How long a copy of a status list may be used without asking again."""
KEYS_MAX_AGE_S: Final = 3600

CredentialId = Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="Id of a certificate, hex")]
OfIssuer = Annotated[
    str | None, Query(pattern="^did:web:[a-z0-9.%A-F-]{1,300}$", description="An issuer of this node by its name")
]
StatusListId = Annotated[
    str, Path(pattern="^(revocation|suspension)-[1-9][0-9]{0,5}$", description="Purpose and number of a status list")
]
_SECURED: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "By `Accept`: a document with a proof of eddsa-jcs-2022, or a token",
        "content": {DOCUMENT: {"schema": {"type": "object"}}, TOKEN: {"schema": {"type": "string"}}},
    }
}
_PICTURE: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The picture",
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in MEDIA_TYPES.values()},
    }
}


def of(service: Service) -> APIRouter:
    """The router under /v1."""
    found = router("credentials")

    @found.get("/credentials/{credential}", operation_id="getCredential", responses=_SECURED)
    def get_credential(request: Request, credential: CredentialId) -> Response:
        """A certificate of a code, a grade or a retirement: a Verifiable Credential that verifies without this node."""
        with service.engine.connect() as connection:
            issued = credentials.one(connection, credential)
        if issued is None:
            raise missing("certificate", credential)
        return _secured(request, issued.signed)

    @found.get("/status/{status_list}", operation_id="getStatusList", responses=_SECURED)
    def get_status_list(request: Request, status_list: StatusListId) -> Response:
        """A Bitstring Status List as a credential of the issuer: which certificates are suspended, or revoked."""
        purpose, _, number = status_list.partition("-")
        with service.engine.connect() as connection:
            kept = credentials.one_list(connection, cast(Purpose, purpose), int(number))
        if kept is None:
            raise missing("status list", status_list)
        return _secured(request, kept.signed, max_age_s=LIST_MAX_AGE_S)

    @found.get("/credentials/{credential}/qr.{form}", operation_id="getCredentialQr", responses=_PICTURE)
    def get_credential_qr(request: Request, credential: CredentialId, form: Form) -> Response:
        """The QR code of the page that checks a certificate."""
        with service.engine.connect() as connection:
            issued = credentials.one(connection, credential)
        if issued is None:
            raise missing("certificate", credential)
        picture = qr(check_url(issued.base_url, issued.id), form)
        return answer(request, picture, media_type=MEDIA_TYPES[form], immutable=True)

    @found.get("/members/{member}/credentials", operation_id="listCredentials", response_model=Page[shown.Credential])
    def list_credentials(request: Request, caller: CallerOf, member: MemberId) -> Response:
        """All certificates of a member and its projects: for itself and statutory roles; others are shown them."""
        if caller.member != member and caller.role not in STATUTORY:
            raise Problem(
                "not-allowed",
                "A member's certificates are listed for itself and for statutory roles.",
                remedy="Ask the member for the address of a certificate",
            )
        with service.engine.connect() as connection:
            items = [shown.credential(i, service.now()) for i in credentials.of_member(connection, member)]
        return answer(request, Page[shown.Credential](items=items, next=None), private=True)

    return found


def of_root(service: Service) -> APIRouter:
    """The router of the address that the method did:web fixes."""
    found = router("credentials", prefix="")

    @found.get(
        did.PATH,
        operation_id="getIssuer",
        responses={200: {"description": "The document", "content": {DID_DOCUMENT: {"schema": {"type": "object"}}}}},
    )
    def get_issuer(request: Request, issuer: OfIssuer = None) -> Response:
        """The issuer's DID document: the keys by which certificates and status lists are verified.

        An issuer that moved has a name for each of its addresses: the document is that of the address that was asked.
        """
        with service.engine.connect() as connection:
            known = credentials.keys(connection)
        if not known:
            raise Problem("not-found", "This node issues no certificates.")
        name = issuer or _named_by(request.headers.get("host", ""), known)
        if name not in known:
            raise missing("issuer", name)
        document = did.document(name, [multibase.parse_multikey(key) for key in known[name]])
        headers = {"Cache-Control": f"public, max-age={KEYS_MAX_AGE_S}", "Access-Control-Allow-Origin": "*"}
        headers["Vary"] = "Host"
        return answer(request, jcs.encode(document), media_type=DID_DOCUMENT, headers=headers)

    return found


def _named_by(host: str, known: Mapping[str, Sequence[str]]) -> str:
    """The name of the address that was asked; the newest where the proxy tells another, as it does inside a network."""
    try:
        own = did.did_of(f"https://{host.lower()}")
    except Malformed:
        own = ""
    return own if own in known else list(known)[-1]


def _secured(request: Request, signed: Signed, max_age_s: int | None = None) -> Response:
    """Document or token by what the caller accepts; anybody's page may read it, as wallets are."""
    headers = {"Vary": "Accept", "Access-Control-Allow-Origin": "*"}
    if max_age_s is not None:
        headers["Cache-Control"] = f"public, max-age={max_age_s}"
    token = _wants_token(request.headers.get("accept", ""))
    content, media_type = (signed.token.encode(), TOKEN) if token else (signed.document, DOCUMENT)
    return answer(request, content, media_type=media_type, headers=headers)


def _wants_token(accept: str) -> bool:
    """Whether a token is preferred to a document (RFC 9110 12.5.1); a document where both are alike."""
    weights = {DOCUMENT: 0.0, TOKEN: 0.0}
    for part in accept.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weight = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                weight = _weight(parameter[2:])
        if name in weights:
            weights[name] = weight
    return weights[TOKEN] > weights[DOCUMENT]


def _weight(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
