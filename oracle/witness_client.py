"""Asks witnesses to cosign a checkpoint, by C2SP tlog-witness over HTTP; any witness that speaks it will do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx2

from carbonledger import checkpoint, cosignature, note, witness_wire
from carbonledger.checkpoint import Checkpoint
from carbonledger.eip712 import Domain
from carbonledger.errors import CarbonLedgerError, Malformed
from carbonledger.note import Note, SignatureLine, VerifierKey
from carbonledger.witness_wire import AddCheckpoint

Proof = Callable[[int, int], Sequence[bytes]]
"""`(old size, new size)` to the consistency proof."""

_MAX_ANSWER = 1 << 16


@dataclass(frozen=True)
class Witness:
    """One witness as configured: its submission prefix, its cosignature key, and its EIP-712 key if it has one."""

    url: str
    key: VerifierKey
    eip712_key: VerifierKey | None = None
    timeout_s: float = 2.0

    def __post_init__(self) -> None:
        if self.key.type != note.COSIGNATURE:
            raise Malformed(
                "key of a witness", expected="a cosignature key (type 0x04)", found=f"type {self.key.type:#04x}"
            )
        if self.eip712_key is not None and self.eip712_key.type != note.EIP712:
            raise Malformed("EIP-712 key of a witness", expected="type 0xff", found=f"type {self.eip712_key.type:#04x}")

    @property
    def name(self) -> str:
        """Its name in notes."""
        return self.key.name


@dataclass(frozen=True, slots=True)
class Answer:
    """What a witness said: its verified lines, or why there are none; `size` is the last it is known to have.

    `ahead` is set if it has a larger log than the one that asked, or another root of the same size: then this
    node's copy is old, or the log forked, and nothing more may be signed.
    """

    name: str
    size: int
    lines: tuple[SignatureLine, ...] = ()
    problem: str = ""
    ahead: str = ""
    reached: bool = True


@dataclass
class WitnessClient:
    """Holds the connections to the configured witnesses of one log."""

    witnesses: Sequence[Witness]
    domain: Domain
    _clients: dict[str, httpx2.Client] = field(default_factory=dict, init=False)
    _pool: ThreadPoolExecutor | None = field(default=None, init=False)

    def cosign(
        self, signed: Note, sizes: dict[str, int], proof: Proof, names: Sequence[str] | None = None
    ) -> list[Answer]:
        """Asks all witnesses (or those named) at once; never raises for what a witness does."""
        asked = [witness for witness in self.witnesses if names is None or witness.name in names]
        if len(asked) <= 1:
            return [self._ask(witness, signed, sizes.get(witness.name, 0), proof) for witness in asked]
        if self._pool is None:
            self._pool = ThreadPoolExecutor(len(self.witnesses), thread_name_prefix="witness")
        futures = [self._pool.submit(self._ask, w, signed, sizes.get(w.name, 0), proof) for w in asked]
        return [future.result() for future in futures]

    def close(self) -> None:
        """Closes connections and threads."""
        if self._pool is not None:
            self._pool.shutdown()
        for client in self._clients.values():
            client.close()

    def _ask(self, witness: Witness, signed: Note, old: int, proof: Proof) -> Answer:
        head = Checkpoint.parse(signed.text)
        old = min(old, head.size)
        try:
            for _ in range(3):  # the second time with the size the witness named; the third if it moved meanwhile
                hashes = tuple(proof(old, head.size)) if old else ()
                response = self._post(witness, AddCheckpoint(old, hashes, signed).format())
                status, body = response.status_code, response.content[:_MAX_ANSWER]
                if status == 200:
                    return self._verified(witness, signed, head, body)
                if status != 409:
                    text = body[:200].decode("utf-8", "replace")
                    return Answer(witness.name, old, problem=f"HTTP {status} {text}".strip())
                size = witness_wire.parse_size(body)
                if size > head.size:
                    return Answer(
                        witness.name, size, ahead=f"witness {witness.name} has size {size}, this log {head.size}"
                    )
                if size == old == head.size:
                    return Answer(
                        witness.name, size, ahead=f"witness {witness.name} has another root of size {head.size}"
                    )
                old = size
            return Answer(witness.name, old, problem="its size does not stand still")
        except httpx2.HTTPError as error:
            return Answer(witness.name, old, problem=f"not reached: {error or type(error).__name__}", reached=False)
        except CarbonLedgerError as error:
            return Answer(witness.name, old, problem=str(error))

    def _post(self, witness: Witness, body: bytes) -> httpx2.Response:
        client = self._clients.get(witness.name)
        if client is None:
            client = self._clients[witness.name] = httpx2.Client(timeout=witness.timeout_s, trust_env=False)
        url = witness.url.rstrip("/") + "/add-checkpoint"
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        try:
            return client.post(url, content=body, headers=headers)
        except httpx2.RemoteProtocolError:  # a connection kept alive that the witness closed meanwhile
            return client.post(url, content=body, headers=headers)

    def _verified(self, witness: Witness, signed: Note, head: Checkpoint, body: bytes) -> Answer:
        kept: list[SignatureLine] = []
        cosigned = False
        for line in witness_wire.parse_cosignatures(body):
            if witness.key.signed(line):
                cosignature.verify(witness.key, signed.text, line.payload)
                cosigned = True
            elif witness.eip712_key is not None and witness.eip712_key.signed(line):
                checkpoint.verify_eip712(witness.eip712_key, head, line.payload, self.domain)
            else:
                continue  # C2SP tlog-witness: cosignatures of unknown keys are ignored
            kept.append(line)
        if not cosigned:
            return Answer(witness.name, head.size, problem=f"its answer has no line of {witness.key.format()}")
        return Answer(witness.name, head.size, tuple(kept))
