"""The decision of a witness on one add-checkpoint request (C2SP tlog-witness), without HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from carbonledger import checkpoint, cosignature, merkle, note, witness_wire
from carbonledger.eip712 import Domain
from carbonledger.errors import BadSignature, CarbonLedgerError, Malformed, NotConsistent
from carbonledger.keys import PrivateKey
from carbonledger.note import SignatureLine, VerifierKey
from carbonledger.witness_wire import AddCheckpoint
from ledger_node.witness.store import ForkEvidence, Latest, WitnessStore

Clock = Callable[[], int]
"""Seconds of Unix time."""


@dataclass(frozen=True)
class WitnessKeys:
    """A witness: its name in notes, its Ed25519 key, and the secp256k1 key whose lines contracts can check."""

    name: str
    note: PrivateKey
    chain: PrivateKey | None = None

    @property
    def verifier(self) -> VerifierKey:
        """Type 0x04."""
        return VerifierKey(self.name, note.COSIGNATURE, self.note.public)

    @property
    def eip712_verifier(self) -> VerifierKey | None:
        """Type 0xff, if there is a secp256k1 key."""
        return VerifierKey(self.name, note.EIP712, self.chain.public) if self.chain else None


@dataclass(frozen=True)
class WitnessedLog:
    """A log that may ask: its origin and its keys; with a key of type 0xff among them it also gets EIP-712 lines."""

    origin: str
    keys: tuple[VerifierKey, ...]

    @property
    def ours(self) -> bool:
        """Whether contracts know this log."""
        return any(key.type == note.EIP712 for key in self.keys)


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, body and content type of the HTTP answer."""

    status: int
    body: bytes
    content_type: str = "text/plain; charset=utf-8"


class _Conflict(Exception):
    def __init__(self, size: int, reason: str = "", known: bytes = b"") -> None:
        self.size, self.reason, self.known = size, reason, known


class WitnessService:
    """Cosigns checkpoints of the logs it knows, each only if it grows the last one."""

    def __init__(
        self,
        store: WitnessStore,
        keys: WitnessKeys,
        logs: Mapping[str, WitnessedLog],
        domain: Domain,
        clock: Clock,
    ) -> None:
        self.store = store
        self.keys = keys
        self.logs = dict(logs)
        self._domain = domain
        self._clock = clock

    def add_checkpoint(self, body: bytes) -> Reply:
        """The answer to a request body: 200 with lines, or 400, 403, 404, 409, 422 as the protocol says."""
        try:
            request = AddCheckpoint.parse(body)
            head = request.checkpoint
        except CarbonLedgerError as error:
            return _refuse(400, error)
        log = self.logs.get(head.origin)
        if log is None:
            return _refuse(404, Malformed("this witness does not know the log", found=repr(head.origin)[:200]))
        try:
            # C2SP tlog-witness: lines of unknown keys are ignored, at least one of a trusted key must verify
            checkpoint.verify(request.note, log.keys, self._domain)
        except CarbonLedgerError as error:
            return _refuse(403, error)
        signed = request.note.format()

        def decide(latest: Latest | None) -> Latest:
            size = latest.size if latest else 0
            if request.old_size != size:
                if latest is not None and head.size == size and head.root != latest.root:
                    raise _Conflict(size, "two roots of one size", latest.note)
                raise _Conflict(size)
            if latest is not None and head.size == size:
                if head.root != latest.root:
                    raise _Conflict(size, "two roots of one size", latest.note)
                if request.proof:
                    raise NotConsistent("a proof between equal sizes", expected="no proof lines", found="some")
            elif latest is not None and size > 0:
                merkle.verify_consistency(size, latest.root, head.size, head.root, request.proof)
            return Latest(head.size, head.root, signed)

        try:
            self.store.advance(head.origin, decide)
        except _Conflict as conflict:
            if conflict.reason:
                self._keep_fork(head.origin, conflict.reason, conflict.known, signed)
            return Reply(409, witness_wire.format_size(conflict.size), witness_wire.SIZE_CONTENT_TYPE)
        except NotConsistent as error:
            return _refuse(422, error)
        return Reply(200, witness_wire.format_cosignatures(self._lines(log, head)))

    def _lines(self, log: WitnessedLog, head: checkpoint.Checkpoint) -> tuple[SignatureLine, ...]:
        lines = [cosignature.sign(self.keys.note, self.keys.name, head.body(), self._clock())]
        if log.ours and self.keys.chain is not None:
            chain = self.keys.chain
            lines.append(checkpoint.sign_eip712_line(chain.seed, chain.public.data, self.keys.name, self._domain, head))
        return tuple(lines)

    def _keep_fork(self, origin: str, reason: str, known: bytes, offered: bytes) -> None:
        self.store.keep_fork(ForkEvidence(origin, self._clock(), reason, known, offered))


def _refuse(status: int, error: CarbonLedgerError | BadSignature) -> Reply:
    return Reply(status, f"{error}\n".encode())
