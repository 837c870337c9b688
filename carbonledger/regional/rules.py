"""The thresholds of the regional views: a published set with sources, read from the package."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Final

from carbonledger import jcs
from carbonledger.accounting import inputs
from carbonledger.assessment.parameters import Parameters, key, parameters, require

NAMES: Final = ("weak", "strong", "years-after", "band", "least-members")


@dataclass(frozen=True, slots=True)
class Rules:
    """The set: `id` is the SHA-256 of its canonical JSON."""

    key: str
    id: bytes
    parameters: Parameters


@cache
def rules() -> Rules:
    """The set that comes with the package."""
    node = inputs.parse((files("carbonledger.regional") / "data" / "regional-1.json").read_bytes())
    fields = node.fields(("key", "parameters"))
    found = parameters(fields["parameters"])
    require(fields["parameters"], found, NAMES, "the regional views")
    name = key(fields["key"])
    canonical = jcs.encode({"key": name, "parameters": [parameter.to_json() for parameter in found.values()]})
    return Rules(name, sha256(canonical).digest(), found)
