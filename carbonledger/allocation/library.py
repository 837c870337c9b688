"""The rule sets and examples of the package, made by scripts/build_allocation.py from scripts/allocation."""

from __future__ import annotations

from importlib.resources import files

from carbonledger.allocation.rule_set import AllocationRules
from carbonledger.errors import Unknown


def rule_sets() -> tuple[AllocationRules, ...]:
    """The rule sets of the package, by key."""
    found = [file for file in files("carbonledger.allocation").joinpath("rules").iterdir() if file.name[-5:] == ".json"]
    return tuple(AllocationRules.parse(file.read_bytes()) for file in sorted(found, key=lambda file: file.name))


def rule_set(key: str) -> AllocationRules:
    """One rule set of the package by key or by id (hex); Unknown where there is none."""
    known = rule_sets()
    for rules in known:
        if key in (rules.key, rules.id.hex()):
            return rules
    raise Unknown(f"rule set {key!r}", expected="one of " + ", ".join(rules.key for rules in known))


def example(key: str) -> bytes:
    """The example input of a rule set of the package (key or id): JSON text."""
    return files("carbonledger.allocation").joinpath("examples", f"{rule_set(key).key}.json").read_bytes()
