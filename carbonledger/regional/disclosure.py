"""What the public may see of a structure: no part of so few members that one could read off another's figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

OTHER: Final = "other"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a structure: its key, whole grams, and of how many members."""

    key: str
    emission_g: int
    members: int


def merged(parts: Sequence[Part], least: int) -> list[Part]:
    """Parts of fewer than `least` members become one, with the next smallest ones until it has `least` of them.

    The total stays; no part is hidden alone, or it would be the total less the others. Members count once a part, so
    this is for parts that do not share members.
    """
    kept = [part for part in parts if part.members >= least]
    small = [part for part in parts if part.members < least]
    if not small:
        return list(parts)
    while kept and sum(part.members for part in small) < least:
        next_one = min(kept, key=lambda part: (part.members, part.key))
        kept.remove(next_one)
        small.append(next_one)
    rest = Part(OTHER, sum(part.emission_g for part in small), sum(part.members for part in small))
    return [*kept, rest] if rest.members >= least else []
