"""How a rule set's line is classified: group, gas, scope, ISO 14064-1 category, GHG Protocol category of scope 3.

A rule set of the first form tells a line's scope alone; what it does not tell is shown as not told apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from carbonledger.accounting.rule_set import LineRule

_ISO_OF_SCOPE: Final = {"1": "1", "2": "2"}


@dataclass(frozen=True, slots=True)
class Attributes:
    """`gas` CO2e: not told apart. `iso` "" and `scope3` 0: not told."""

    group: str
    gas: str
    scope: str
    iso: str
    scope3: int


def attributes(rule: LineRule) -> Attributes:
    """Of a line."""
    return Attributes(
        group=getattr(rule, "group", ""),
        gas=getattr(rule, "gas", "CO2e"),
        scope=rule.scope,
        iso=getattr(rule, "iso", _ISO_OF_SCOPE.get(rule.scope, "")),
        scope3=getattr(rule, "scope3", 0),
    )
