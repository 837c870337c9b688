"""How long a code or a grade of a quarter counts as current: published days after the next quarter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from typing import Final

from carbonledger import jcs
from carbonledger.accounting.inputs import Node
from carbonledger.assessment.parameters import HEAD_FIELDS, Head, Parameters, parameters, require
from carbonledger.loans.document import quarter_end

KIND: Final = "validity"
DAYS: Final = "days-after-next-quarter"


@dataclass(frozen=True, slots=True)
class Validity:
    """The set; its id is the SHA-256 of its canonical JSON."""

    head: Head
    parameters: Parameters

    @classmethod
    def parse(cls, raw: bytes) -> Validity:
        """From canonical JSON; Malformed with the path for anything else."""
        fields = Node(jcs.decode_object(raw)).fields((*HEAD_FIELDS, "parameters"))
        found = parameters(fields["parameters"])
        require(fields["parameters"], found, (DAYS,), "a validity")
        return cls(Head.parse(fields, KIND), found)

    def json(self) -> bytes:
        """Its canonical JSON."""
        return jcs.encode(self.head.to_json() | {"parameters": [one.to_json() for one in self.parameters.values()]})

    @property
    def id(self) -> bytes:
        """SHA-256 of its canonical JSON."""
        return sha256(self.json()).digest()

    def until(self, year: int, quarter: int) -> date:
        """The last day on which what was said of a quarter counts as current."""
        following = (year, quarter + 1) if quarter < 4 else (year + 1, 1)
        return quarter_end(*following) + timedelta(days=int(self.parameters[DAYS].value))
