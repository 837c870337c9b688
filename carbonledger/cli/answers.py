"""How verdicts are told: the exit codes of `verify` and `replay`, as text for people and as JSON for machines."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:  # a command that judges nothing does without the verifier
    from carbonledger.verify.verdict import Verdict, Verification

EXIT: Final[dict[Verdict, int]] = {"VALID": 0, "INVALID": 1, "ERROR": 2, "INDETERMINATE": 3}
_MARKS: Final = {"valid": "+", "invalid": "X", "indeterminate": "?", "not applicable": " "}


def print_json(value: object) -> None:
    """One JSON value on standard output."""
    print(json.dumps(value, ensure_ascii=False, indent=2))


def failed(name: str, message: str, *, as_json: bool) -> int:
    """ERROR: nothing was checked, or the checking itself failed."""
    if as_json:
        print_json({"error": message, "steps": [], "subject": {}, "v": 1, "verdict": "ERROR"})
    print(f"carbonledger {name}: {message}", file=sys.stderr)
    return EXIT["ERROR"]


def told(verification: Verification, source: str, *, as_json: bool) -> int:
    """The whole answer on one file, on standard output; its exit code."""
    if as_json:
        print_json({"file": source, **verification.to_json()})
    else:
        print(text(verification, source))
    return EXIT[verification.verdict]


def text(verification: Verification, source: str) -> str:
    """The verdict, what was checked, and every step with its sentence."""
    lines = [f"{verification.verdict}  {printable(source)}", *_subject(verification.subject)]
    width = max((len(step.name) for step in verification.steps), default=0)
    for step in verification.steps:
        mark = _MARKS[step.verdict]
        lines.append(f" {mark} {step.number:>2}  {step.name:<{width}}  {step.verdict}: {printable(step.reason)}")
    if verification.error is not None:
        lines.append(f"    {printable(verification.error)}")
    return "\n".join(lines)


def printable(value: str) -> str:
    """Text from a file that may hold anything, safe on a terminal."""
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in value)


def _subject(subject: Any) -> list[str]:
    lines = []
    for name, value in subject.items():
        if isinstance(value, dict):
            value = ", ".join(f"{key} {item}" for key, item in value.items() if item is not None)
        lines.append(f"    {name}: {printable(str(value))}")
    return lines
