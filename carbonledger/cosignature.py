"""C2SP tlog-cosignature v1 (type 0x04): a witness's timestamped Ed25519 statement over a checkpoint.

Payload: u64 seconds since the Unix epoch || 64-byte signature over "cosignature/v1\\ntime <seconds>\\n" || body.
"""

from __future__ import annotations

from carbonledger.errors import BadSignature, Malformed
from carbonledger.framing import Reader
from carbonledger.keys import PrivateKey
from carbonledger.note import COSIGNATURE, SignatureLine, VerifierKey, require_text

MAX_TIMESTAMP = 2**63 - 1
PAYLOAD_SIZE = 8 + 64


def message(text: str, timestamp: int) -> bytes:
    """What the witness signs: two header lines, then the checkpoint's body with its last newline."""
    if not 0 <= timestamp <= MAX_TIMESTAMP:
        raise Malformed("the cosignature's time is out of range", expected="seconds, 0 to 2^63 - 1", found=timestamp)
    require_text(text)
    return f"cosignature/v1\ntime {timestamp}\n{text}".encode()


def sign(private: PrivateKey, name: str, text: str, timestamp: int) -> SignatureLine:
    """The witness's line over a checkpoint's body at `timestamp` (seconds)."""
    signature = private.sign(message(text, timestamp))
    return VerifierKey(name, COSIGNATURE, private.public).line(timestamp.to_bytes(8, "big") + signature)


def timestamp_of(payload: bytes) -> int:
    """The claimed time in seconds, not verified; Malformed if the payload is no cosignature."""
    if len(payload) != PAYLOAD_SIZE:
        raise Malformed("not a cosignature", expected=f"{PAYLOAD_SIZE} bytes", found=f"{len(payload)} bytes")
    return Reader(payload[:8], "cosignature").u64()


def verify(key: VerifierKey, text: str, payload: bytes) -> int:
    """The time (seconds) at which the witness signed this body; BadSignature if it did not."""
    if key.type != COSIGNATURE:
        raise BadSignature("the key makes no cosignatures", expected="type 0x04", found=f"{key.type:#04x}")
    timestamp = timestamp_of(payload)
    key.key.verify(message(text, timestamp), payload[8:])
    return timestamp
