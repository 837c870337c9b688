"""What comes with the package: parameter sets and examples. Committed data, read on demand; the one place with I/O.

The JSON files are made from the tables in scripts/assessment by scripts/build_assessment.py.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from carbonledger.assessment.code.rule_set import CodeRules
from carbonledger.assessment.grade.scheme import Scheme
from carbonledger.assessment.pcaf.method import Method


@cache
def code_rules() -> tuple[CodeRules, ...]:
    """The rule sets of the red/green code, by key."""
    return tuple(CodeRules.parse(raw) for raw in _json_files("code"))


@cache
def schemes() -> tuple[Scheme, ...]:
    """The grade schemes, by key."""
    return tuple(Scheme.parse(raw) for raw in _json_files("grade"))


@cache
def methods() -> tuple[Method, ...]:
    """The methods of financed emissions, by key."""
    return tuple(Method.parse(raw) for raw in _json_files("pcaf"))


def example(kind: str, key: str) -> bytes:
    """The example input of a set of the package: JSON text. `kind` is code, grade or pcaf."""
    return (_package() / "examples" / kind / f"{key}.json").read_bytes()


def _json_files(kind: str) -> list[bytes]:
    found = [file for file in (_package() / "data" / kind).iterdir() if file.name.endswith(".json")]
    return [file.read_bytes() for file in sorted(found, key=lambda file: file.name)]


def _package() -> Traversable:
    return files("carbonledger.assessment")
