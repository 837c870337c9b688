"""The examples that come with the package: forecast documents, read on demand."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable

from carbonledger.errors import Unknown


def examples() -> list[str]:
    """Their ids."""
    return sorted(_files())


def example(name: str) -> bytes:
    """One example: JSON text; Unknown where there is none."""
    known = _files()
    if name not in known:
        raise Unknown(f"example {name!r}", expected="one of " + ", ".join(sorted(known)))
    return known[name].read_bytes()


def _files() -> dict[str, Traversable]:
    found = files("carbonledger.forecast") / "examples"
    return {file.name.removesuffix(".json"): file for file in found.iterdir() if file.name.endswith(".json")}
