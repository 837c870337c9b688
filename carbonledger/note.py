"""C2SP signed notes: parse and format, verifier keys, and plain Ed25519 signature lines (type 0x01).

A note is text, a blank line, and signature lines `— <name> <base64(4-byte key hash || signature)>`. A line whose
name and key hash are those of a known key must verify, or the note is refused; other lines are kept and ignored.
What a signature of the other types covers is said in `cosignature` (0x04) and `checkpoint` (0xff), and
`checkpoint.verify` checks all three.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Generic, TypeVar

from carbonledger.errors import BadSignature, Malformed, Unknown
from carbonledger.framing import decode_base64, encode_base64
from carbonledger.keys import PrivateKey, PublicKey

ED25519 = 0x01
COSIGNATURE = 0x04
EIP712 = 0xFF
EIP712_LABEL = b"carbonledger/eip712"  # after the byte 0xff, which C2SP leaves to types without a number

MAX_SIGNATURES = 100
MAX_NOTE = 1 << 20

_PREFIX = "— "
_FORBIDDEN = re.compile(r"[\x00-\x09\x0b-\x1f]")
_NOT_IN_NAMES = re.compile(r"[\s+\x00-\x1f]")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """One signature: the key's name, the 4-byte key hash, and the bytes after it."""

    name: str
    key_hash: bytes
    payload: bytes

    def __post_init__(self) -> None:
        require_name(self.name)
        if len(self.key_hash) != 4 or not self.payload:
            raise Malformed(
                "a signature line is too short",
                expected="4 bytes of key hash and a signature",
                found=f"{len(self.key_hash)} bytes",
            )

    def __str__(self) -> str:
        return f"{_PREFIX}{self.name} {encode_base64(self.key_hash + self.payload)}\n"

    @classmethod
    def parse(cls, line: str) -> SignatureLine:
        """One line, its newline included."""
        parts = line.removeprefix(_PREFIX).removesuffix("\n").split(" ")
        if not line.startswith(_PREFIX) or not line.endswith("\n") or len(parts) != 2:
            raise Malformed(
                "not a signature line of a note", expected="'— <name> <base64>' and a newline", found=repr(line[:80])
            )
        blob = decode_base64(parts[1], "the signature of a note")
        return cls(parts[0], blob[:4], blob[4:])


@dataclass(frozen=True, slots=True)
class Note:
    """`text` ends in a newline; `signatures` in the order of the note, at least one."""

    text: str
    signatures: tuple[SignatureLine, ...]

    def __post_init__(self) -> None:
        require_text(self.text)
        if not 1 <= len(self.signatures) <= MAX_SIGNATURES:
            raise Malformed(
                "a note has the wrong number of signatures",
                expected=f"1 to {MAX_SIGNATURES}",
                found=len(self.signatures),
            )

    @classmethod
    def parse(cls, data: bytes) -> Note:
        """The note these bytes are; Malformed otherwise. Nothing is verified."""
        if len(data) > MAX_NOTE:
            raise Malformed("the note is too long", expected=f"at most {MAX_NOTE} bytes", found=f"{len(data)} bytes")
        try:
            whole = bytes(data).decode("utf-8")
        except UnicodeDecodeError as error:
            raise Malformed("the note is not UTF-8", expected="UTF-8", found=error.reason) from error
        cut = whole.rfind("\n\n")
        if cut < 0:
            raise Malformed(
                "the note has no signatures", expected="a blank line before the signature lines", found="none"
            )
        text, lines = whole[: cut + 1], whole[cut + 2 :]
        require_text(text)
        return cls(text, parse_lines(lines))

    def format(self) -> bytes:
        """The bytes of the note: the inverse of `parse`."""
        return (self.text + "\n" + "".join(map(str, self.signatures))).encode("utf-8")

    def with_lines(self, lines: Iterable[SignatureLine]) -> Note:
        """The note with further signature lines; a line that is there already is not added again."""
        new = [line for line in dict.fromkeys(lines) if line not in self.signatures]
        return Note(self.text, (*self.signatures, *new))


@dataclass(frozen=True)
class VerifierKey:
    """A key that signs notes under a name; `type` 0x01 or 0x04 with an Ed25519 key, 0xff with a secp256k1 key."""

    name: str
    type: int
    key: PublicKey

    def __post_init__(self) -> None:
        require_name(self.name)
        wanted = {ED25519: "ed25519", COSIGNATURE: "ed25519", EIP712: "es256k"}.get(self.type)
        if wanted is None:
            raise Unknown("no such type of note signature", expected="0x01, 0x04 or 0xff", found=hex(self.type))
        if self.key.algorithm != wanted:
            raise Malformed(
                f"a note signature of type {self.type:#04x} has another key", expected=wanted, found=self.key.algorithm
            )

    @property
    def encoded(self) -> bytes:
        """Type byte (for 0xff followed by its label) and public key: what the key hash covers."""
        return bytes([self.type]) + (EIP712_LABEL if self.type == EIP712 else b"") + self.key.data

    @cached_property
    def key_hash(self) -> bytes:
        """First 4 bytes of SHA-256(name || newline || type || public key)."""
        return sha256(self.name.encode("utf-8") + b"\n" + self.encoded).digest()[:4]

    @classmethod
    def parse(cls, vkey: str) -> VerifierKey:
        """`name+hex(key hash)+base64(type || public key)`; Unknown for another type, Malformed otherwise."""
        parts = vkey.split("+", 2)
        if len(parts) != 3 or not re.fullmatch(r"[0-9a-f]{8}", parts[1]):
            raise Malformed("not a verifier key", expected="<name>+<8 hex digits>+<base64>", found=repr(vkey[:200]))
        name, hash_hex, encoded = parts[0], parts[1], decode_base64(parts[2], "the verifier key")
        require_name(name)
        if sha256(name.encode("utf-8") + b"\n" + encoded).digest()[:4].hex() != hash_hex:
            raise Malformed(
                "the verifier key's hash is not its own", expected="the hash of name and key", found=hash_hex
            )
        if encoded[:1] in (bytes([ED25519]), bytes([COSIGNATURE])):
            return cls(name, encoded[0], PublicKey("ed25519", encoded[1:]))
        label = bytes([EIP712]) + EIP712_LABEL
        if encoded.startswith(label):
            return cls(name, EIP712, PublicKey("es256k", encoded[len(label) :]))
        raise Unknown(
            "no such type of note signature", expected="0x01, 0x04 or 0xff carbonledger/eip712", found=encoded[:1].hex()
        )

    def format(self) -> str:
        """The inverse of `parse`."""
        return f"{self.name}+{self.key_hash.hex()}+{encode_base64(self.encoded)}"

    def line(self, payload: bytes) -> SignatureLine:
        """A signature line of this key."""
        return SignatureLine(self.name, self.key_hash, payload)

    def signed(self, line: SignatureLine) -> bool:
        """Whether the line claims to be of this key: the same name and key hash."""
        return line.key_hash == self.key_hash and line.name == self.name


@dataclass(frozen=True)
class VerifiedLine(Generic[T]):
    """A line that verified: its key, and what the check gave back (the timestamp of a cosignature, else None)."""

    key: VerifierKey
    line: SignatureLine
    value: T


def sign(private: PrivateKey, name: str, text: str) -> SignatureLine:
    """An Ed25519 line of type 0x01 over the text."""
    require_text(text)
    return VerifierKey(name, ED25519, private.public).line(private.sign(text.encode("utf-8")))


def check_ed25519(key: VerifierKey, text: str, payload: bytes) -> None:
    """Raises BadSignature unless the payload of a line of type 0x01 signs the text; Unknown for another type."""
    if key.type != ED25519:
        raise Unknown("this check knows plain Ed25519 lines only", expected="0x01", found=f"{key.type:#04x}")
    key.key.verify(text.encode("utf-8"), payload)


def verify_lines(
    note: Note, keys: Iterable[VerifierKey], check: Callable[[VerifierKey, str, bytes], T]
) -> list[VerifiedLine[T]]:
    """Every line of a known key, checked by `check(key, text, payload)`; a key counts once, by its first line.

    Raises BadSignature if one of them does not verify, or if no line is of a known key.
    """
    known: dict[tuple[str, bytes], VerifierKey] = {}
    for key in keys:
        other = known.setdefault((key.name, key.key_hash), key)
        if other != key:
            raise Malformed("two known keys have one name and hash", expected="distinct keys", found=key.name)
    verified: dict[VerifierKey, VerifiedLine[T]] = {}
    for line in note.signatures:
        matching = known.get((line.name, line.key_hash))
        if matching is None:
            continue
        try:
            value = check(matching, note.text, line.payload)
        except (BadSignature, Malformed) as error:
            raise BadSignature(
                f"the note's line of {line.name} does not verify ({error})", expected=matching.format()
            ) from error
        verified.setdefault(matching, VerifiedLine(matching, line, value))
    if not verified:
        raise BadSignature(
            "no known key signed the note",
            expected=", ".join(sorted(name for name, _ in known)) or "a known key",
            found=", ".join(line.name for line in note.signatures),
        )
    return list(verified.values())


def verify(note: Note, keys: Iterable[VerifierKey]) -> list[VerifiedLine[None]]:
    """`verify_lines` for plain notes: keys of type 0x01."""
    return verify_lines(note, keys, check_ed25519)


def parse_lines(text: str) -> tuple[SignatureLine, ...]:
    """One or more signature lines, each with its newline, and nothing else."""
    if not text.endswith("\n"):
        raise Malformed("the signature lines do not end in a newline", expected="a newline", found=repr(text[-20:]))
    lines = text[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise Malformed("a note has too many signatures", expected=f"at most {MAX_SIGNATURES}", found=len(lines))
    return tuple(SignatureLine.parse(line + "\n") for line in lines)


def require_name(name: str) -> None:
    """Malformed unless `name` may name a key: not empty, no space, no plus, no control character."""
    if not name or _NOT_IN_NAMES.search(name):
        raise Malformed(
            "not a key name of a note", expected="no space, plus or control character", found=repr(name[:80])
        )
    _require_encodable(name)


def require_text(text: str) -> None:
    """Malformed unless `text` may be a note's text: UTF-8, no control characters but newline, a last newline."""
    if not text.endswith("\n"):
        raise Malformed("the note's text does not end in a newline", expected="a newline", found=repr(text[-20:]))
    if (found := _FORBIDDEN.search(text)) is not None:
        raise Malformed("the note's text holds a control character", expected="none but newline", found=repr(found[0]))
    _require_encodable(text)


def _require_encodable(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise Malformed("a lone surrogate is not UTF-8", expected="UTF-8", found=error.reason) from error
