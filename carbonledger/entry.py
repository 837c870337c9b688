"""Entries of the log: signed bodies, evidence, commitment and leaf (docs/formats/log.md)."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from carbonledger import jcs, merkle
from carbonledger.errors import BadSignature, Invalid, Malformed
from carbonledger.framing import Reader
from carbonledger.keys import PublicKey

READING_PREFIX: Final = b"carbonledger/reading/v1\0"
BATCH_PREFIX: Final = b"carbonledger/batch/v1\0"
COMMIT_PREFIX: Final = b"carbonledger/commit/v1\0"
DEVICE_PREFIX: Final = b"carbonledger/device/v1\0"
SALT_PREFIX: Final = b"carbonledger/salt/v1\0"
DEVICE_SALT_PREFIX: Final = b"carbonledger/device-salt/v1\0"

NO_SALT: Final = bytes(16)
FIRST_PREVIOUS: Final = "0" * 64
MAX_BATCH: Final = 300
MAX_BODY_BYTES: Final = 60_000  # an entry bundle frames with u16; the evidence file frames R the same way
UNITS: Final = ("Wh", "kJ", "g", "L")
MEASURED_KINDS: Final = ("reading", "commissioning")
KINDS: Final = (*MEASURED_KINDS, "document", "manual", "gap", "manifest", "key")

_HEX: Final = frozenset("0123456789abcdef")


class EvidenceType(IntEnum):
    """Who signed, and how; the first byte of A."""

    SINGLE = 1
    BATCH = 2
    GATEWAY = 3
    OCMF = 4
    PERSON = 5


@dataclass(frozen=True, slots=True)
class Body:
    """The signed body R, parsed; `raw` are the bytes that were signed.

    `time_ms` is UTC; `register` and `interval` are whole base units of `unit`.
    """

    raw: bytes
    kind: str
    signer: str
    sequence: int
    time_ms: int
    nonce: str | None
    frame: str | None
    unit: str | None = None
    status: int = 0
    register: int | None = None
    interval: int | None = None
    content: dict[str, Any] | None = None

    @classmethod
    def parse(cls, raw: bytes) -> Body:
        """Parse exact bytes; Malformed names the field, what was expected and what was found."""
        if len(raw) > MAX_BODY_BYTES:
            raise Malformed("entry body too long", expected=f"at most {MAX_BODY_BYTES} bytes", found=len(raw))
        value = jcs.decode(raw)
        if not isinstance(value, dict):
            raise Malformed("entry body", expected="a JSON object", found=type(value).__name__)
        kind = value.get("k")
        if kind not in KINDS:
            raise Malformed("entry body field 'k'", expected="one of " + ", ".join(KINDS), found=repr(kind))
        measured = kind in MEASURED_KINDS
        allowed = {"d", "f", "k", "n", "q", "t", "v"} | ({"r", "s", "u", "x"} if measured else {"b"})
        if unknown := sorted(set(value) - allowed):
            raise Malformed(
                "entry body has unknown fields", expected=" ".join(sorted(allowed)), found=" ".join(unknown)
            )
        if type(value.get("v")) is not int or value["v"] != 1:
            raise Malformed("entry body field 'v'", expected=1, found=repr(value.get("v")))
        signer = _text(value, "d")
        sequence = _count(value, "q")
        time_ms = _count(value, "t")
        nonce = _hex(value, "n", 32) if "n" in value else None
        frame = _hex(value, "f", 64) if "f" in value else None
        if not measured:
            content = value.get("b")
            if not isinstance(content, dict):
                raise Malformed("entry body field 'b'", expected="an object", found=type(content).__name__)
            return cls(raw, kind, signer, sequence, time_ms, nonce, frame, content=content)
        unit = value.get("u")
        if unit not in UNITS:
            raise Malformed("entry body field 'u'", expected="one of " + ", ".join(UNITS), found=repr(unit))
        register = _count(value, "r") if "r" in value else None
        interval = _integer(value, "x") if "x" in value else None
        if register is None and interval is None:
            raise Malformed(
                "reading without a value", expected="'r' (register) or 'x' (interval) or both", found="neither"
            )
        if kind == "commissioning" and (register is None or interval is not None):
            raise Malformed("commissioning entry", expected="a register 'r' and no interval 'x'", found="otherwise")
        return cls(raw, kind, signer, sequence, time_ms, nonce, frame, unit, _count(value, "s"), register, interval)


@dataclass(frozen=True, slots=True)
class Evidence:
    """The evidence A, parsed. For a batch: `first_sequence`, `count`, `position` (from 0) and `path`."""

    type: EvidenceType
    key_short_id: bytes
    signature: bytes
    first_sequence: int = 0
    count: int = 1
    position: int = 0
    path: tuple[bytes, ...] = ()

    @classmethod
    def parse(cls, raw: bytes) -> Evidence:
        """Parse A; Malformed unless it is exactly one evidence of a known type."""
        reader = Reader(raw)
        number = reader.u8()
        try:
            kind = EvidenceType(number)
        except ValueError as error:
            raise Malformed("evidence type", expected="1, 2, 3 or 5", found=number) from error
        short_id = reader.take(8)
        if kind is EvidenceType.OCMF:
            raise Malformed("evidence type", expected="1, 2, 3 or 5", found="4 (OCMF, not in this version)")
        if kind is not EvidenceType.BATCH:
            signature = reader.take(64)
            reader.end()
            return cls(kind, short_id, signature)
        first, count, position = reader.u64(), reader.u32(), reader.u32()
        if not (1 <= count <= MAX_BATCH and position < count):
            raise Malformed("batch evidence", expected=f"1 <= k <= {MAX_BATCH}, position < k", found=(count, position))
        path = tuple(reader.take(32) for _ in range(path_length(position, count)))
        signature = reader.take(64)
        reader.end()
        return cls(kind, short_id, signature, first, count, position, path)

    def format(self) -> bytes:
        """The bytes of A."""
        head = bytes([self.type]) + self.key_short_id
        if self.type is not EvidenceType.BATCH:
            return head + self.signature
        numbers = (
            self.first_sequence.to_bytes(8, "big") + self.count.to_bytes(4, "big") + self.position.to_bytes(4, "big")
        )
        return head + numbers + b"".join(self.path) + self.signature

    def signed_message(self, body: Body) -> bytes:
        """The bytes that the signature is over, for this body."""
        if self.type is not EvidenceType.BATCH:
            return READING_PREFIX + body.raw
        if body.sequence != self.first_sequence + self.position:
            raise Invalid(
                "position in the signed batch",
                expected=f"sequence {self.first_sequence + self.position}",
                found=f"sequence {body.sequence}",
            )
        root = merkle.root_from_inclusion(merkle.leaf_hash(body.raw), self.position, self.count, list(self.path))
        return batch_message(body.signer, self.first_sequence, self.count, root)

    def verify(self, body: Body, key: PublicKey) -> None:
        """Raise BadSignature unless `key` signed `body`."""
        if key.short_id != self.key_short_id:
            raise BadSignature("key of the evidence", expected=self.key_short_id.hex(), found=key.short_id.hex())
        key.verify(self.signed_message(body), self.signature)


def path_length(index: int, size: int) -> int:
    """Number of hashes in the RFC 9162 inclusion proof of leaf `index` in a tree of `size`."""
    length, last = 0, size - 1
    while last > 0:
        if index & 1 or index < last:
            length += 1
        index >>= 1
        last >>= 1
    return length


def batch_message(signer: str, first_sequence: int, count: int, root: bytes) -> bytes:
    """What a batch signature is over; `root` is MTH of the bodies."""
    name = signer.encode()
    return b"".join(
        (
            BATCH_PREFIX,
            len(name).to_bytes(2, "big"),
            name,
            first_sequence.to_bytes(8, "big"),
            count.to_bytes(4, "big"),
            root,
        )
    )


def commitment(body: bytes, evidence: bytes, salt: bytes = NO_SALT) -> bytes:
    """c: 32 bytes that hide R and A and bind both."""
    return hashlib.sha256(COMMIT_PREFIX + opening(body, evidence, salt)).digest()


def opening(body: bytes, evidence: bytes, salt: bytes) -> bytes:
    """What opens c: the hash is over these bytes behind COMMIT_PREFIX."""
    return b"%b%b%b%b%b" % (salt, len(body).to_bytes(4, "big"), body, len(evidence).to_bytes(4, "big"), evidence)


def pseudonym(device_salt: bytes, signer: str) -> str:
    """The leaf's `d`: 32 hex digits."""
    return hashlib.sha256(DEVICE_PREFIX + device_salt + signer.encode()).hexdigest()[:32]


def derived_salt(secret: bytes, signer: str, sequence: int) -> bytes:
    """Salt of a body without a nonce: 16 bytes."""
    name = signer.encode()
    message = SALT_PREFIX + len(name).to_bytes(2, "big") + name + sequence.to_bytes(8, "big")
    return hmac.new(secret, message, hashlib.sha256).digest()[:16]


def derived_device_salt(secret: bytes, signer: str) -> bytes:
    """Device salt of a gateway or person: 16 bytes."""
    return hmac.new(secret, DEVICE_SALT_PREFIX + signer.encode(), hashlib.sha256).digest()[:16]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A log entry, parsed; `raw` are its bytes. `intake_ms` and `time_ms` are ms UTC."""

    raw: bytes
    commitment: str
    pseudonym: str
    intake_ms: int
    kind: str
    previous: str
    sequence: int
    algorithm: str
    time_ms: int

    @classmethod
    def parse(cls, raw: bytes) -> Leaf:
        """Parse exact bytes of a log entry."""
        value = jcs.decode(raw)
        if not isinstance(value, dict) or set(value) != set("cdikpqstv"):
            found = sorted(value) if isinstance(value, dict) else type(value).__name__
            raise Malformed("leaf fields", expected="c d i k p q s t v", found=found)
        if type(value["v"]) is not int or value["v"] != 1:
            raise Malformed("leaf field 'v'", expected=1, found=repr(value["v"]))
        if value["k"] not in KINDS:
            raise Malformed("leaf field 'k'", expected="one of " + ", ".join(KINDS), found=repr(value["k"]))
        return cls(
            raw,
            _hex(value, "c", 64),
            _hex(value, "d", 32),
            _count(value, "i"),
            value["k"],
            _hex(value, "p", 64),
            _count(value, "q"),
            _text(value, "s"),
            _count(value, "t"),
        )


def leaf_bytes(
    commitment_hex: str,
    pseudonym_hex: str,
    intake_ms: int,
    kind: str,
    previous: str,
    sequence: int,
    algorithm: str,
    time_ms: int,
) -> bytes:
    """The canonical bytes of a leaf: no argument has a character that JSON escapes, so a template is exact."""
    return (
        f'{{"c":"{commitment_hex}","d":"{pseudonym_hex}","i":{intake_ms},"k":"{kind}","p":"{previous}",'
        f'"q":{sequence},"s":"{algorithm}","t":{time_ms},"v":1}}'
    ).encode()


def check_leaf(leaf: Leaf, body: Body, evidence_raw: bytes, salt: bytes, device_salt: bytes, algorithm: str) -> None:
    """Raise Invalid unless the leaf says what the disclosed entry says (steps 3 and 4 of a verification)."""
    if body.nonce is not None and salt != NO_SALT:
        raise Invalid("salt of an entry that has a nonce", expected="16 zero bytes", found=salt.hex())
    expected = {
        "c": commitment(body.raw, evidence_raw, salt).hex(),
        "d": pseudonym(device_salt, body.signer),
        "k": body.kind,
        "q": body.sequence,
        "s": algorithm,
        "t": body.time_ms,
    }
    found = {
        "c": leaf.commitment,
        "d": leaf.pseudonym,
        "k": leaf.kind,
        "q": leaf.sequence,
        "s": leaf.algorithm,
        "t": leaf.time_ms,
    }
    for name, value in expected.items():
        if found[name] != value:
            raise Invalid(f"leaf field {name!r} does not follow from the entry", expected=value, found=found[name])


def _text(value: dict[str, Any], name: str) -> str:
    text = value.get(name)
    if not isinstance(text, str) or not 1 <= len(text) <= 200 or not text.isascii() or not text.isprintable():
        raise Malformed(f"field {name!r}", expected="1 to 200 printable ASCII characters", found=repr(text)[:80])
    return text


def _integer(value: dict[str, Any], name: str) -> int:
    number = value.get(name)
    if type(number) is not int:
        raise Malformed(f"field {name!r}", expected="a whole number", found=repr(number)[:80])
    return number


def _count(value: dict[str, Any], name: str) -> int:
    number = _integer(value, name)
    if number < 0:
        raise Malformed(f"field {name!r}", expected="a whole number from 0", found=number)
    return number


def _hex(value: dict[str, Any], name: str, length: int) -> str:
    text = value.get(name)
    if not isinstance(text, str) or len(text) != length or not _HEX.issuperset(text):
        raise Malformed(f"field {name!r}", expected=f"{length} lower-case hex digits", found=repr(text)[:80])
    return text
