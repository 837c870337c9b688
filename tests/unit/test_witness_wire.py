"""Requests to witnesses that are refused, with the rule each breaks (C2SP tlog-witness)."""

from __future__ import annotations

from hashlib import sha256

import pytest

from carbonledger import note, witness_wire
from carbonledger.checkpoint import Checkpoint
from carbonledger.errors import Malformed
from carbonledger.keys import PrivateKey
from carbonledger.note import Note
from carbonledger.witness_wire import AddCheckpoint

HEAD = Checkpoint("plant.example/log", 8, sha256(b"root").digest())
SIGNED = Note(HEAD.body(), (note.sign(PrivateKey.from_seed("ed25519", bytes(32)), "plant.example/log", HEAD.body()),))
HASH = b"u" * 43 + b"="  # base64 of 32 bytes but for its pad bits
GOOD = AddCheckpoint(4, (sha256(b"a").digest(),), SIGNED).format()
NOTE = SIGNED.format()


def test_a_request_is_written_as_the_specification_shows() -> None:
    lines = GOOD.split(b"\n")
    assert lines[0] == b"old 4"
    assert lines[2:4] == [b"", b"plant.example/log"]
    assert AddCheckpoint.parse(GOOD).checkpoint == HEAD
    assert AddCheckpoint.parse(b"old 0\n\n" + NOTE).old_size == 0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        NOTE,
        b"old 4\n" + NOTE,
        b"old 04\n\n" + NOTE,
        b"old -1\n\n" + NOTE,
        b"old  4\n\n" + NOTE,
        b"old 4 \n\n" + NOTE,
        b"OLD 4\n\n" + NOTE,
        b"old 9\n\n" + NOTE,
        b"old 4\r\n\r\n" + NOTE,
        b"old 4\n" + HASH + b"\n\n" + NOTE,
        b"old 4\nYQ==\n\n" + NOTE,
        GOOD.replace(b"old 4", b"old 0"),
        b"old 4\n" + GOOD.split(b"\n")[1].join([b"", b"\n"]) * 64 + b"\n" + NOTE,
        b"old 4\n\n" + HEAD.body().encode(),
        b"old 4\n\nhello\n\n" + NOTE.split(b"\n\n")[1],
        GOOD + b"\n",
    ],
)
def test_a_request_in_another_form_is_refused(body: bytes) -> None:
    with pytest.raises(Malformed):
        AddCheckpoint.parse(body)


@pytest.mark.parametrize(
    "body", [b"", b"8", b"08\n", b"-1\n", b"8\n\n", b" 8\n", b"18446744073709551616\n", b"8" * 99 + b"\n"]
)
def test_a_size_in_another_form_is_refused(body: bytes) -> None:
    with pytest.raises(Malformed):
        witness_wire.parse_size(body)


@pytest.mark.parametrize("body", [b"", b"\n", NOTE, b"\xff", "— w x08go/ZJ".encode(), "— w x08go/ZJ\n\n".encode()])
def test_an_answer_in_another_form_is_refused(body: bytes) -> None:
    with pytest.raises(Malformed):
        witness_wire.parse_cosignatures(body)
