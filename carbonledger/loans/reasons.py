"""The reasons of a code as the chain keeps them: bit n-1 of a word is the hard rule Hn, bit 31+n the soft rule Sn."""

from __future__ import annotations

from typing import Final

HARD: Final = 32


def of_bits(bits: int) -> tuple[str, ...]:
    """Names of the rules, hard ones first."""
    return tuple(f"{'H' if bit < HARD else 'S'}{bit % HARD + 1:02d}" for bit in range(2 * HARD) if bits >> bit & 1)
