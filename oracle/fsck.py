"""Derives everything of a node again from the evidence it holds, and compares: store, index, tiles, notes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from carbonledger import checkpoint, entry, merkle
from carbonledger.entry import Body, Evidence, EvidenceType, Leaf
from carbonledger.errors import CarbonLedgerError
from carbonledger.keys import PublicKey
from carbonledger.note import Note
from carbonledger.tiles import TILE_WIDTH
from oracle import config, identity, monitor
from oracle.checkpoint_store import CheckpointStore, SignedHead
from oracle.chunks import Chunk, Derived, derive
from oracle.config import Settings
from oracle.files import Files
from oracle.log import LogKeys
from oracle.monitor import Findings
from oracle.node import LOG_FOLDER, lock_home
from oracle.signers import Directory, Signer
from oracle.store import Store

MAX_PROBLEMS = 100


@dataclass
class _State:
    """What has been derived so far."""

    directory: Directory
    problems: list[str]
    frontier: merkle.Frontier = field(default_factory=merkle.Frontier)
    last: dict[int, str] = field(default_factory=dict)
    highest: dict[int, int] = field(default_factory=dict)
    leaves: list[bytes] = field(default_factory=list)


def check_home(home: Path, settings: Settings | None = None, passphrase: bytes | None = None) -> Findings:
    """Checks a home that no node uses now. Raises Refused if one does; what the files hold is told in the findings."""
    settings = settings or config.load(home)
    files = Files()
    lock = lock_home(home)
    try:
        if passphrase is None and settings.passphrase_file:
            passphrase = (home / settings.passphrase_file).read_bytes().strip()
        keys, _ = identity.open_identity(home / "keys", files, passphrase)
        store, checkpoints = Store(home / "store.db", files), CheckpointStore(home / "checkpoints.db", files)
        try:
            return _check(home, keys.log_keys(settings.origin, settings.chain_id), keys.secret, store, checkpoints)
        finally:
            store.close()
            checkpoints.close()
    finally:
        os.close(lock)


def _check(home: Path, keys: LogKeys, secret: bytes, store: Store, checkpoints: CheckpointStore) -> Findings:
    findings = Findings()
    problems = findings.problems
    problems.extend(f"store.db: {line}" for line in store.check_file())
    problems.extend(f"checkpoints.db: {line}" for line in checkpoints.check_file())
    if problems:
        return findings
    state = _State(Directory(store.signers(), secret), problems)
    heads = checkpoints.heads()
    head = next(heads, None)
    folder = home / LOG_FOLDER
    published = _Published(folder, checkpoints.head())
    for chunk in store.chunks():
        if chunk.first != state.frontier.size:
            problems.append(f"chunk {chunk.first}: expected index {state.frontier.size}")
            break
        for index, leaf in _entries(chunk, store, state):
            published.compare(index, leaf, problems)
            state.frontier.append(merkle.leaf_hash(leaf))
            while head is not None and head.size == state.frontier.size:
                _compare_head(head, state.frontier.root(), problems)
                head = next(heads, None)
        if len(problems) >= MAX_PROBLEMS:
            break
    else:
        while head is not None:
            problems.append(f"a checkpoint of size {head.size} was signed, the store has {state.frontier.size} entries")
            head = next(heads, None)
        _compare_index(store, state)
    findings.size, findings.root = state.frontier.size, state.frontier.root()
    problems.extend(_check_notes(checkpoints, keys))
    first_note = next(checkpoints.notes(), None)
    latest = checkpoints.note()
    if (folder / "checkpoint").exists() or first_note != latest:
        problems.extend(_check_tiles(folder, keys, checkpoints))
    elif published.size:  # a crash came between the first signature and its publication
        monitor.rebuild(folder, published.size, problems)
    return findings


class _Published:
    """The entry bundles of the signed size, read one after the other."""

    def __init__(self, folder: Path, head: SignedHead | None) -> None:
        self._folder = folder
        self.size = head.size if head else 0
        self._entries: Iterator[bytes] = iter(())

    def compare(self, index: int, leaf: bytes, problems: list[str]) -> None:
        if index >= self.size:
            return
        if index % TILE_WIDTH == 0:
            self._entries = iter(())
            try:
                self._entries = iter(monitor.bundle(self._folder, index // TILE_WIDTH, self.size))
            except (CarbonLedgerError, OSError) as error:
                problems.append(f"bundle of entry {index}: {error}")
        found = next(self._entries, None)
        if found is not None and found != leaf:
            problems.append(f"entry {index}: the log has {found!r}, the evidence gives {leaf!r}")


def _entries(chunk: Chunk, store: Store, state: _State) -> Iterator[tuple[int, bytes]]:
    """Index and leaf of each entry, after all checks that need no tile."""
    problems = state.problems
    try:
        derived = derive(chunk, state.directory)
        frames = chunk.frames()
    except CarbonLedgerError as error:
        problems.append(f"chunk {chunk.first}: {error}")
        return
    for offset, (frame, made) in enumerate(zip(frames, derived, strict=True)):
        index, number = chunk.first + offset, made.signer.number
        try:
            body, evidence, leaf = Body.parse(frame.r), Evidence.parse(frame.a), Leaf.parse(made.leaf)
            key = _key_of(evidence, made, state.directory)
            evidence.verify(body, key)
            entry.check_leaf(leaf, body, frame.a, frame.salt, made.signer.salt, key.algorithm)
            if body.nonce is None and frame.salt != entry.derived_salt(
                state.directory.secret, body.signer, body.sequence
            ):
                problems.append(f"entry {index}: its salt is not the derived one")
        except CarbonLedgerError as error:
            problems.append(f"entry {index}: {error}")
            leaf = Leaf.parse(made.leaf)
        if leaf.previous != state.last.get(number, entry.FIRST_PREVIOUS):
            problems.append(f"entry {index}: 'p' is not the last commitment of {made.signer.identifier}")
        found = store.find(number, made.sequence)
        if found != index:
            problems.append(f"entry {index}: the index has {made.signer.identifier} {made.sequence} at {found}")
        state.last[number] = made.commitment
        state.highest[number] = max(made.sequence, state.highest.get(number, -1))
        yield index, made.leaf


def _key_of(evidence: Evidence, made: Derived, directory: Directory) -> PublicKey:
    signer: Signer | None = made.signer
    if evidence.type is EvidenceType.GATEWAY:
        signer = directory.gateway
    for key in signer.keys if signer else ():
        if key.short_id == evidence.key_short_id:
            if evidence.type is not EvidenceType.GATEWAY and made.signer.key_for(made.sequence) != key:
                break
            return PublicKey(key.algorithm, key.public)
    raise CarbonLedgerError("no key of the signer signed this", found=evidence.key_short_id.hex())


def _compare_head(head: SignedHead, root: bytes, problems: list[str]) -> None:
    if head.root != root:
        problems.append(f"root of size {head.size}: signed {head.root.hex()}, the evidence gives {root.hex()}")


def _compare_index(store: Store, state: _State) -> None:
    heads = store.heads()
    for number, previous in state.last.items():
        head = heads.pop(number, None)
        if head is None or (head.sequence, head.previous) != (state.highest[number], previous):
            state.problems.append(f"signer {number}: its head is not that of its last entry")
    state.problems.extend(f"signer {number}: has a head and no entry" for number in heads)
    counted = sum(run.count for signer in state.directory.signers for run in store.runs(signer.number))
    if counted != state.frontier.size:
        state.problems.append(f"the index counts {counted} entries, the store {state.frontier.size}")


def _check_notes(checkpoints: CheckpointStore, keys: LogKeys) -> Iterator[str]:
    heads = checkpoints.heads()
    head = next(heads, None)
    for stored in checkpoints.notes():
        while head is not None and head.size < stored.size:  # a head may have no note: a crash came between
            head = next(heads, None)
        root = head.root if head is not None and head.size == stored.size else None
        try:
            verified = checkpoint.verify(Note.parse(stored.note), [keys.verifier, keys.eip712_verifier], keys.domain)
        except CarbonLedgerError as error:
            yield f"note of size {stored.size}: {error}"
            continue
        found = verified.checkpoint
        if (found.origin, found.size, found.root) != (keys.origin, stored.size, root):
            yield f"note of size {stored.size}: it says {found.origin} {found.size} {found.root.hex()}"
        if len(verified.lines) != 2:
            yield f"note of size {stored.size}: expected both lines of the log, found {len(verified.lines)}"


def _check_tiles(folder: Path, keys: LogKeys, checkpoints: CheckpointStore) -> Iterator[str]:
    found = monitor.check_folder(folder, keys.origin, [keys.verifier])
    yield from (f"log folder: {problem}" for problem in found.problems)
    latest = checkpoints.note()
    if latest is not None and found.size > latest.size:
        yield f"log folder: published is size {found.size}, the checkpoint store ends at {latest.size}"
