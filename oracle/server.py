"""The HTTP door of an oracle node: readings in, the log's tiles out, health and metrics (docs/formats/intake.md)."""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import msgspec
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from carbonledger.entry import Body
from carbonledger.errors import CarbonLedgerError, Malformed, Refused
from carbonledger.mrv.evidence import Document
from carbonledger.tiles import TilePath
from oracle import documents, intake
from oracle.door import Busy, Door
from oracle.envelopes import CONTENT_TYPES, Single
from oracle.levels_routes import levels_routes
from oracle.node import OracleNode
from oracle.outcomes import Refusal
from oracle.problem import problem
from oracle.sequencer import Result

_encoder = msgspec.json.Encoder()
MAX_DOCUMENT_BODY = 90 << 20  # 64 MiB in base64
_IMMUTABLE = {"Cache-Control": "public, max-age=31536000, immutable"}


class Publisher:
    """Calls `node.step()` every `interval_s` seconds in its own thread, and goes on whatever happens."""

    def __init__(self, node: OracleNode, interval_s: float) -> None:
        self._node = node
        self._interval_s = interval_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(self._interval_s):
            try:
                self._node.step()
                self._node.log.alarms.pop("publish", None)
            except (CarbonLedgerError, OSError, sqlite3.Error) as error:
                self._node.log.alarms["publish"] = str(error)

    def close(self) -> None:
        """Ends the thread after its turn."""
        self._stop.set()
        self._thread.join()


def create_app(node: OracleNode, *, own_loop: bool = True) -> Starlette:
    """The application; with `own_loop` it publishes checkpoints at the configured interval while it runs."""
    settings = node.settings
    door = Door(node, settings.workers, settings.http.max_waiting_bytes)
    registry = CollectorRegistry()
    registry.register(_Metrics(node, door))

    async def readings(request: Request) -> Response:
        content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if content_type not in CONTENT_TYPES or request.headers.get("content-encoding", "identity") != "identity":
            found = f"{content_type or 'none'} {request.headers.get('content-encoding', '')}".strip()
            return problem(415, Malformed("content type", expected=" or ".join(CONTENT_TYPES), found=found))
        try:
            body = await _limited(request, settings.http.max_body_bytes)
            results = await asyncio.wrap_future(door.submit_body(body, content_type))
        except _TooLarge as error:
            return problem(413, error)
        except Busy as error:
            return problem(429, error, {"Retry-After": str(error.retry_after_s)})
        except Refused as error:
            return problem(503, error, {"Retry-After": "60"})
        except CarbonLedgerError as error:
            return problem(400, error)
        except (OSError, sqlite3.Error) as error:
            stored = Refused("the readings could not be stored", found=str(error), remedy="Send them again")
            return problem(503, stored, {"Retry-After": "1"})
        except ClientDisconnect:
            return Response(status_code=499)
        return _answer(results)

    async def document(request: Request) -> Response:
        """A document and the entry about it that an enrolled person signed: bytes first, then the entry."""
        try:
            raw = await _limited(request, MAX_DOCUMENT_BODY)
            body = _decode_document(raw)
            return await asyncio.to_thread(_take_document, node, body)
        except _TooLarge as error:
            return problem(413, error)
        except Refused as error:
            return problem(503, error, {"Retry-After": "60"})
        except CarbonLedgerError as error:
            return problem(400, error)
        except (OSError, sqlite3.Error) as error:
            stored = Refused("the document could not be stored", found=str(error), remedy="Send it again")
            return problem(503, stored, {"Retry-After": "1"})

    async def checkpoint(request: Request) -> Response:
        note = node.log.tree.published()
        if note is None:
            return PlainTextResponse("no checkpoint is published yet\n", 404)
        return Response(
            note, headers={"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "max-age=1, must-revalidate"}
        )

    async def tile(request: Request) -> Response:
        try:
            path = str(TilePath.parse(request.url.path.removeprefix("/")))
            data = (node.log_dir / path).read_bytes()
        except (Malformed, FileNotFoundError, NotADirectoryError):
            return PlainTextResponse("no such resource\n", 404)
        return Response(data, headers={"Content-Type": "application/octet-stream", **_IMMUTABLE})

    async def health(request: Request) -> Response:
        log = node.log
        head = node.checkpoints.head()
        status = "halted" if log.halted else "degraded" if log.alarms else "ok"
        value = {
            "status": status,
            "origin": node.origin,
            "entries": node.size,
            "signed": head.size if head else 0,
            "halted": log.halted,
            "alarms": dict(log.alarms),
        }
        return Response(_encoder.encode(value), 503 if log.halted else 200, media_type="application/json")

    async def metrics(request: Request) -> Response:
        return Response(generate_latest(registry), media_type="text/plain; version=0.0.4")

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        publisher = Publisher(node, settings.checkpoint_interval_s) if own_loop else None
        try:
            yield
        finally:
            if publisher is not None:
                await asyncio.to_thread(publisher.close)
            await asyncio.to_thread(door.close)

    app = Starlette(
        routes=[
            Route("/readings", readings, methods=["POST"]),
            Route("/documents", document, methods=["POST"]),
            Route("/checkpoint", checkpoint, methods=["GET"]),
            Route("/tile/{rest:path}", tile, methods=["GET"]),
            Route("/healthz", health, methods=["GET"]),
            Route("/metrics", metrics, methods=["GET"]),
            *levels_routes(node.home),
        ],
        lifespan=lifespan,
    )
    app.state.door = door
    return app


class _SignedDocument(msgspec.Struct, forbid_unknown_fields=True):
    document: bytes  # base64 in JSON
    r: bytes
    a: bytes


def _decode_document(raw: bytes) -> _SignedDocument:
    try:
        return msgspec.json.decode(raw, type=_SignedDocument)
    except msgspec.DecodeError as error:
        raise Malformed("a document's envelope", expected='{"a","document","r"} in base64', found=str(error)) from error


def _take_document(node: OracleNode, sent: _SignedDocument) -> Response:
    """Nothing is kept unless an enrolled signer signed the entry, and the entry is of these bytes."""
    body = Body.parse(sent.r)
    if body.kind != "document":
        raise Malformed("entry about a document", expected="kind document", found=body.kind)
    found = hashlib.sha256(sent.document).hexdigest()
    entered = Document.parse(body.content)
    if (entered.digest, entered.size) != (found, len(sent.document)):
        raise Malformed("digest of the document", expected=entered.digest, found=found)
    item = Single(sent.r, sent.a)
    sifted = intake.sift([item], node.directory, node.clock(), node.settings.clock_limits)
    if not any(isinstance(one, Refusal) for one in sifted):
        documents.keep(node, sent.document)
    return _answer(node.commit(sifted))


class _TooLarge(Refused):
    pass


async def _limited(request: Request, limit: int) -> bytes:
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit:
        raise _TooLarge("request body", expected=f"at most {limit} bytes", found=f"{declared} bytes")
    pieces: list[bytes] = []
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > limit:
            raise _TooLarge("request body", expected=f"at most {limit} bytes", found="more")
        pieces.append(piece)
    return b"".join(pieces)


def _answer(results: list[Result]) -> Response:
    counts = {"accepted": 0, "duplicate": 0, "refused": 0}
    for result in results:
        counts[result.status] += 1
    status = 422 if results and counts["refused"] == len(results) else 200
    return Response(_encoder.encode({**counts, "results": results}), status, media_type="application/json")


class _Metrics(Collector):
    def __init__(self, node: OracleNode, door: Door) -> None:
        self._node = node
        self._door = door

    def collect(self) -> Iterable[Metric]:
        node, counts = self._node, self._node.counts
        results = CounterMetricFamily("oracle_readings", "Bodies at the door since the start", labels=["result"])
        results.add_metric(["accepted"], counts.accepted)
        results.add_metric(["duplicate"], counts.duplicates)
        results.add_metric(["refused"], counts.refused)
        yield results
        head = node.checkpoints.head()
        yield GaugeMetricFamily("oracle_log_entries", "Accepted entries", value=node.size)
        yield GaugeMetricFamily(
            "oracle_log_signed", "Size of the last signed checkpoint", value=head.size if head else 0
        )
        yield GaugeMetricFamily("oracle_waiting_bytes", "Bytes not answered yet", value=self._door.waiting_bytes)
        yield GaugeMetricFamily(
            "oracle_log_halted", "1 if this copy may sign nothing", value=int(bool(node.log.halted))
        )
        yield GaugeMetricFamily("oracle_alarms", "Alarms now", value=len(node.log.alarms))
