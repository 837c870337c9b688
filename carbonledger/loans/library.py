"""What comes with the package: tools, catalogues, the example. Committed data, read on demand.

The JSON files are made from the tables in scripts/loans by scripts/build_loans.py.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from carbonledger.loans.catalogue import Catalogue
from carbonledger.loans.tool import Tool
from carbonledger.loans.validity import Validity


@cache
def tools() -> tuple[Tool, ...]:
    """The support tools, by key."""
    return tuple(Tool.parse(raw) for raw in _json_files("tool"))


@cache
def catalogues() -> tuple[Catalogue, ...]:
    """The catalogues, by key."""
    return tuple(Catalogue.parse(raw) for raw in _json_files("catalogue"))


@cache
def validity() -> Validity:
    """How long codes and grades are current."""
    (raw,) = _json_files("validity")
    return Validity.parse(raw)


def example(name: str) -> bytes:
    """An example input of the package, JSON text: `disclosure` or `portfolio`."""
    return (files("carbonledger.loans") / "examples" / f"{name}.json").read_bytes()


def _json_files(kind: str) -> list[bytes]:
    folder = files("carbonledger.loans") / "data" / kind
    found = [file for file in folder.iterdir() if file.name.endswith(".json")]
    return [file.read_bytes() for file in sorted(found, key=lambda file: file.name)]
