"""What a sub-command may ask of a network, and how the services provide it: entry points `carbonledger.network`.

The heart opens no socket. An installed service registers an object (a module will do) under the name `chain`.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import entry_points
from typing import Any, Final, Protocol, cast

from carbonledger.accounting.factors import Factors
from carbonledger.accounting.lines import Line
from carbonledger.accounting.rule_set import RuleSet
from carbonledger.allocation.allocate import Allocation
from carbonledger.errors import Refused

GROUP: Final = "carbonledger.network"


class ChainCalculator(Protocol):
    """Computes a report's lines by the contracts of a chain, and says by which rules."""

    def published(self, url: str, directory: bytes | None, known: Factors) -> tuple[list[RuleSet], Factors]:
        """The rule sets and factors as the chain at `url` publishes them; `known` gives factors' sources in words."""
        ...

    def calculate(
        self, url: str, directory: bytes | None, rule_set_json: bytes, year: int, lines: Sequence[Line]
    ) -> int:
        """Emission in whole grams as `RuleSetRegistry` of the chain at `url` computes it; no transaction is made.

        `directory` is the address of the Directory (20 bytes), None where the endpoint itself knows it. A
        CarbonLedgerError says what the contract refused or what could not be reached.
        """
        ...


class Reporter(Protocol):
    """Makes and reads documents of reports."""

    def report(
        self, bundle: bytes, form: str, view: str, language: str, period: str | None, names: bytes | None, origin: str
    ) -> bytes:
        """The document of a report's bundle; `names` are the bytes of a names file, `origin` a node's or empty."""
        ...

    def check(self, document: bytes) -> str:
        """One sentence that the document is what its evidence gives; Invalid where it is not."""
        ...

    def evidence(self, document: bytes) -> bytes:
        """The bundle that a document carries, byte for byte."""
        ...


def reporter() -> Reporter:
    """The installed services' maker of documents; Refused, saying so, where the services are not installed."""
    return cast(Reporter, load("report", "report"))


def chain_calculator() -> ChainCalculator:
    """The installed services' calculator; Refused, saying so, where the services are not installed."""
    return cast(ChainCalculator, load("chain", "calculate"))


class Discloser(Protocol):
    """Makes the document of a bank's disclosure."""

    def disclosure(self, raw: bytes, form: str, language: str, origin: str) -> bytes:
        """The disclosure of a document (docs/loans.md) as `pdf`, `xlsx` or `json`.

        `origin` is that of the node whose page says whether it was filed; empty: no address and no QR code.
        """
        ...


def discloser() -> Discloser:
    """The installed services' maker of disclosures; Refused, saying so, where the services are not installed."""
    return cast(Discloser, load("report", "disclosure"))


class ChainAllocator(Protocol):
    """Computes an enterprise's allocation by the contracts of a chain."""

    def allocate(self, url: str, directory: bytes | None, found: Allocation) -> list[dict[str, str]]:
        """What differs from `AllocationRules` of the chain at `url`: path, expected (Python's), found (the chain's)."""
        ...


def chain_allocator() -> ChainAllocator:
    """The installed services' allocator; Refused, saying so, where the services are not installed."""
    return cast(ChainAllocator, load("chain", "allocate"))


def load(name: str, function: str) -> Any:
    """The object registered under `name` that has `function`; Refused where there is none."""
    for entry in entry_points(group=GROUP, name=name):
        try:
            found = entry.load()
        except ModuleNotFoundError:
            continue
        if callable(getattr(found, function, None)):
            return found
    raise Refused(
        "this needs the services, which are not installed",
        expected=f"an entry point {name!r} of the group {GROUP} with {function}()",
        found="none",
        remedy="Install them with: pip install -e '.[services]'",
    )
