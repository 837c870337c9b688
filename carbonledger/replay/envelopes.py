"""The way of the ordinary envelope: all its readings one after another, one meter's, each as it must be.

Everything that is said of an entry alone is said here of all members in a few comparisons. Nothing is found wrong
here: an envelope that is not ordinary in every respect is left to `replay.entries`, which goes through it one by one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final

from msgspec import UNSET

from carbonledger import batch_tree
from carbonledger.entry import COMMIT_PREFIX, MAX_BATCH, NO_SALT, EvidenceType
from carbonledger.errors import CarbonLedgerError
from carbonledger.keys import PublicKey
from carbonledger.measured import WithNonce
from carbonledger.replay.batches import HEAD, signed_message
from carbonledger.replay.frames import Frames
from carbonledger.replay.signers import Signer

INTAKE_AT: Final = 115
"""Where the intake time begins in a leaf: {"c":"64 digits","d":"32 digits","i":"""
_BATCH: Final = bytes([EvidenceType.BATCH])
_FIRST: Final = bytes(4)
_COMMIT: Final = COMMIT_PREFIX + NO_SALT


class Envelopes:
    """Takes whole envelopes. `signers` by identifier, `keys` by short id."""

    def __init__(self, signers: Mapping[str, Signer], keys: Mapping[bytes, PublicKey]) -> None:
        self._signers = signers
        self._keys = keys

    def take(
        self, first: int, at: int, leaves: Sequence[bytes], frames: Frames, readings: Sequence[WithNonce | None]
    ) -> int:
        """How many entries from place `at` on make one ordinary envelope, which is taken; 0 if they make none.

        `first` is the log index of place 0.
        """
        evidence = frames.evidences[at]
        if evidence[:1] != _BATCH or evidence[HEAD : HEAD + 4] != _FIRST:
            return 0
        count = int.from_bytes(evidence[17:HEAD], "big")
        end = at + count
        if not 1 <= count <= MAX_BATCH or end > len(leaves):
            return 0
        members = [one for one in readings[at:end] if one is not None]
        key = self._keys.get(evidence[1:9])
        signer = self._signers.get(members[0].d)
        if key is None or signer is None or len(members) != count:
            return 0
        values = _values(members, signer, int.from_bytes(evidence[9:17], "big"))
        if values is None or frames.salts[at:end] != [NO_SALT] * count:
            return 0
        bodies, evidences = frames.bodies[at:end], frames.evidences[at:end]
        nodes, shape = batch_tree.tree_of(bodies)
        head, signature = evidence[:HEAD], evidence[-64:]
        if evidences != [b"".join((head, position, *path(nodes), signature)) for position, path, _ in shape.places]:
            return 0
        previous = _leaves(leaves[at:end], members, bodies, evidences, signer, key)
        if previous is None:
            return 0
        try:
            key.verify(signed_message(signer.identifier, head, nodes[-1]), signature)
        except CarbonLedgerError:
            return 0
        signer.previous = previous
        signer.next += count
        signer.used(evidence[:9], first + at, first + end - 1)
        series = signer.series
        series.times.extend([one.t for one in members])
        series.sequences.extend([one.q for one in members])
        series.indices.extend(range(first + at, first + end))
        series.values.extend(values)
        return count


def _values(members: Sequence[WithNonce], signer: Signer, begins: int) -> list[int] | None:
    """The values, if these are readings of this meter that follow on from what it sent, all by register or none."""
    series = signer.series
    if begins != signer.next or not signer.begun or signer.ahead or not begins:
        return None
    if [one.q for one in members] != list(range(begins, begins + len(members))):
        return None
    if {(one.d, one.k, one.u) for one in members} != {(signer.identifier, "reading", series.unit)}:
        return None
    by_register = [one.r for one in members if one.r is not UNSET]
    by_interval = [one.x for one in members if one.x is not UNSET]
    if len(by_register) == len(members) and not by_interval:
        return by_register
    if len(by_interval) == len(members) and not by_register and not series.by_register:
        return by_interval
    return None


def _leaves(
    leaves: Sequence[bytes],
    members: Sequence[WithNonce],
    bodies: Sequence[bytes],
    evidences: Sequence[bytes],
    signer: Signer,
    key: PublicKey,
) -> bytes | None:
    """The last commitment in hex, if every leaf is the one that its entry can have."""
    commitments = [
        sha256(
            b"%b%b%b%b%b" % (_COMMIT, len(body).to_bytes(4, "big"), body, len(evidence).to_bytes(4, "big"), evidence)
        )
        .hexdigest()
        .encode()
        for body, evidence in zip(bodies, evidences, strict=True)
    ]
    intakes = [leaf[INTAKE_AT : leaf.find(b",", INTAKE_AT)] for leaf in leaves]
    # a time of 0 or above 10^15 is looked at the slow way, which takes all that are canonical
    if not all(intake.isdigit() and len(intake) <= 15 and intake[0] != 48 for intake in set(intakes)):
        return None
    middle = b',"s":"%b","t":' % key.algorithm.encode()
    expected = [
        b'{"c":"%b","d":"%b","i":%b,"k":"reading","p":"%b","q":%d%b%d,"v":1}'
        % (c, signer.pseudonym, intake, previous, one.q, middle, one.t)
        for c, previous, intake, one in zip(
            commitments, [signer.previous, *commitments[:-1]], intakes, members, strict=True
        )
    ]
    return commitments[-1] if expected == list(leaves) else None
