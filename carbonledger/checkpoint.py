"""C2SP tlog-checkpoints: the body, and signature lines that tools (0x01, 0x04) and contracts (0xff) can check."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from carbonledger import cosignature, eip712, note, secp256k1
from carbonledger.eip712 import Domain
from carbonledger.errors import BadSignature, Invalid, Malformed
from carbonledger.framing import decode_base64, decode_decimal, encode_base64
from carbonledger.keys import PrivateKey, PublicKey
from carbonledger.merkle import EMPTY_ROOT, HASH_SIZE
from carbonledger.note import Note, SignatureLine, VerifiedLine, VerifierKey

CHECKPOINT_TYPE = "Checkpoint(string origin,uint64 size,bytes32 root)"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log: `origin`, `size` in leaves (u64), `root` (32 bytes), and extension lines as they came.

    Our own logs write no extension lines, and an EIP-712 line over such a checkpoint is refused.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.origin or "\n" in self.origin:
            raise Malformed(
                "the origin of a checkpoint is not one line",
                expected="a line that is not empty",
                found=repr(self.origin),
            )
        if not 0 <= self.size < 1 << 64:
            raise Malformed("the size of a checkpoint is out of range", expected="0 <= size < 2^64", found=self.size)
        if len(self.root) != HASH_SIZE:
            raise Malformed(
                "the root of a checkpoint has the wrong length", expected="32 bytes", found=f"{len(self.root)} bytes"
            )
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise Malformed("an empty log has another root", expected=EMPTY_ROOT.hex(), found=self.root.hex())
        if any(not line or "\n" in line for line in self.extensions):
            raise Malformed("an extension line of a checkpoint is empty", expected="lines that are not empty", found="")
        note.require_text(self.body())

    def body(self) -> str:
        """The note text: origin, size, base64 of the root, extension lines, each with a newline."""
        return "".join(
            f"{line}\n" for line in (self.origin, str(self.size), encode_base64(self.root), *self.extensions)
        )

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """The inverse of `body`; Malformed for anything else."""
        if not text.endswith("\n"):
            raise Malformed("the checkpoint does not end in a newline", expected="a newline", found=repr(text[-20:]))
        lines = text[:-1].split("\n")
        if len(lines) < 3:
            raise Malformed(
                "the checkpoint has too few lines", expected="origin, size, root", found=f"{len(lines)} lines"
            )
        size = decode_decimal(lines[1], "the size of a checkpoint")
        return cls(lines[0], size, decode_base64(lines[2], "the root of a checkpoint"), tuple(lines[3:]))

    def digest(self, domain: Domain) -> bytes:
        """The EIP-712 digest, 32 bytes, that a 0xff line signs and the contracts recompute.

        Malformed if there are extension lines: it would not cover them.
        """
        if self.extensions:
            raise Malformed(
                "an EIP-712 line does not cover extension lines",
                expected="origin, size and root only",
                found=self.extensions[0],
            )
        return eip712.digest(domain, eip712.struct_hash(CHECKPOINT_TYPE, (self.origin, self.size, self.root)))


def sign_ed25519_line(private: PrivateKey, name: str, text: str) -> SignatureLine:
    """The log's line of type 0x01 over the body."""
    Checkpoint.parse(text)
    return note.sign(private, name, text)


def sign_eip712_line(
    private32: bytes, public33: bytes, name: str, domain: Domain, checkpoint: Checkpoint
) -> SignatureLine:
    """The line of type 0xff of a log or witness: 65 bytes r || s || v over the checkpoint's EIP-712 digest."""
    if secp256k1.public_key(private32) != public33:
        raise Malformed(
            "the private key is not of this public key",
            expected=public33.hex(),
            found=secp256k1.public_key(private32).hex(),
        )
    key = VerifierKey(name, note.EIP712, PublicKey("es256k", public33))
    return key.line(secp256k1.sign_digest(private32, checkpoint.digest(domain)))


def verify_eip712(key: VerifierKey, checkpoint: Checkpoint, payload: bytes, domain: Domain) -> None:
    """Raises BadSignature (or Malformed) unless the payload is this key's over the checkpoint in the domain."""
    found = secp256k1.recover_public_key(checkpoint.digest(domain), payload)
    if found != key.key.data:
        raise BadSignature("another key signed the checkpoint", expected=key.key.data.hex(), found=found.hex())


@dataclass(frozen=True)
class VerifiedCheckpoint:
    """A checkpoint and the lines of known keys, each verified; `value` of a cosignature is its time in seconds."""

    checkpoint: Checkpoint
    lines: tuple[VerifiedLine[int | None], ...]

    def signed_by(self, key: VerifierKey) -> bool:
        """Whether a line of this key is among those verified."""
        return any(line.key == key for line in self.lines)


def verify(
    signed: Note, keys: Iterable[VerifierKey], domain: Domain | None = None, origin: str | None = None
) -> VerifiedCheckpoint:
    """Parses the body and checks every line of a known key, of all three types; the rule is that of `note`.

    `domain` is needed if a key of type 0xff is known. Where `origin` is given, the checkpoint must be of that log
    (Invalid otherwise), as a key may sign for several. Malformed if the text is no checkpoint, BadSignature if a
    line of a known key does not verify or none is there.
    """
    checkpoint = Checkpoint.parse(signed.text)
    if origin is not None and checkpoint.origin != origin:
        raise Invalid("the checkpoint is of another log", expected=repr(origin), found=repr(checkpoint.origin))

    def check(key: VerifierKey, text: str, payload: bytes) -> int | None:
        if key.type == note.ED25519:
            note.check_ed25519(key, text, payload)
            return None
        if key.type == note.COSIGNATURE:
            return cosignature.verify(key, text, payload)
        if domain is None:
            raise Malformed("no chain is named for EIP-712 lines", expected="a domain", remedy="Give the chain id")
        verify_eip712(key, checkpoint, payload, domain)
        return None

    return VerifiedCheckpoint(checkpoint, tuple(note.verify_lines(signed, keys, check)))
