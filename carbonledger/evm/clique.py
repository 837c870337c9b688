"""Clique seals (EIP-225): one signer's seal in the last 65 bytes of extraData.

What it is worth: one seal is no quorum. It says that one authorised signer made this block; a block that other
signers did not build upon carries the same seal, and one signer can seal several blocks of one number.
Only later blocks by more than half of the signers settle it, and a single header does not show them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from carbonledger.errors import Invalid, Malformed
from carbonledger.evm import seals
from carbonledger.evm.header import Header
from carbonledger.keccak import keccak256

VANITY: Final = 32


def seal_digest(header: Header) -> bytes:
    """keccak-256 of the header without the seal in its extraData."""
    return keccak256(header.with_extra_data(_split(header)[0]).encode())


def signer(header: Header) -> bytes:
    """The address (20 bytes) that sealed the block; Malformed or Invalid where there is no such seal."""
    return seals.signer(seal_digest(header), _split(header)[1], v_base=0, what="the signer's seal")


def check_seal(header: Header, signers: Iterable[bytes]) -> bytes:
    """The signer, one of those that the reader trusts; Invalid for a stranger."""
    trusted = frozenset(signers)
    found = signer(header)
    if found not in trusted:
        raise Invalid(
            "the block was sealed by a stranger",
            expected="one of " + " ".join(address.hex() for address in sorted(trusted))[:400],
            found=found.hex(),
        )
    return found


def _split(header: Header) -> tuple[bytes, bytes]:
    """extraData before the seal, and the seal."""
    extra = header.extra_data
    body = len(extra) - seals.SEAL_SIZE
    # vanity, then on epoch blocks the signers, then the seal
    if body < VANITY or (body - VANITY) % 20:
        raise Malformed("extraData", expected="32 bytes, addresses and a seal of 65", found=f"{len(extra)} bytes")
    if header.withdrawals_root is not None:
        raise Malformed("header of a Clique block", expected="at most 16 fields", found="fields of Shanghai or later")
    return extra[:body], extra[body:]
