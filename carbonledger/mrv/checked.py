"""The outcome of one check of a verifier, as it stands in a findings document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from carbonledger.errors import Malformed

Result = Literal["pass", "attention", "not-run", "not-applicable"]
RESULTS: Final[tuple[Result, ...]] = ("pass", "attention", "not-run", "not-applicable")
"""`not-run`: the check applies, and something that it needs was not received."""

Text = tuple[str, str]
"""English, Chinese."""

_FIELDS: Final = {"formula", "id", "inputs", "numbers", "reason", "result"}


@dataclass(frozen=True, slots=True)
class Checked:
    """One check: what it compares, what it was given, what it found, and why it asks for attention or did not run."""

    id: str
    formula: Text
    result: Result
    inputs: Mapping[str, str] = field(default_factory=dict)
    numbers: Mapping[str, str] = field(default_factory=dict)
    reason: Text = ("", "")

    def json(self) -> dict[str, Any]:
        """The object in the document."""
        return {
            "formula": _words(self.formula),
            "id": self.id,
            "inputs": dict(self.inputs),
            "numbers": dict(self.numbers),
            "reason": _words(self.reason),
            "result": self.result,
        }

    @classmethod
    def parse(cls, path: str, value: Any) -> Checked:
        """Strict inverse of `json`; Malformed names the path."""
        if not isinstance(value, dict) or set(value) != _FIELDS or not isinstance(value["id"], str):
            raise Malformed(path, expected=" ".join(sorted(_FIELDS)), found=repr(value)[:80])
        result = next((word for word in RESULTS if word == value["result"]), None)
        if result is None:
            raise Malformed(f"{path}.result", expected=" ".join(RESULTS), found=repr(value["result"])[:80])
        return cls(
            value["id"],
            _text(f"{path}.formula", value["formula"]),
            result,
            _strings(f"{path}.inputs", value["inputs"]),
            _strings(f"{path}.numbers", value["numbers"]),
            _text(f"{path}.reason", value["reason"]),
        )


def _words(text: Text) -> dict[str, str]:
    return {"en": text[0], "zh": text[1]}


def _text(path: str, value: Any) -> Text:
    found = _strings(path, value)
    if set(found) != {"en", "zh"}:
        raise Malformed(path, expected="en and zh", found=" ".join(sorted(found)))
    return found["en"], found["zh"]


def _strings(path: str, value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise Malformed(path, expected="an object of strings", found=repr(value)[:80])
    return dict(value)
