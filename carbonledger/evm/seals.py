"""Recoverable secp256k1 seals of 65 bytes (r, s, v): strict form, and who made them."""

from __future__ import annotations

from typing import Final

from carbonledger import secp256k1
from carbonledger.errors import Malformed

SEAL_SIZE: Final = 65
HALF_ORDER: Final = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0


def signer(digest: bytes, seal: bytes, *, v_base: int, what: str) -> bytes:
    """The address (20 bytes) that sealed a digest of 32 bytes; v is `v_base` or one more (0 in headers, 27 elsewhere).

    Malformed for another length or v, and for s above half the order: of the two equivalent seals only one is taken,
    so that nobody can alter evidence that stays valid. An Invalid or Malformed of `secp256k1.recover` where the
    seal leads to no key.
    """
    if len(seal) != SEAL_SIZE:
        raise Malformed(f"{what} is malformed", expected=f"{SEAL_SIZE} bytes", found=f"{len(seal)} bytes")
    if seal[64] not in (v_base, v_base + 1):
        raise Malformed(f"{what} is malformed", expected=f"v {v_base} or {v_base + 1}", found=f"v {seal[64]}")
    if int.from_bytes(seal[32:64], "big") > HALF_ORDER:
        raise Malformed(f"{what} is malformed", expected="s in the lower half of the order", found="its high twin")
    return secp256k1.recover(digest, seal[:64] + bytes([seal[64] - v_base + 27]))
