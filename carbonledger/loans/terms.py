"""What bank and borrower keep from the chain: contract and rate behind a commitment, a place behind a digest."""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from carbonledger import jcs
from carbonledger.errors import Malformed

_PREFIX: Final = b"carbonledger/loan-terms/v1\0"
SALT_BYTES: Final = 32


def commitment(salt: bytes, *, contract: str, rate: str) -> bytes:
    """32 bytes, the field `terms` of a loan: SHA-256(prefix ‖ salt ‖ canonical JSON {"contract","rate"}).

    `rate` is the decimal string of per cent a year as the contract writes it. The salt keeps it from being guessed.
    """
    if len(salt) != SALT_BYTES:
        raise Malformed("salt of a loan's terms", expected=f"{SALT_BYTES} bytes", found=f"{len(salt)} bytes")
    return sha256(_PREFIX + salt + jcs.encode({"contract": contract, "rate": rate})).digest()


def place(kind: str, name: str) -> bytes:
    """32 bytes, the field `site` or `permit` of a project: without a salt, so that two lenders' claims can meet.

    White space is left out and letters are made upper-case: the same permit is the same digest. Who knows a permit's
    number can see that the project is on the chain.
    """
    if kind not in ("site", "permit"):
        raise Malformed("kind of a place", expected="site or permit", found=repr(kind)[:40])
    plain = "".join(name.split()).upper()
    if not plain:
        raise Malformed(f"{kind} of a project", expected="its official number or name", found=repr(name)[:40])
    return sha256(f"carbonledger/loan-{kind}/v1\0{plain}".encode()).digest()
