"""The disk that a single-signed reading takes: its bytes, its signature, its leaf and the tiles that prove it."""

from __future__ import annotations

from pathlib import Path

from scripts.benchmarks.readings import BATCH, Plant, feed, open_node
from scripts.benchmarks.result import Measured, Run

READINGS = 35_040
PER_CHECKPOINT = 96 * 20
LIMIT_BYTES = 1_200


def per_reading(run: Run) -> Measured:
    """Bytes allocated on the disk by the node's home, over the readings in it."""
    plant = Plant.of()
    home = run.folder / "node"
    node = open_node(home, plant)
    try:
        run.say(f"{READINGS:,} readings, a checkpoint after every {PER_CHECKPOINT:,}")
        empty = _allocated(home)
        items = plant.singles(READINGS)
        for at in range(0, READINGS, PER_CHECKPOINT):
            feed(node, items[at : at + PER_CHECKPOINT], BATCH)
    finally:
        node.close()
    bytes_used = _allocated(home)
    parts = sorted(((_allocated(part), part.name) for part in home.iterdir()), reverse=True)
    shown = ", ".join(f"{name} {size / READINGS:,.0f}" for size, name in parts if size > READINGS)
    return Measured(
        bytes_used / READINGS, LIMIT_BYTES, (f"of it: {shown} bytes; an empty node has {empty:,} bytes in all",)
    )


def _allocated(path: Path) -> int:
    """Bytes of the blocks that the file system gave, folders included."""
    return sum(found.lstat().st_blocks * 512 for found in (path, *path.rglob("*")))
