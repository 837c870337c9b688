"""Round trips and hostile bytes for notes, checkpoints, requests to witnesses, proofs, bundles, paths and framing."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonledger import framing, tiles, witness_wire
from carbonledger.checkpoint import Checkpoint
from carbonledger.errors import Malformed
from carbonledger.note import Note, SignatureLine
from carbonledger.tlogproof import TlogProof
from carbonledger.witness_wire import AddCheckpoint

HASHES = st.binary(min_size=32, max_size=32)
LINES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)
NAMES = st.text(st.characters(categories=["L", "N", "P"], exclude_characters="+"), min_size=1, max_size=20)
SIGNATURES = st.builds(SignatureLine, NAMES, st.binary(min_size=4, max_size=4), st.binary(min_size=1, max_size=80))
CHECKPOINTS = st.builds(Checkpoint, LINES, st.integers(1, 2**64 - 1), HASHES, st.lists(LINES, max_size=2).map(tuple))
TEXTS = st.lists(LINES | st.just(""), min_size=1, max_size=5).map(lambda lines: "".join(f"{x}\n" for x in lines))
NOTES = st.builds(Note, TEXTS, st.lists(SIGNATURES, min_size=1, max_size=3).map(tuple))
SIGNED = st.builds(
    lambda head, lines: Note(head.body(), lines), CHECKPOINTS, st.lists(SIGNATURES, min_size=1, max_size=3).map(tuple)
)
REQUESTS = SIGNED.flatmap(
    lambda note: st.builds(
        AddCheckpoint,
        st.integers(1, Checkpoint.parse(note.text).size),
        st.lists(HASHES, max_size=5).map(tuple),
        st.just(note),
    )
)
PROOFS = st.builds(
    TlogProof,
    st.integers(0, 2**64 - 1),
    st.lists(HASHES, max_size=5).map(tuple),
    st.binary(min_size=1, max_size=40),
    st.none() | st.binary(min_size=1, max_size=20),
)


@given(NOTES)
def test_notes_come_back(note: Note) -> None:
    assert Note.parse(note.format()) == note


@given(CHECKPOINTS)
def test_checkpoints_come_back(head: Checkpoint) -> None:
    assert Checkpoint.parse(head.body()) == head


@given(REQUESTS)
def test_requests_to_witnesses_come_back(request: AddCheckpoint) -> None:
    assert AddCheckpoint.parse(request.format()) == request


@given(PROOFS)
def test_proof_files_come_back(proof: TlogProof) -> None:
    assert TlogProof.parse(proof.format()) == proof


@given(st.lists(SIGNATURES, min_size=1, max_size=4).map(tuple), st.integers(0, 2**64 - 1))
def test_answers_of_witnesses_come_back(lines: tuple[SignatureLine, ...], size: int) -> None:
    assert witness_wire.parse_cosignatures(witness_wire.format_cosignatures(lines)) == lines
    assert witness_wire.parse_size(witness_wire.format_size(size)) == size


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=256))
def test_bundles_come_back_with_their_own_count_only(entries: list[bytes]) -> None:
    data = tiles.format_bundle(entries)
    assert tiles.parse_bundle(data, len(entries)) == entries
    for count in {len(entries) - 1, len(entries) + 1}:
        with pytest.raises(Malformed):
            tiles.parse_bundle(data, count)


@given(st.none() | st.integers(0, 63), st.integers(0, 2**64 - 1), st.integers(1, 256))
def test_tile_paths_come_back(level: int | None, index: int, width: int) -> None:
    path = tiles.TilePath(level, index, width)
    assert tiles.TilePath.parse(str(path)) == path


@given(st.text(alphabet="tile/0123456789x.pentris-", max_size=40).map(lambda x: f"tile/{x}") | st.text(max_size=20))
def test_hostile_paths_are_refused_or_in_their_one_form(text: str) -> None:
    with contextlib.suppress(Malformed):
        assert str(tiles.TilePath.parse(text)) == text


@pytest.mark.parametrize(
    "path",
    [
        "tile/00/000",
        "tile/64/000",
        "tile/0/x000/000",
        "tile/0/000.p/256",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/1000",
        "tile/0/001/002",
        "tile/0/x001/x002",
        "tile/0/../000",
        "tile/0/000\n",
        "/tile/0/000",
        "tile/0/\u0660\u0660\u0660",
        "tile/0/x018/x446/x744/x073/x709/x551/616",
    ],
)
def test_paths_in_another_form_are_refused(path: str) -> None:
    with pytest.raises(Malformed):
        tiles.TilePath.parse(path)


PARSERS: list[tuple[Callable[[bytes], Any], Callable[[Any], bytes], st.SearchStrategy[bytes]]] = [
    (Note.parse, Note.format, NOTES.map(Note.format)),
    (AddCheckpoint.parse, AddCheckpoint.format, REQUESTS.map(AddCheckpoint.format)),
    (TlogProof.parse, TlogProof.format, PROOFS.map(TlogProof.format)),
]


@pytest.mark.parametrize(("parse", "write", "good"), PARSERS, ids=["note", "add-checkpoint", "tlog-proof"])
@given(data=st.data())
def test_hostile_bytes_are_refused_or_come_back_as_they_were(
    parse: Callable[[bytes], Any],
    write: Callable[[Any], bytes],
    good: st.SearchStrategy[bytes],
    data: st.DataObject,
) -> None:
    raw = bytearray(data.draw(good))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2) | st.sampled_from([b"\n", b" "]))
        if not raw:
            return
    try:
        value = parse(bytes(raw))
    except Malformed:
        return
    assert write(value) == bytes(raw)


@given(st.lists(st.tuples(st.sampled_from([1, 2, 4, 8]), st.integers(0, 2**64 - 1)), max_size=8), st.binary(max_size=9))
def test_framed_integers_come_back_and_nothing_may_be_missing_or_left(
    fields: list[tuple[int, int]], tail: bytes
) -> None:
    writer = framing.Writer()
    for size, value in fields:
        number = value % (1 << 8 * size)
        {1: writer.u8, 2: writer.u16, 4: writer.u32, 8: writer.u64}[size](number)
    data = writer.prefixed16(tail).prefixed32(tail).bytes()

    def read(raw: bytes) -> None:
        reader = framing.Reader(raw)
        for size, value in fields:
            found = {1: reader.u8, 2: reader.u16, 4: reader.u32, 8: reader.u64}[size]()
            assert found == value % (1 << 8 * size)
        assert (reader.prefixed16(), reader.prefixed32()) == (tail, tail)
        reader.end()

    read(data)
    for wrong in (data + b"\0", data[:-1]):
        with pytest.raises(Malformed):
            read(wrong)


@given(st.binary(max_size=50))
def test_base64_has_one_spelling(data: bytes) -> None:
    text = framing.encode_base64(data)
    assert framing.decode_base64(text) == data
    for other in (
        text + "\n",
        " " + text,
        text + "=",
        text.rstrip("="),
        text.replace("+", "-"),
        text.replace("/", "_"),
    ):
        if other != text:
            with pytest.raises(Malformed):
                framing.decode_base64(other)


@pytest.mark.parametrize("value", [-1, 256])
def test_a_number_that_does_not_fit_is_not_written(value: int) -> None:
    with pytest.raises(Malformed):
        framing.Writer().u8(value)
