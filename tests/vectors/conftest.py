"""Where the published vectors are: the folder named by CARBONLEDGER_VECTORS, else `../shared/vectors`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def vectors() -> Callable[[str], Path]:
    """`vectors("merkle/inclusion.jsonl")` is that file; the test is skipped, with a message, if it is absent."""
    base = Path(os.environ.get("CARBONLEDGER_VECTORS") or Path(__file__).parents[2] / ".." / "shared" / "vectors")

    def find(part: str) -> Path:
        if not (base / part).exists():
            pytest.skip(f"published vectors not found: {base / part} (set CARBONLEDGER_VECTORS)")
        return base / part

    return find
