"""The log: integrates accepted entries into tiles, signs checkpoints, has them cosigned, publishes them.

Order of a publication: entries durable (the store's commit), tiles durable, compare-and-swap of the head in the
checkpoint store, signature, witnesses, the note kept, `checkpoint` replaced, the sinks. A crash between two of
these leaves something that the next `publish` finishes; nothing is ever signed for a size but the root swapped in.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from carbonledger import checkpoint, merkle, tiles
from carbonledger.checkpoint import Checkpoint
from carbonledger.eip712 import Domain
from carbonledger.errors import CarbonLedgerError, Refused
from carbonledger.keys import PrivateKey
from carbonledger.note import ED25519, EIP712, Note, VerifierKey
from oracle.checkpoint_store import CheckpointStore, SignedHead, StoredNote
from oracle.tree import Tree
from oracle.witness_client import WitnessClient

INTEGRATE_AT = 8_192
"""So many entries wait in memory at most before they are written into tiles without a checkpoint."""

HeadSource = Callable[[], int | None]
"""The size of this log as someone else has it (the chain), None if that cannot be asked now."""


@dataclass(frozen=True)
class LogKeys:
    """Name and keys of a log: the Ed25519 key of its notes, the secp256k1 key of its EIP-712 lines."""

    origin: str
    note: PrivateKey
    chain: PrivateKey
    domain: Domain

    @property
    def verifier(self) -> VerifierKey:
        """Type 0x01."""
        return VerifierKey(self.origin, ED25519, self.note.public)

    @property
    def eip712_verifier(self) -> VerifierKey:
        """Type 0xff."""
        return VerifierKey(self.origin, EIP712, self.chain.public)

    def sign(self, head: Checkpoint) -> Note:
        """The note with the log's two lines; the same for the same head."""
        text = head.body()
        return Note(
            text,
            (
                checkpoint.sign_ed25519_line(self.note, self.origin, text),
                checkpoint.sign_eip712_line(self.chain.seed, self.chain.public.data, self.origin, self.domain, head),
            ),
        )


@dataclass(frozen=True, slots=True)
class Published:
    """A published checkpoint; `missing` are the configured witnesses without a line in the note."""

    size: int
    root: bytes
    note: bytes
    missing: tuple[str, ...] = ()


CheckpointSink = Callable[[Published], None]
"""Takes each published checkpoint, at least once and in order; one that raises is given the same again later."""


@dataclass
class Log:
    """One log. `pending` holds leaves that the store has and the tiles do not."""

    keys: LogKeys
    tree: Tree
    store: CheckpointStore
    witnesses: WitnessClient
    sinks: list[CheckpointSink] = field(default_factory=list)
    head_sources: list[HeadSource] = field(default_factory=list)
    halted: str | None = None
    confirmed: bool = False
    alarms: dict[str, str] = field(default_factory=dict)
    _pending: list[bytes] = field(default_factory=list)
    _pending_lock: threading.Lock = field(default_factory=threading.Lock)
    _tree_lock: threading.Lock = field(default_factory=threading.Lock)
    _publish_lock: threading.RLock = field(default_factory=threading.RLock)

    # --- opening

    def load(self, stored: int) -> None:
        """Reads the state of the last head and compares; `halted` says why if this copy may not be used.

        `stored` is the number of entries that the store holds.
        """
        head = self.store.head()
        size = head.size if head else 0
        if stored < size:
            self.halted = f"the store has {stored} entries, but a checkpoint of {size} was signed: it is an old copy"
            return
        published = self.tree.published()
        if published is not None:
            verified = checkpoint.verify(Note.parse(published), [self.keys.verifier])
            if verified.checkpoint.size > size:
                self.halted = (
                    f"a checkpoint of {verified.checkpoint.size} is published, but the checkpoint store ends at {size}:"
                    " it is an old copy"
                )
                return
        try:
            self.tree.load(size)
        except (CarbonLedgerError, OSError) as error:
            self.halted = f"the tiles of size {size} cannot be read: {error}"
            return
        if head is not None and self.tree.root() != head.root:
            self.halted = f"the tiles of size {size} have root {self.tree.root().hex()}, signed was {head.root.hex()}"
            return
        self.tree.collect_all()

    def confirm(self) -> None:
        """Asks the witnesses and the chain whether this copy is behind; sets `halted` or `confirmed`.

        Only what was signed before is shown to them. If nobody can be asked, it stays unconfirmed.
        """
        head = self.store.head()
        size = head.size if head else 0
        reached = not self.witnesses.witnesses and not self.head_sources
        stored = self.store.note()
        if stored is not None:
            signed = Note.parse(stored.note)
        else:  # nothing was published by this copy; the empty log has one root, so it may be signed at any time
            signed = self.keys.sign(Checkpoint(self.keys.origin, 0, merkle.EMPTY_ROOT))
        for answer in self.witnesses.cosign(signed, self._witness_sizes(), self.consistency_proof):
            reached = reached or answer.reached
            if answer.ahead:
                shown = Checkpoint.parse(signed.text).size
                if answer.size > max(size, shown) or answer.size == shown:
                    self.halted = f"{answer.ahead}: this node is an old copy, or the log forked"
        for source in self.head_sources:
            found = source()
            reached = reached or found is not None
            if found is not None and found > size:
                self.halted = f"the chain has an anchor of size {found}, this log signed {size}: it is an old copy"
        if self.halted is None and (reached or head is None):
            self.confirmed = True

    def require_good(self) -> None:
        """Refused if this copy may take and sign nothing."""
        if self.halted is not None:
            raise Refused(
                f"this log is halted: {self.halted}",
                expected="the newest copy of the node's home",
                remedy="Restore the newest copy, or begin a new log (shard) under a new origin",
            )

    # --- growing

    @property
    def size(self) -> int:
        """Entries in the tiles, published or not."""
        return self.tree.size

    @property
    def waiting(self) -> int:
        """Entries that are durable but not in the tiles yet."""
        return len(self._pending)

    def offer(self, leaves: Sequence[bytes]) -> None:
        """Takes leaves that the store made durable; writes tiles when many wait."""
        with self._pending_lock:
            self._pending.extend(leaves)
            many = len(self._pending) >= INTEGRATE_AT
        if many:
            try:
                self.integrate()
                self.alarms.pop("tiles", None)
            except OSError as error:  # the entries are safe in the store, and wait
                self.alarms["tiles"] = str(error)

    def integrate(self) -> int:
        """Writes what waits into tiles; the tree's size."""
        with self._tree_lock:
            self._append_pending()
            return self.tree.size

    def _append_pending(self) -> None:
        """Under the lock of the tree. What could not be written goes on waiting."""
        with self._pending_lock:
            taken = self._pending[:]
        if taken:
            self.tree.append(taken)
            with self._pending_lock:
                del self._pending[: len(taken)]

    def publish(self) -> Published | None:
        """Integrates, signs, has cosigned and publishes all that waits; None while the log is empty or unconfirmed.

        With nothing new, it finishes an unfinished publication or asks missing witnesses again.
        """
        with self._publish_lock:
            self.require_good()
            if not self.confirmed:
                self.confirm()
                self.require_good()
            old = self.store.head()
            with self._tree_lock:
                self._append_pending()
                head = SignedHead(self.tree.size, self.tree.root())
                if old is None or head.size > old.size:
                    if head.size == 0:
                        return None
                    if not self.confirmed:
                        self.alarms["confirm"] = "no witness and no chain could be asked since this node was opened"
                        return None
                    self.tree.write_edge()
            self.alarms.pop("confirm", None)
            if old is None or head.size > old.size:
                self.store.swap(old, head)
            return self._finish(head)

    def _finish(self, head: SignedHead) -> Published:
        kept = self.store.note(head.size)
        if kept is None or kept.missing:
            kept = self._signed(head, kept)
        if self.tree.published() != kept.note:
            self.tree.publish(kept.note)
        self._deliver()
        self.tree.collect()
        return Published(head.size, head.root, kept.note, kept.missing)

    def _signed(self, head: SignedHead, kept: StoredNote | None) -> StoredNote:
        names = [witness.name for witness in self.witnesses.witnesses]
        if kept is None:
            signed, asked = self.keys.sign(Checkpoint(self.keys.origin, head.size, head.root)), names
        else:
            signed, asked = Note.parse(kept.note), [name for name in kept.missing if name in names]
        answers = self.witnesses.cosign(signed, self._witness_sizes(), self.consistency_proof, asked)
        lines = [line for answer in answers for line in answer.lines]
        missing = tuple(answer.name for answer in answers if not answer.lines)
        for answer in answers:
            if answer.lines:
                self.alarms.pop(f"witness {answer.name}", None)
            else:
                self.alarms[f"witness {answer.name}"] = answer.ahead or answer.problem
            if answer.ahead:
                self.halted = answer.ahead
        known = {answer.name: answer.size for answer in answers if answer.reached and not answer.ahead}
        if known != {name: self.store.witness_size(name) for name in known}:
            self.store.set_witness_size(known)
        if self.halted is not None and kept is None:
            self.require_good()  # the note was never shown to anyone but witnesses, and is not published
        new = StoredNote(head.size, signed.with_lines(lines).format(), missing)
        if kept is None or new != kept:
            self.store.keep_note(new)
        return new

    def _deliver(self) -> None:
        for stored in self.store.undelivered():
            parsed = Checkpoint.parse(Note.parse(stored.note).text)
            published = Published(stored.size, parsed.root, stored.note, stored.missing)
            try:
                for sink in self.sinks:
                    sink(published)
            except Exception as error:  # a sink is someone else's code; the log goes on, and offers it again
                self.alarms["sink"] = f"{type(error).__name__}: {error}"
                return
            self.store.delivered(stored.size)
            self.alarms.pop("sink", None)

    # --- proofs

    def reader(self, size: int) -> tiles.TileHashReader:
        """Hashes of the tree of a published `size`."""
        return tiles.TileHashReader(self.tree.read, size)

    def inclusion_proof(self, index: int, size: int) -> list[bytes]:
        """RFC 9162 proof of entry `index` in the published tree of `size`."""
        return merkle.inclusion_proof_from(self.reader(size), index, size)

    def consistency_proof(self, old: int, new: int) -> list[bytes]:
        """RFC 9162 proof between two published sizes."""
        return merkle.consistency_proof_from(self.reader(new), old, new)

    def _witness_sizes(self) -> dict[str, int]:
        return {witness.name: self.store.witness_size(witness.name) for witness in self.witnesses.witnesses}
