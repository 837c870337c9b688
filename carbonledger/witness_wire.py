"""C2SP tlog-witness on the wire: the body of `add-checkpoint` and its answers. No HTTP here."""

from __future__ import annotations

from dataclasses import dataclass

from carbonledger.checkpoint import Checkpoint
from carbonledger.errors import Malformed
from carbonledger.framing import decode_base64, decode_decimal, encode_base64
from carbonledger.merkle import HASH_SIZE
from carbonledger.note import MAX_NOTE, Note, SignatureLine, parse_lines

MAX_PROOF_LINES = 63
SIZE_CONTENT_TYPE = "text/x.tlog.size"


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """`old_size` as the client believes it of the witness, the consistency proof from it, and the signed checkpoint."""

    old_size: int
    proof: tuple[bytes, ...]
    note: Note

    def __post_init__(self) -> None:
        size = self.checkpoint.size
        if not 0 <= self.old_size <= size:
            raise Malformed("the old size is above the checkpoint's", expected=f"0 to {size}", found=self.old_size)
        if len(self.proof) > MAX_PROOF_LINES or any(len(value) != HASH_SIZE for value in self.proof):
            raise Malformed(
                "the consistency proof is malformed",
                expected="at most 63 hashes of 32 bytes",
                found=f"{len(self.proof)} lines",
            )
        if self.old_size == 0 and self.proof:
            raise Malformed("a first checkpoint carries no proof", expected="no proof lines", found=len(self.proof))

    @property
    def checkpoint(self) -> Checkpoint:
        """The body of the note."""
        return Checkpoint.parse(self.note.text)

    def format(self) -> bytes:
        """The request body."""
        lines = [f"old {self.old_size}\n", *(encode_base64(value) + "\n" for value in self.proof), "\n"]
        return "".join(lines).encode() + self.note.format()

    @classmethod
    def parse(cls, body: bytes) -> AddCheckpoint:
        """The inverse of `format`; Malformed (HTTP 400) for anything else."""
        if len(body) > 2 * MAX_NOTE:
            raise Malformed(
                "the request is too long", expected=f"at most {2 * MAX_NOTE} bytes", found=f"{len(body)} bytes"
            )
        head, blank, rest = bytes(body).partition(b"\n\n")
        lines = head.decode("ascii", "replace").split("\n")
        if not blank or not lines[0].startswith("old ") or len(lines) - 1 > MAX_PROOF_LINES:
            raise Malformed(
                "not an add-checkpoint request",
                expected="'old <size>', at most 63 proof lines, a blank line, a note",
                found=repr(body[:40]),
            )
        old_size = decode_decimal(lines[0][4:], "the old size")
        proof = tuple(decode_base64(line, "a proof line") for line in lines[1:])
        return cls(old_size, proof, Note.parse(rest))


def format_cosignatures(lines: tuple[SignatureLine, ...]) -> bytes:
    """The body of the answer 200: signature lines."""
    return "".join(map(str, lines)).encode("utf-8")


def parse_cosignatures(body: bytes) -> tuple[SignatureLine, ...]:
    """The lines of the answer 200, one or more, not verified; Malformed otherwise."""
    if len(body) > MAX_NOTE:
        raise Malformed("the answer is too long", expected=f"at most {MAX_NOTE} bytes", found=f"{len(body)} bytes")
    try:
        return parse_lines(body.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise Malformed("the witness's answer is not UTF-8", expected="UTF-8", found=error.reason) from error


def format_size(size: int) -> bytes:
    """The body of the answer 409: the size of the latest checkpoint the witness cosigned."""
    return f"{decode_decimal(str(size), 'the size')}\n".encode()


def parse_size(body: bytes) -> int:
    """The inverse of `format_size`."""
    text = body[:32].decode("ascii", "replace")
    if not text.endswith("\n") or len(body) > 32:
        raise Malformed("not a size of a log", expected="a decimal and a newline", found=repr(body[:40]))
    return decode_decimal(text[:-1], "the size")
