"""Logs: heads and anchors from the chain; checkpoint, tiles and proofs from a mirror of the log's files."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from api import paging, present, schemas
from api.answers import answer
from api.paging import Cursor, Limit
from api.problems import Problem
from api.routes.common import LogId, OfMember, bytes_of, missing, router
from api.service import Service
from carbonledger.framing import encode_base64
from ledger_node.queries import logs

Leaf = Annotated[int, Query(ge=0, lt=1 << 53, description="Index of the leaf")]
Size = Annotated[int, Query(ge=1, lt=1 << 53, description="Size of the tree, in leaves")]


def of(service: Service) -> APIRouter:
    """The router."""
    found = router("logs")
    settings = service.settings

    @found.get("/logs", operation_id="listLogs", response_model=schemas.Page[schemas.Log])
    def list_logs(
        request: Request, limit: Limit = paging.DEFAULT, cursor: Cursor = None, member: OfMember = None
    ) -> Response:
        """Logs that the chain knows, with their heads."""
        with service.engine.connect() as connection:
            kept = logs.logs(connection, member=member, after=paging.decode(cursor), limit=limit + 1)
        items, following = paging.cut(kept, limit)
        page = schemas.Page[schemas.Log](items=[present.log(log, settings) for log in items], next=following)
        return answer(request, page, headers=paging.link(request, following))

    @found.get("/logs/{log}", operation_id="getLog", response_model=schemas.Log)
    def get_log(request: Request, log: LogId) -> Response:
        """One log: its head on the chain."""
        with service.engine.connect() as connection:
            kept = logs.log(connection, log)
        if kept is None:
            raise missing("log", log)
        return answer(request, present.log(kept, settings))

    @found.get("/logs/{log}/anchors", operation_id="listLogAnchors", response_model=schemas.Page[schemas.Anchor])
    def list_log_anchors(
        request: Request, log: LogId, limit: Limit = paging.DEFAULT, cursor: Cursor = None
    ) -> Response:
        """Heads of a log that were written to the chain, oldest first."""
        with service.engine.connect() as connection:
            if logs.log(connection, log) is None:
                raise missing("log", log)
            kept = logs.anchors(connection, log, after=paging.decode(cursor), limit=limit + 1)
        items, following = paging.cut(kept, limit)
        page = schemas.Page[schemas.Anchor](items=[present.anchor(anchor) for anchor in items], next=following)
        return answer(request, page, headers=paging.link(request, following))

    @found.get(
        "/logs/{log}/checkpoint",
        operation_id="getLogCheckpoint",
        response_class=Response,
        responses=bytes_of("text/plain", "A C2SP tlog-checkpoint note"),
    )
    def get_log_checkpoint(request: Request, log: LogId) -> Response:
        """The newest checkpoint in the mirror: a signed note."""
        note = service.mirror(log).checkpoint()
        if note is None:
            raise Problem("not-found", "The mirror has no checkpoint of this log yet.")
        return answer(request, note, media_type="text/plain; charset=utf-8")

    @found.get(
        "/logs/{log}/tile/{path:path}",
        operation_id="getLogTile",
        response_class=Response,
        responses=bytes_of("application/octet-stream", "A tile, or an entry bundle"),
    )
    def get_log_tile(
        request: Request,
        log: LogId,
        path: Annotated[str, Path(max_length=64, description="`<level>/<index>[.p/<width>]` or `entries/<index>…`")],
    ) -> Response:
        """A tile of the log by the paths of C2SP tlog-tiles; it never changes."""
        data = service.mirror(log).tile(f"tile/{path}")
        if data is None:
            raise Problem("not-found", "The mirror has no such tile.", found=path[:64])
        return answer(request, data, media_type="application/octet-stream", immutable=True)

    @found.get("/logs/{log}/proofs/inclusion", operation_id="getInclusionProof", response_model=schemas.InclusionProof)
    def get_inclusion_proof(request: Request, log: LogId, index: Leaf, size: Size) -> Response:
        """Proof that a leaf is in the tree of a size (RFC 9162), computed from the tiles."""
        mirror = service.mirror(log)
        if index >= size:
            raise Problem(
                "not-found", "The leaf is not in a tree of this size.", expected=f"index below {size}", found=index
            )
        _require_size(mirror.head(), size)
        hashes, root = mirror.inclusion(index, size)
        proof = schemas.InclusionProof(
            origin=mirror.origin, index=index, size=size, root=root.hex(), hashes=[encode_base64(h) for h in hashes]
        )
        return answer(request, proof, immutable=True)

    @found.get(
        "/logs/{log}/proofs/consistency",
        operation_id="getConsistencyProof",
        response_model=schemas.ConsistencyProof,
    )
    def get_consistency_proof(
        request: Request,
        log: LogId,
        old: Annotated[int, Query(ge=1, lt=1 << 53, description="The smaller size")],
        new: Annotated[int, Query(ge=1, lt=1 << 53, description="The larger size")],
    ) -> Response:
        """Proof that the tree of one size is a prefix of that of another (RFC 9162)."""
        mirror = service.mirror(log)
        if old > new:
            raise Problem("not-found", "A log never shrinks.", expected=f"old at most {new}", found=old)
        _require_size(mirror.head(), new)
        hashes, old_root, new_root = mirror.consistency(old, new)
        proof = schemas.ConsistencyProof(
            origin=mirror.origin,
            old_size=old,
            old_root=old_root.hex(),
            new_size=new,
            new_root=new_root.hex(),
            hashes=[encode_base64(h) for h in hashes],
        )
        return answer(request, proof, immutable=True)

    return found


def _require_size(head: object, size: int) -> None:
    largest = getattr(head, "size", 0)
    if size > largest:
        raise Problem("not-found", "The mirror has no tree of this size.", expected=f"at most {largest}", found=size)
