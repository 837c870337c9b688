"""What comes with the package: methodologies and an example of each. Committed data, read on demand."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from carbonledger.errors import Unknown
from carbonledger.reduction.methodology import Methodology


@cache
def methodologies() -> tuple[Methodology, ...]:
    """The methodologies, by key."""
    found = [file for file in (files("carbonledger.reduction") / "data").iterdir() if file.name.endswith(".json")]
    return tuple(Methodology.parse(file.read_bytes()) for file in sorted(found, key=lambda file: file.name))


def named(name: str) -> Methodology:
    """The methodology of a key or id (hex); Unknown where there is none."""
    for methodology in methodologies():
        if name in (methodology.key, methodology.id.hex()):
            return methodology
    raise Unknown(f"methodology {name[:80]!r}", expected="one of " + ", ".join(m.key for m in methodologies()))


def example(name: str) -> bytes:
    """The example input of a methodology, by key or id: JSON text."""
    return (files("carbonledger.reduction") / "examples" / f"{named(name).key}.json").read_bytes()
