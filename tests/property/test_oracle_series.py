"""Readings that come under one signature are ordered, found and shown as if each had come alone."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carbonledger import entry, jcs, merkle
from carbonledger.entry import Body, Evidence, EvidenceType, Leaf
from carbonledger.errors import Malformed
from carbonledger.keys import PrivateKey
from oracle import chunks, frames, intake, ordinary
from oracle.admission import ClockLimits
from oracle.envelopes import Batch, Single
from oracle.files import Files
from oracle.outcomes import count, one_by_one
from oracle.sequencer import Sequencer
from oracle.signers import Directory, Signer, SignerKey
from oracle.store import Store

KEY = PrivateKey("ed25519", b"k" * 32)
NOW_MS = 1_735_660_800_000
SIGNER = Signer(
    1, "METER-1", "device", bytes(16), (SignerKey.of("ed25519", KEY.public.data),), unit="Wh", register_type="register"
)
DIRECTORY = Directory([SIGNER])


def body(sequence: int, register: int = 0) -> bytes:
    value = {"d": "METER-1", "k": "reading", "n": f"{sequence:032x}", "q": sequence, "r": register, "s": 0}
    return jcs.encode({**value, "t": NOW_MS, "u": "Wh", "v": 1})


def batch(first: int, size: int, register: int = 0) -> Batch:
    bodies = tuple(body(sequence, register) for sequence in range(first, first + size))
    message = entry.batch_message("METER-1", first, size, merkle.root([merkle.leaf_hash(raw) for raw in bodies]))
    return Batch("METER-1", first, bodies, KEY.public.short_id, KEY.sign(message))


def single(sequence: int, register: int = 0) -> Single:
    raw = body(sequence, register)
    signature = KEY.sign(entry.READING_PREFIX + raw)
    return Single(raw, Evidence(EvidenceType.SINGLE, KEY.public.short_id, signature).format())


items = st.one_of(
    st.builds(batch, st.integers(1, 20), st.integers(1, 9), st.integers(0, 1)),
    st.builds(single, st.integers(1, 24), st.integers(0, 1)),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(items, min_size=1, max_size=5), min_size=1, max_size=4))
def test_an_envelope_comes_to_the_same_as_its_readings_one_by_one(requests: list[list[Batch | Single]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        stores = [Store(Path(folder) / name, Files()) for name in ("together", "apart")]
        together, apart = (Sequencer(store, DIRECTORY) for store in stores)
        for request in requests:
            found = intake.sift(request, DIRECTORY, NOW_MS, ClockLimits())
            alone = list(one_by_one(found))
            assert count(found) == len(alone)
            plans = [together.plan(found, NOW_MS), apart.plan(alone, NOW_MS)]
            assert plans[0].results == plans[1].results
            assert plans[0].leaves == plans[1].leaves
            for sequencer, store, plan in zip((together, apart), stores, plans, strict=True):
                store.commit(plan.commit)
                sequencer.apply(plan)
        taken: dict[int, int] = {}
        for one, other in zip(stores[0].chunks(), stores[1].chunks(), strict=True):
            assert one.frames() == other.frames()
            for frame, derived in zip(one.frames(), chunks.derive(one, DIRECTORY), strict=True):
                read = Body.parse(frame.r)
                Evidence.parse(frame.a).verify(read, KEY.public)
                entry.check_leaf(Leaf.parse(derived.leaf), read, frame.a, frame.salt, SIGNER.salt, "ed25519")
                taken[read.sequence] = len(taken)
        for sequence in range(30):
            assert stores[0].find(1, sequence) == stores[1].find(1, sequence) == taken.get(sequence)
        for store in stores:
            store.close()


def test_an_envelope_that_comes_late_is_kept_whole(tmp_path: Path) -> None:
    store = Store(tmp_path / "store.db", Files())
    sequencer = Sequencer(store, DIRECTORY)

    def take(*items: Batch | Single) -> list[str]:
        plan = sequencer.plan(intake.sift(items, DIRECTORY, NOW_MS, ClockLimits()), NOW_MS)
        if plan.leaves:
            store.commit(plan.commit)
        sequencer.apply(plan)
        return [result.status for result in plan.results]

    take(batch(20, 3), batch(1, 3))  # the second one is late already when it comes
    take(batch(4, 9))
    *_, late = store.chunks()
    assert len(late.evidence) < 9 * (len(body(4)) + 32) + 100  # with nine signatures it would be more
    assert take(batch(4, 9)) == ["duplicate"] * 9
    assert take(batch(13, 8)) == ["accepted"] * 7 + ["duplicate"]  # the last is in the gap no more
    assert sorted(one.sequence for chunk in store.chunks() for one in chunks.derive(chunk, DIRECTORY)) == [
        *range(1, 23)
    ]
    store.close()


@given(st.binary(max_size=400), st.integers(0, 20))
def test_hostile_evidence_is_malformed_or_whole(data: bytes, number: int) -> None:
    for hostile in (data, b"\0\0" + data):
        try:
            found = list(frames.split_frames(hostile, number))
        except Malformed:
            continue
        assert len(found) == number


def test_an_envelope_with_bytes_missing_or_left_is_malformed() -> None:
    whole = intake.sift([batch(1, 3)], DIRECTORY, NOW_MS, ClockLimits())[0]
    packed = whole.packed  # type: ignore[union-attr]
    assert [frame.r for frame in frames.split_frames(packed, 3)] == [body(1), body(2), body(3)]
    for broken, number in ((packed[:-1], 3), (packed + b"\0", 3), (packed, 2), (packed, 4), (packed[:40], 3)):
        with pytest.raises(Malformed):
            list(frames.split_frames(broken, number))


def split(text: bytes, cuts: list[int]) -> list[bytes]:
    """The text parted at places of any kind: what joins to good lines need not be good lines."""
    edges = [0, *sorted({cut % (len(text) + 1) for cut in cuts}), len(text)]
    return [text[a:b] for a, b in itertools.pairwise(edges)]


@given(st.lists(st.integers(0, 2000), max_size=3), st.sampled_from([b"\n", b"", b","]), st.integers(1, 3))
def test_bodies_read_together_are_each_canonical(cuts: list[int], between: bytes, number: int) -> None:
    given_bodies = split(between.join(body(sequence) for sequence in range(1, number + 1)), cuts)
    for bodies in (given_bodies, [piece.strip(b"\n") for piece in given_bodies]):
        found = ordinary.read(bodies, 0, 2**53)
        if found is not None:
            assert [Body.parse(raw).sequence for raw in bodies] == [reading.q for reading in found]
