"""What the services add to the `carbonledger` command: entry points of the group `carbonledger.network`."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Final

import httpx2

from carbonledger.accounting.factors import Factors
from carbonledger.accounting.lines import Line
from carbonledger.accounting.names import name32
from carbonledger.accounting.register import sources_of
from carbonledger.accounting.rule_set import RuleSet
from carbonledger.allocation.allocate import Allocation
from carbonledger.errors import Malformed, Refused, Unknown
from ledger_node.chain import allocations, factors, rule_sets
from ledger_node.chain.bindings import directory as directory_contract
from ledger_node.chain.bindings.errors import explain
from ledger_node.chain.errors import CallReverted
from ledger_node.chain.interface import Chain
from ledger_node.chain.open import open_chain

MAX_PACKAGE_BYTES: Final = 2 << 30


def calculate(url: str, directory: bytes | None, rule_set_json: bytes, year: int, lines: Sequence[Line]) -> int:
    """Emission in whole grams, as `RuleSetRegistry` computes it (`carbonledger.cli.network.ChainCalculator`).

    `url` is `http(s)://…` of a node, or `embedded:FOLDER` of an embedded chain that no other process has open.
    """
    with _opened(url) as chain:
        registry = _located(chain, directory, "RuleSetRegistry")
        try:
            return rule_sets.emission(chain, registry, sha256(rule_set_json).digest(), year, lines)
        except CallReverted as error:
            found = explain(error.data) if error.data else error.reason
            raise Refused("the contract refuses the computation", expected="an emission", found=found) from error


def published(url: str, directory: bytes | None, known: Factors) -> tuple[list[RuleSet], Factors]:
    """Rule sets and factors of the chain (`carbonledger.cli.network.ChainCalculator`); `url` as of `calculate`."""
    with _opened(url) as chain:
        registry = _located(chain, directory, "RuleSetRegistry")
        factor_registry = _located(chain, directory, "FactorRegistry")
        rules = rule_sets.rule_sets(chain, registry)
        sources = sources_of([*known, *(factor for rule in rules for factor in rule.factors)])
        return rules, factors.factors(chain, factor_registry, sources)


def allocate(url: str, directory: bytes | None, found: Allocation) -> list[dict[str, str]]:
    """What differs from `AllocationRules` (`carbonledger.cli.network.ChainAllocator`); `url` as of `calculate`."""
    with _opened(url) as chain:
        registry = _located(chain, directory, "AllocationRules")
        try:
            return allocations.differences(found, *allocations.entity(chain, registry, found))
        except CallReverted as error:
            told = explain(error.data) if error.data else error.reason
            raise Refused("the contract refuses the computation", expected="an allocation", found=told) from error


def fetch_package(url: str) -> bytes:
    """The bytes of an audit package at an http(s) address (`carbonledger.cli.replay.PackageSource`).

    A key of the API is taken from the environment, CARBONLEDGER_API_KEY; it is sent to that address alone.
    """
    if not url.startswith(("http://", "https://")):
        raise Malformed("address of a package", expected="http(s)://…", found=url[:200])
    key = os.environ.get("CARBONLEDGER_API_KEY")
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    pieces: list[bytes] = []
    size = 0
    try:
        with httpx2.stream("GET", url, headers=headers, timeout=60, follow_redirects=False) as answer:
            if answer.status_code != 200:
                raise Refused(f"no package at {url[:200]}", expected="status 200", found=answer.status_code)
            for piece in answer.iter_bytes():
                size += len(piece)
                if size > MAX_PACKAGE_BYTES:
                    raise Refused(
                        "the package is too large", expected=f"at most {MAX_PACKAGE_BYTES} bytes", found="more"
                    )
                pieces.append(piece)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise Refused(f"cannot fetch {url[:200]}", expected="an answer", found=str(error)[:200]) from error
    return b"".join(pieces)


def _located(chain: Chain, directory: bytes | None, name: str) -> bytes:
    if directory is None:
        raise Refused(
            "the address of the Directory is needed",
            expected="20 bytes",
            found="none",
            remedy="Give --directory ADDRESS, or --policy FILE that names it",
        )
    location = directory_contract.decode_location_of(
        chain.call(directory, directory_contract.encode_location_of(name32(name)))
    )
    if not any(location):
        raise Unknown(f"{name} of the Directory 0x{directory.hex()}", expected="a contract", found="none")
    return location


@contextmanager
def _opened(url: str) -> Iterator[Chain]:
    scheme, _, rest = url.partition(":")
    home = Path()
    if scheme == "embedded":
        home = Path(rest)
        if not rest or not (home / "chain.sqlite").is_file():
            raise Malformed("chain URL", expected="embedded:FOLDER with chain.sqlite in it", found=url[:200])
        url = "embedded:"
    elif scheme not in ("http", "https"):
        raise Malformed("chain URL", expected="http(s)://… or embedded:FOLDER", found=url[:200])
    chain = open_chain(url, home, lambda: int(time.time()))
    try:
        yield chain
    finally:
        chain.close()
