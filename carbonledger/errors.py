"""Every error of the heart.

    CarbonLedgerError
    ├── Malformed      the bytes are not of the form: nothing was checked yet          (also a ValueError)
    ├── Invalid        a check was made and failed
    │   ├── BadSignature
    │   ├── NotIncluded      an inclusion or subtree proof does not lead to the root
    │   └── NotConsistent    two roots are not of one growing tree
    ├── Unknown        a thing named is not known here: a method, a key, a rule set    (leads to INDETERMINATE)
    └── Refused        the request is well formed, but a rule forbids it

Each says what was expected, what was found and, where there is one, what to do.
"""

from __future__ import annotations


class CarbonLedgerError(Exception):
    """Base of all errors of the product; `str()` is one sentence for people."""

    def __init__(
        self, message: str, *, expected: object = None, found: object = None, remedy: str | None = None
    ) -> None:
        self.message = message
        self.expected = expected
        self.found = found
        self.remedy = remedy
        super().__init__(message)

    def __str__(self) -> str:
        parts = [self.message]
        if self.expected is not None:
            parts.append(f"expected {self.expected}")
        if self.found is not None:
            parts.append(f"found {self.found}")
        text = ": ".join(parts[:1]) + ("; " + "; ".join(parts[1:]) if len(parts) > 1 else "")
        return f"{text}. {self.remedy}" if self.remedy else text


class Malformed(CarbonLedgerError, ValueError):
    """The bytes are not of the form they claim."""


class Invalid(CarbonLedgerError):
    """A check was made, and failed."""


class BadSignature(Invalid):
    """A signature does not verify under the key it names."""


class NotIncluded(Invalid):
    """An inclusion or subtree proof does not lead to the expected root."""


class NotConsistent(Invalid):
    """A consistency proof does not connect the two roots."""


class Unknown(CarbonLedgerError):
    """A method, key, rule set or version that this build does not know."""


class Refused(CarbonLedgerError):
    """The request is well formed, but a rule forbids it."""
