"""Every error by which a contract refuses is named in a test, or stands here with the reason why none can meet it."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "contracts" / "src"
ERROR = re.compile(r"^\s*error\s+(\w+)\s*\(", re.MULTILINE)
#: A name at the beginning of a string of Python, or after the bar of a pattern; in Solidity before its selector.
IN_PYTHON = re.compile(r"""(?<=["'|])[A-Z]\w+""")
IN_SOLIDITY = re.compile(r"(\w+)\.selector\b")

#: Errors that no test can meet, each with the reason. None now: a refusal to which the other contracts close the way is
#: met with a stand-in for them in the Directory, for the quorum may list others one day.
UNREACHABLE: dict[str, str] = {}


def declared() -> set[str]:
    return {name for path in SOURCES.rglob("*.sol") for name in ERROR.findall(path.read_text("utf-8"))}


def named() -> set[str]:
    """What the tests say in full: a name put together of parts does not count, it cannot be searched for."""
    python = [path for path in (ROOT / "tests").rglob("*.py") if path != Path(__file__).resolve()]
    found = {name for path in python for name in IN_PYTHON.findall(path.read_text("utf-8"))}
    solidity = (ROOT / "contracts" / "test").rglob("*.sol")
    return found | {name for path in solidity for name in IN_SOLIDITY.findall(path.read_text("utf-8"))}


def test_every_error_of_the_contracts_is_named_in_a_test() -> None:
    errors = declared()
    assert len(errors) > 300, "the declarations are no longer found"
    assert sorted(errors - named() - UNREACHABLE.keys()) == []


def test_an_exception_is_an_error_that_is_declared_and_that_no_test_meets() -> None:
    assert UNREACHABLE.keys() <= declared()
    assert UNREACHABLE.keys().isdisjoint(named())
