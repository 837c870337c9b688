"""C2SP tlog-proof: the text file that proves one entry of a log offline (index, audit path, signed checkpoint)."""

from __future__ import annotations

from dataclasses import dataclass

from carbonledger import merkle
from carbonledger.checkpoint import Checkpoint
from carbonledger.errors import Malformed
from carbonledger.framing import decode_base64, decode_decimal, encode_base64
from carbonledger.note import MAX_NOTE, Note

HEADER = "c2sp.org/tlog-proof@v1"
MAX_PROOF_LINES = 63


@dataclass(frozen=True, slots=True)
class TlogProof:
    """`index` from 0, the audit path from the leaf's sibling up, the signed note verbatim, and opaque extra data.

    `checkpoint` is kept as bytes, verbatim; `note()` parses it. `extra` is not authenticated by anything.
    """

    index: int
    proof: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.index < 1 << 64:
            raise Malformed("the index of a proof is out of range", expected="0 <= index < 2^64", found=self.index)
        if len(self.proof) > MAX_PROOF_LINES or any(len(value) != merkle.HASH_SIZE for value in self.proof):
            raise Malformed(
                "the audit path is malformed",
                expected="at most 63 hashes of 32 bytes",
                found=f"{len(self.proof)} lines",
            )
        if not self.checkpoint or self.extra == b"":
            raise Malformed(
                "a part of the proof is empty", expected="a checkpoint, and extra data only if there is some"
            )

    def format(self) -> bytes:
        """The bytes of the file."""
        extra = [] if self.extra is None else [f"extra {encode_base64(self.extra)}"]
        lines = [HEADER, *extra, f"index {self.index}", *map(encode_base64, self.proof), ""]
        return "".join(f"{line}\n" for line in lines).encode() + self.checkpoint

    @classmethod
    def parse(cls, data: bytes) -> TlogProof:
        """The inverse of `format`; Malformed for anything else. Nothing is verified."""
        if len(data) > 2 * MAX_NOTE:
            raise Malformed(
                "the proof is too long", expected=f"at most {2 * MAX_NOTE} bytes", found=f"{len(data)} bytes"
            )
        head, blank, checkpoint = bytes(data).partition(b"\n\n")
        lines = head.decode("ascii", "replace").split("\n")
        if not blank or lines.pop(0) != HEADER:
            raise Malformed(
                "not a tlog-proof", expected=f"{HEADER!r}, lines, a blank line, a checkpoint", found=repr(data[:40])
            )
        extra = None
        if lines and lines[0].startswith("extra "):
            extra = decode_base64(lines.pop(0)[6:], "the extra data of a proof")
        if not lines or not lines[0].startswith("index "):
            raise Malformed(
                "the proof has no index", expected="'index <n>'", found=repr(lines[0][:40]) if lines else "nothing"
            )
        index = decode_decimal(lines.pop(0)[6:], "the index of a proof")
        return cls(index, tuple(decode_base64(line, "a line of the audit path") for line in lines), checkpoint, extra)

    def note(self) -> Note:
        """The signed checkpoint, parsed and not verified."""
        return Note.parse(self.checkpoint)

    def verify(self, leaf_hash: bytes) -> Checkpoint:
        """The checkpoint under which the leaf lies; NotIncluded if it does not. Checks no signature."""
        checkpoint = Checkpoint.parse(self.note().text)
        merkle.verify_inclusion(leaf_hash, self.index, checkpoint.size, self.proof, checkpoint.root)
        return checkpoint
