"""What members hand in: bundles that they disclose, and signed acts to be carried to the chain."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from pydantic import ValidationError
from sqlalchemy import Connection

from api import overlaps, present, relaying, schemas
from api.answers import answer
from api.chain_tools import ChainTools
from api.idempotency import IdempotencyKey, once
from api.keeping import judged, keep_once
from api.problems import Problem
from api.routes.common import Id, missing, router
from api.routes.compute import json_body, require_json, verification
from api.service import Body, CallerOf, Service
from carbonledger.accounting import inputs
from ledger_node.queries import acts
from ledger_node.queries.acts import Handed
from ledger_node.queries.once import settle

CREATED: Final = 201
ACCEPTED: Final = 202


def of(service: Service) -> APIRouter:
    """The router."""
    found = router("writing")

    @found.post(
        "/disclosures",
        operation_id="createDisclosure",
        status_code=CREATED,
        response_model=schemas.Disclosure,
        openapi_extra=json_body({}, "A bundle, as it is (docs/formats/bundle.md)"),
    )
    def create_disclosure(
        request: Request,
        caller: CallerOf,
        body: Body,
        public: Annotated[bool, Query(description="Let every reader have it; only its owner may say so")] = False,
        idempotency_key: IdempotencyKey = None,
    ) -> Response:
        """Hand in a bundle: it is verified with this node's policy and kept; an INVALID one is refused."""
        require_json(request)

        def do() -> Response:
            what, verified = judged(body, service.policy, public=public, now=service.now())
            if public and what.member != caller.member:
                raise Problem(
                    "not-allowed", "Only the owner publishes a bundle.", expected=what.member, found=caller.reader
                )
            kept = settle(service.engine, partial(keep_once, what=what, content=body))
            document = schemas.Disclosure(
                artefact=present.artefact(kept),
                subject=kept.subject,
                member=kept.member,
                year=kept.year,
                verification=verification(verified.to_json()),
            )
            headers = {"Location": present.artefact(kept).href}
            return answer(request, document, status=CREATED, private=True, headers=headers)

        return once(service.engine, caller, f"createDisclosure?{public}", idempotency_key, body, service.now(), do)

    @found.post(
        "/acts",
        operation_id="submitAct",
        status_code=ACCEPTED,
        response_model=schemas.ActState,
        openapi_extra=json_body(_SIGNED_ACT, "A signed act (docs/formats/acts.md)"),
    )
    def submit_act(request: Request, caller: CallerOf, body: Body, idempotency_key: IdempotencyKey = None) -> Response:
        """Have a signed act carried to the chain. Signatures are checked and the call is tried before it is taken."""
        require_json(request)
        chain = _chain(service)
        given = parse_signed(body)

        def do() -> Response:
            relayed = relaying.parse(given)
            relaying.check_signatures(relayed, chain.chain_id, chain.has_code)
            contract = relayed.act.type.contract
            with service.engine.connect() as connection:
                addresses = {contract: service.contract(connection, contract)}
            to, data = relayed.call(addresses)
            if (reason := chain.refusal(to, data)) is not None:
                settle(service.engine, partial(overlaps.tell, act=relayed.act, reason=reason, now=service.now()))
                raise Problem("refused", f"The contract {contract} refuses the act.", found=reason)
            identifier = relayed.act.id.hex()
            reference = acts.reference(identifier, hashlib.sha256(to + data).hexdigest())
            chain.carry(reference, to, data)
            handed = Handed(identifier, reference, service.now(), {"act": given.act, "by": caller.reader})
            settle(service.engine, partial(acts.keep, handed=handed))
            with service.engine.connect() as connection:
                state = _state(connection, chain, identifier)
            return answer(request, state, status=ACCEPTED, private=True, headers={"Location": f"/v1/acts/{identifier}"})

        return once(service.engine, caller, "submitAct", idempotency_key, body, service.now(), do)

    @found.get("/acts/{act}", operation_id="getAct", response_model=schemas.ActState)
    def get_act(request: Request, act: Id) -> Response:
        """What became of an act that this node carried, by its act id."""
        with service.engine.connect() as connection:
            state = _state(connection, _chain(service), act)
        return answer(request, state, private=True)

    return found


_SIGNED_ACT: Final[dict[str, Any]] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["act", "arguments", "fields"],
    "properties": {
        "act": {"type": "string", "enum": sorted(relaying.ARGUMENTS), "description": "Name of the EIP-712 type"},
        "fields": {
            "type": "object",
            "description": "Every field of the type: bytes32 and addresses as hex, numbers as integers or decimal "
            "strings, text",
            "additionalProperties": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
        },
        "arguments": {
            "type": "object",
            "description": "What the call takes beside the act, by name: signatures {signer, signature} or lists of "
            "them, months, lines, json, consistency",
        },
    },
    "example": {
        "act": "GrantEnd",
        "fields": {"grantId": "00" * 32, "reference": "01" * 32, "deadline": 1767225600},
        "arguments": {"owner": {"signer": "00" * 20, "signature": "00" * 65}},
    },
}


def parse_signed(body: bytes) -> schemas.SignedAct:
    """A body as a signed act; Problem names the place."""
    value = inputs.parse(body).value
    try:
        return schemas.SignedAct.model_validate(value, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "$"
        raise Problem("invalid-request", f"{place}: {first['msg']}", expected=first["msg"], path=place) from error


def _chain(service: Service) -> ChainTools:
    if service.chain is None:
        raise Problem("unavailable", "This node has no chain to carry acts to.")
    return service.chain


def _state(connection: Connection, chain: ChainTools, identifier: str) -> schemas.ActState:
    handed = acts.of_act(connection, identifier)
    if not handed:
        raise missing("act that this node carried", identifier)
    return schemas.ActState(
        id=identifier, act=str(handed[0].content["act"]), carried=[_carrying(chain, item) for item in handed]
    )


def _carrying(chain: ChainTools, handed: Handed) -> schemas.Carrying:
    found = chain.carried(handed.reference)
    return schemas.Carrying(
        at=present.time(handed.at),
        state="waiting" if found is None else found.state,
        transaction=None if found is None else found.transaction_hash,
        block=None if found is None else found.block_number,
        succeeded=None if found is None or found.status is None else bool(found.status),
        reason=None if found is None else found.reason,
    )
