"""The oracle node as one object: who signs, the door in process, checkpoints.

Around it stand `oracle.enrolment`, `oracle.closing` (of a month) and `oracle.log_entries` (what it shows of its log).

Each method is safe to call from several threads, and after a crash in any of them a newly opened node goes on.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from carbonledger import entry, jcs
from carbonledger.entry import Evidence, EvidenceType
from carbonledger.errors import Refused
from carbonledger.keys import PrivateKey
from oracle import chunks, config, identity, intake
from oracle.checkpoint_store import CheckpointStore
from oracle.config import Settings
from oracle.envelopes import Item, Single
from oracle.files import Files
from oracle.identity import Entropy, Identity
from oracle.log import CheckpointSink, HeadSource, Log, Published
from oracle.outcomes import Found
from oracle.sequencer import Plan, Result, Sequencer
from oracle.signers import Directory, Signer, SignerKey
from oracle.store import Access, Commit, Head, Store
from oracle.tree import Tree
from oracle.witness_client import Witness, WitnessClient

Clock = Callable[[], int]
"""Time in ms UTC."""

LOG_FOLDER = "log"
MAX_WAITING = 8 * 8_192


@dataclass(frozen=True, slots=True)
class Counts:
    """Since this node was opened."""

    accepted: int = 0
    duplicates: int = 0
    refused: int = 0


class OracleNode:
    """One enterprise's node and its one log."""

    def __init__(
        self,
        lock: int,
        home: Path,
        clock: Clock,
        settings: Settings,
        keys: Identity,
        files: Files,
        entropy: Entropy,
        witnesses: Sequence[Witness],
    ) -> None:
        self.home = home
        self._home_lock = lock
        self.clock = clock
        self.settings = settings
        self.identity = keys
        self.counts = Counts()
        self._files = files
        self._entropy = entropy
        self._lock = threading.RLock()
        self.store = Store(home / "store.db", files)
        self.checkpoints = CheckpointStore(home / "checkpoints.db", files)
        log_keys = keys.log_keys(settings.origin, settings.chain_id)
        self.log = Log(
            log_keys,
            Tree(home / LOG_FOLDER, home / "log.tmp", files),
            self.checkpoints,
            WitnessClient(witnesses, log_keys.domain),
        )
        self.directory = Directory(self.store.signers(), keys.secret)
        self._sequencer = Sequencer(self.store, self.directory)
        self._listeners: list[Callable[[], None]] = []

    # --- opening

    @classmethod
    def open(
        cls,
        home: Path,
        clock: Clock,
        settings: Settings | None = None,
        *,
        witnesses: Sequence[Witness] | None = None,
        sinks: Sequence[CheckpointSink] = (),
        head_sources: Sequence[HeadSource] = (),
        passphrase: bytes | None = None,
        files: Files | None = None,
        entropy: Entropy = os.urandom,
    ) -> OracleNode:
        """Opens the node kept in `home`, making it there if `settings` are given and there is none.

        Settings come from `home/oracle.toml` if not given; `witnesses` replace the configured ones. The node is
        opened even if its log is halted (an old copy): it can be read, but takes and signs nothing.
        Raises Refused if the home belongs to a log of another origin.
        """
        files = files or Files()
        chosen = settings if settings is not None else config.load(home)
        config.check(chosen)
        files.make_directories(home)
        lock = lock_home(home)
        try:
            if passphrase is None and chosen.passphrase_file:
                passphrase = (home / chosen.passphrase_file).read_bytes().strip()
            keys, created = identity.open_identity(home / "keys", files, passphrase, entropy)
            used = chosen.witnesses() if witnesses is None else witnesses
            node = cls(lock, home, clock, chosen, keys, files, entropy, used)
        except BaseException:
            os.close(lock)
            raise
        try:
            node._begin(sinks, head_sources, created)
        except BaseException:
            node.close()
            raise
        return node

    def _begin(self, sinks: Sequence[CheckpointSink], head_sources: Sequence[HeadSource], created: bool) -> None:
        origin, own = self.store.meta("origin"), self.origin.encode()
        if origin is None:
            self.store.set_meta("origin", own)
        elif origin != own:
            raise Refused("this home keeps another log", expected=origin.decode(), found=self.origin)
        self.log.sinks.extend(sinks)
        self.log.head_sources.extend(head_sources)
        self.log.load(self.store.size())
        if self.log.halted is None:
            self._take_up()
            if created:
                self.log.confirmed = True  # nobody can have seen anything under keys made just now
            else:
                self.log.confirm()

    def _take_up(self) -> None:
        """Gives the log the entries that the store has and it has not."""
        held = self.log.size + self.log.waiting
        for chunk in self.store.chunks(held):
            leaves = [derived.leaf for derived in chunks.derive(chunk, self.directory)]
            self.log.offer(leaves[max(0, held - chunk.first) :])

    def _reload(self) -> None:
        """After a commit whose end is not known: believes only what is on the disk."""
        self.store.close()
        self.store = Store(self.home / "store.db", self._files)
        fresh = Directory(self.store.signers(), self.identity.secret)
        self.directory.by_identifier = fresh.by_identifier
        self._sequencer = Sequencer(self.store, self.directory)
        self._take_up()

    def close(self) -> None:
        """Closes files and connections; nothing is lost without it."""
        with self._lock:
            self.log.witnesses.close()
            self.store.close()
            self.checkpoints.close()
            if self._home_lock >= 0:
                os.close(self._home_lock)
                self._home_lock = -1

    @property
    def log_dir(self) -> Path:
        """The plain tlog-tiles folder."""
        return self.home / LOG_FOLDER

    @property
    def files(self) -> Files:
        """File operations of this home."""
        return self._files

    @property
    def origin(self) -> str:
        """Name of the log."""
        return self.settings.origin

    @property
    def size(self) -> int:
        """Accepted entries."""
        return self._sequencer.size

    # --- who signs (`oracle.enrolment` decides about it)

    @property
    def lock(self) -> AbstractContextManager[bool]:
        """Held while who signs or the order of the entries is looked at and changed."""
        return self._lock

    def draw(self, count: int) -> bytes:
        """Random bytes."""
        return self._entropy(count)

    def head(self, signer: Signer) -> Head | None:
        """Highest sequence and last commitment of a signer, None before its first entry."""
        return self._sequencer.head(signer)

    def on_directory_change(self, listener: Callable[[], None]) -> None:
        """Calls `listener` after each enrolment (the verifying processes hold copies of the directory)."""
        self._listeners.append(listener)

    def enrol(self, signer: Signer, key: SignerKey, superseded: SignerKey | None) -> None:
        """One transaction: the signer as it is with this key, and the gateway's `key` entry about it."""
        content = {
            "algorithm": key.algorithm,
            "key_id": key.key_id.hex(),
            "public": key.public.hex(),
            "subject": signer.identifier,
            "supersedes": superseded.key_id.hex() if superseded else "",
        }
        gateway = signer if signer.role == "gateway" else self.require_gateway(signer.identifier)
        trial = Directory([*self.directory.signers, signer], self.identity.secret)
        trial.put(signer)
        now = self.clock()
        item = self._own_entry(gateway, "key", content, now)
        self._sequencer.enrolled(signer)
        outcomes = intake.check([item], trial, now, self.settings.clock_limits)
        plan = self._sequencer.plan(outcomes, now)
        plan.commit.signers.append(signer)
        _require_accepted(plan.results[0])
        self._take(plan)
        self._tell_listeners()

    def amend(self, signer: Signer) -> None:
        """Replaces what is kept of a signer whose keys stay the same."""
        self._commit(Commit(self.clock(), signers=[signer]))
        self._tell_listeners()

    def _tell_listeners(self) -> None:
        for listener in self._listeners:
            listener()

    def signer(self, identifier: str) -> Signer:
        """Who is enrolled under this identifier; Refused if nobody is."""
        signer = self.directory.by_identifier.get(identifier)
        if signer is None:
            raise Refused("no such signer is enrolled", expected="an enrolled identifier", found=repr(identifier)[:80])
        return signer

    def devices(self) -> list[Signer]:
        """The enrolled devices, in order of enrolment."""
        return [signer for signer in self.directory.signers if signer.role == "device"]

    def require_gateway(self, wanted_for: str) -> Signer:
        """The gateway; Refused before it is enrolled."""
        gateway = self.directory.gateway
        if gateway is None:
            raise Refused("no gateway is enrolled yet", expected="enrol_gateway first", found=wanted_for)
        return gateway

    # --- the door

    def accept(self, items: Sequence[Item]) -> list[Result]:
        """Checks, orders and keeps these envelopes; durable when it returns. One result for each body, in order."""
        return self.commit(intake.sift(items, self.directory, self.clock(), self.settings.clock_limits))

    def commit(self, found: Sequence[Found]) -> list[Result]:
        """As `accept`, for what `intake.sift` found elsewhere: one durable transaction, one fsync.

        Raises Refused if the log is halted or too much waits for the tiles; OSError or sqlite3.Error if the disk
        failed (then nothing is answered, and asking again is safe).
        """
        self.log.require_good()
        if self.log.waiting > MAX_WAITING:
            raise Refused("too many entries wait for the tiles", expected=f"at most {MAX_WAITING}", found="more")
        with self._lock:
            plan = self._sequencer.plan(found, self.clock())
            self._take(plan)
        return plan.results

    def _commit(self, commit: Commit) -> None:
        try:
            self.store.commit(commit)
        except (OSError, sqlite3.Error):
            self._reload()
            raise
        for signer in commit.signers:
            self.directory.put(signer)

    def append(self, kind: str, content: dict[str, Any], *, once: str = "", mark: bytes = b"") -> int:
        """Signs an entry with the gateway's key (gap, manifest, document, manual) and keeps it; its log index.

        With `once`, the store's meta of that name becomes `mark` and the index (8 bytes) in the same transaction,
        so that a crash cannot part the two.
        """
        self.log.require_good()
        with self._lock:
            gateway = self.require_gateway(kind)
            now = self.clock()
            item = self._own_entry(gateway, kind, content, now)
            plan = self._sequencer.plan(intake.check([item], self.directory, now, self.settings.clock_limits), now)
            index = _require_accepted(plan.results[0])
            if once:
                plan.commit.meta[once] = mark + index.to_bytes(8, "big")
            self._take(plan)
            return index

    def _take(self, plan: Plan) -> None:
        if plan.leaves or plan.commit.refusals:
            self._commit(plan.commit)
        self._sequencer.apply(plan)
        self.log.offer(plan.leaves)
        counts, refused = self.counts, len(plan.commit.refusals)
        self.counts = Counts(
            counts.accepted + len(plan.leaves), counts.duplicates + plan.duplicates, counts.refused + refused
        )

    def _own_entry(self, gateway: Signer, kind: str, content: dict[str, Any], time_ms: int) -> Single:
        head = self._sequencer.head(gateway)
        body = {
            "b": content,
            "d": gateway.identifier,
            "k": kind,
            "n": self._entropy(16).hex(),
            "q": head.sequence + 1 if head else 0,
            "t": time_ms,
            "v": 1,
        }
        return gateway_signed(self.identity.gateway, jcs.encode(body))

    # --- checkpoints

    def checkpoint(self) -> Published | None:
        """Integrates, signs, has cosigned and publishes everything accepted; None if there is nothing to sign.

        Raises Refused if this copy is old; OSError leaves everything to be tried again.
        """
        return self.log.publish()

    def step(self) -> bool:
        """One turn of the background loop: publishes if something waits or is unfinished; whether it did."""
        head, latest = self.checkpoints.head(), self.checkpoints.note()
        finished = head is not None and latest is not None and latest.size == head.size and not latest.missing
        if finished and head is not None and self.size == head.size and not self.checkpoints.undelivered():
            return False
        return self.checkpoint() is not None

    # --- looks at private data

    def record_access(self, who: str, what: str, detail: str) -> None:
        """Notes that someone looked at private data; call it before the answer goes out."""
        self.store.record_access(Access(self.clock(), who, what, detail))


def lock_home(home: Path) -> int:
    """One process at a time: two would give one index twice. The kernel frees the lock when the process ends."""
    descriptor = os.open(home / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise Refused("another node uses this home", expected="one at a time", found=str(home)) from error
    return descriptor


def gateway_signed(key: PrivateKey, body: bytes) -> Single:
    """The body with evidence of type 3 under the gateway's key."""
    signature = key.sign(entry.READING_PREFIX + body)
    return Single(body, Evidence(EvidenceType.GATEWAY, key.public.short_id, signature).format())


def _require_accepted(result: Result) -> int:
    if result.status == "refused" or result.index is None:
        raise Refused(
            f"the node's own entry is refused: {result.message}", expected=result.expected, found=result.found
        )
    return result.index
