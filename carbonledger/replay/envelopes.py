"""The way of the ordinary envelope: all its readings one after another, one meter's, each as it must be.

Everything that is said of an entry alone is said here of all members in a few comparisons. Nothing is found wrong
here: an envelope that is not ordinary in every respect is left to `replay.entries`, which goes through it one by one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Final, NamedTuple

from msgspec import UNSET

from carbonledger import batch_tree, hashing
from carbonledger.entry import COMMIT_PREFIX, MAX_BATCH, NO_SALT, EvidenceType
from carbonledger.errors import CarbonLedgerError
from carbonledger.hashing import SIZE
from carbonledger.keys import PublicKey
from carbonledger.measured import WithNonce
from carbonledger.replay.batches import HEAD
from carbonledger.replay.frames import Frames
from carbonledger.replay.signers import Signer

INTAKE_AT: Final = 115
"""Where the intake time begins in a leaf: {"c":"64 digits","d":"32 digits","i":"""
_BATCH: Final = bytes([EvidenceType.BATCH])
_FIRST: Final = bytes(4)
_SEQUENCE, _WHOSE = attrgetter("q"), attrgetter("d", "k", "u")


def begins(evidence: bytes) -> bool:
    """Whether this is A of the first reading in an envelope."""
    return evidence[:1] == _BATCH and evidence[HEAD : HEAD + 4] == _FIRST


class Stretch(NamedTuple):
    """Entries from log index `first` on, and what is found of all of them at once.

    `readings` is None where a body is none, `hashes` are packed, of the bodies as leaves of an envelope's tree.
    """

    first: int
    leaves: Sequence[bytes]
    frames: Frames
    readings: Sequence[WithNonce | None]
    hashes: bytes


class Envelopes:
    """Takes whole envelopes. `signers` by identifier, `keys` by short id."""

    def __init__(self, signers: Mapping[str, Signer], keys: Mapping[bytes, PublicKey]) -> None:
        self._signers = signers
        self._keys = keys

    def take(self, stretch: Stretch, at: int) -> int:
        """How many entries from place `at` on make one ordinary envelope, which is taken; 0 if they make none."""
        first, leaves, frames, readings, hashes = stretch
        evidence = frames.evidences[at]
        if not begins(evidence):
            return 0
        count = int.from_bytes(evidence[17:HEAD], "big")
        end = at + count
        if not 1 <= count <= MAX_BATCH or end > len(leaves):
            return 0
        members = [one for one in readings[at:end] if one is not None]
        if len(members) != count or frames.salts[at:end] != [NO_SALT] * count:
            return 0
        key, signer = self._keys.get(evidence[1:9]), self._signers.get(members[0].d)
        sequence = int.from_bytes(evidence[9:17], "big")
        if key is None or signer is None or (values := _values(members, signer, sequence)) is None:
            return 0
        head, signature, bodies = evidence[:HEAD], evidence[-64:], frames.bodies[at:end]
        nodes = batch_tree.nodes_of(hashes[SIZE * at : SIZE * end])
        commitments = _commitments(nodes, head, signature, bodies, frames.evidences[at:end])
        if commitments is None or not _are_leaves(leaves[at:end], members, commitments, signer, key):
            return 0
        try:
            key.verify(batch_tree.message(signer.identifier, head, nodes[-1]), signature)
        except CarbonLedgerError:
            return 0
        signer.previous = commitments[-1].encode()
        signer.next += count
        signer.used(evidence[:9], first + at, first + end - 1)
        series = signer.series
        series.times.extend([one.t for one in members])
        series.sequences.extend(range(sequence, sequence + count))
        series.indices.extend(range(first + at, first + end))
        series.values.extend(values)
        return count


def _values(members: Sequence[WithNonce], signer: Signer, first: int) -> list[int] | None:
    """The values, if these are readings of this meter that follow on from what it sent, all by register or none."""
    series = signer.series
    if first != signer.next or not signer.begun or signer.ahead or not first:
        return None
    if list(map(_SEQUENCE, members)) != list(range(first, first + len(members))):
        return None
    if set(map(_WHOSE, members)) != {(signer.identifier, "reading", series.unit)}:
        return None
    by_register = [one.r for one in members if one.r is not UNSET]
    by_interval = [one.x for one in members if one.x is not UNSET]
    if len(by_register) == len(members) and not by_interval:
        return by_register
    if len(by_interval) == len(members) and not by_register and not series.by_register:
        return by_interval
    return None


def _commitments(
    nodes: Sequence[bytes], head: bytes, signature: bytes, bodies: Sequence[bytes], evidences: Sequence[bytes]
) -> list[str] | None:
    """c of each member in hex, if each A is the one that its place in the tree gives it."""
    shape = batch_tree.shape(len(bodies))
    if list(map(len, evidences)) != shape.lengths:
        return None
    sizes = shape.sizes(bodies)
    openings, lengths = shape.openings(nodes, head, signature, sizes, bodies)
    if shape.openings_with(evidences, sizes, bodies) != openings:
        return None
    return hashing.hexes(hashing.packed(openings, lengths, COMMIT_PREFIX))


def _are_leaves(
    leaves: Sequence[bytes],
    members: Sequence[WithNonce],
    commitments: Sequence[str],
    signer: Signer,
    key: PublicKey,
) -> bool:
    """Whether every leaf is the one that its entry can have."""
    try:
        found = b"\n".join(leaves).decode("ascii").split("\n")  # none of them has a line break in it
    except UnicodeDecodeError:
        return False
    intakes = [leaf[INTAKE_AT : leaf.find(",", INTAKE_AT)] for leaf in found]
    for intake in set(intakes):
        # a time of 0 or above 10^15 is looked at the slow way, which takes all that are canonical
        if not intake.isdigit() or len(intake) > 15 or intake[0] == "0":
            return False
    beside_c, beside_q = f'","d":"{signer.pseudonym.decode()}","i":', f',"s":"{key.algorithm}","t":'
    previous = (signer.previous.decode(), *commitments[:-1])
    return found == [
        f'{{"c":"{c}{beside_c}{intake},"k":"reading","p":"{before}","q":{one.q}{beside_q}{one.t},"v":1}}'
        for c, intake, before, one in zip(commitments, intakes, previous, members, strict=False)
    ]
