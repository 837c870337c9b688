"""With whom a subject is compared: the finest level of its industry that has enough subjects, else a coarser one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from carbonledger.assessment.statistics import LEVELS
from ledger_node.assessment.compose import industry_at

LEAST: Final = 30
"""Subjects of a group: fewer say nothing about what is usual. Ours, not published."""

Group = tuple[str, str]
"""(level, industry), such as ("2-digit", "30"); ("all", "all")."""


def groups(industries: Mapping[str, str], least: int) -> dict[Group, list[str]]:
    """Group → all ids of it, sorted, for each group that is the finest large enough for any id.

    A group's model learns from all of it, also from those that have a finer one; `groups_of` says whose it is.
    """
    found: dict[Group, list[str]] = {}
    for group in set(groups_of(industries, least).values()):
        found[group] = sorted(i for i, own in industries.items() if industry_at(own, group[0]) == group[1])
    return found


def groups_of(industries: Mapping[str, str], least: int) -> dict[str, Group]:
    """Id → its group; an id whose every group is too small is left out: it has no score."""
    sizes: dict[Group, int] = {}
    for own in industries.values():
        for level in LEVELS:
            at = level, industry_at(own, level)
            sizes[at] = sizes.get(at, 0) + 1
    found: dict[str, Group] = {}
    for one, own in industries.items():
        for level in LEVELS:
            group = level, industry_at(own, level)
            if sizes[group] >= least:
                found[one] = group
                break
    return found
