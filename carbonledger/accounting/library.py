"""What comes with the package: rule sets, factors, examples. Committed data, read when asked for; the one place of I/O.

The JSON files are made from the tables in scripts/accounting by scripts/build_factors.py.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from carbonledger import jcs
from carbonledger.accounting.factors import Factor, Factors
from carbonledger.accounting.inputs import Node
from carbonledger.accounting.rule_set import RuleSet
from carbonledger.accounting.steam import SteamTable
from carbonledger.accounting.verification import Instrument, Range, parse_instruments, parse_ranges
from carbonledger.errors import Unknown


@cache
def rule_sets() -> tuple[RuleSet, ...]:
    """The rule sets of the package, by key."""
    return tuple(RuleSet.parse(file.read_bytes()) for file in _json_files("rules"))


def rule_set(key: str) -> RuleSet:
    """One rule set of the package by key or by id (hex); Unknown where there is none."""
    known = rule_sets()
    for rules in known:
        if key in (rules.key, rules.id.hex()):
            return rules
    raise Unknown(f"rule set {key!r}", expected="one of " + ", ".join(rules.key for rules in known))


def records() -> tuple[dict[str, Any], ...]:
    """The factor library as it is stored: a factor's JSON, and `title` {en, zh} and `published` {unit, value}."""
    return tuple(record for file in _json_files("data/factors") for record in jcs.decode(file.read_bytes()))


@cache
def factors() -> Factors:
    """The factor library, read once; nobody adds to it."""
    return Factors(factor_of(Node(record)) for record in records())


def steam_table() -> SteamTable:
    """The computed table of steam."""
    return SteamTable.parse(json.loads((_package() / "data" / "steam.json").read_bytes()))


def ranges() -> tuple[Range, ...]:
    """What verifiers expect of values."""
    return parse_ranges(json.loads((_package() / "data" / "verification" / "experience.json").read_bytes()))


def instruments() -> tuple[Instrument, ...]:
    """The accuracy required of instruments."""
    return parse_instruments(json.loads((_package() / "data" / "verification" / "instruments.json").read_bytes()))


def example(key: str) -> bytes:
    """The example input of a rule set of the package (key or id): JSON text."""
    name = f"{rule_set(key).key}.json"
    return (_package() / "examples" / name).read_bytes()


def factor_of(record: Node) -> Factor:
    """The factor of a stored record."""
    kept = {name: item.value for name, item in record.members().items() if name not in ("title", "published")}
    return Factor.parse(Node(kept, record.path))


def _json_files(folder: str) -> list[Traversable]:
    found = [file for file in _package().joinpath(*folder.split("/")).iterdir() if file.name.endswith(".json")]
    return sorted(found, key=lambda file: file.name)


def _package() -> Traversable:
    return files("carbonledger.accounting")
