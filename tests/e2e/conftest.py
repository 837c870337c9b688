"""One main job on a small file, shared by the tests that look at what it left."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from random import Random
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
ZONE = timezone(timedelta(hours=8))
STEP = timedelta(hours=6)
SEED = 20251


@dataclass(frozen=True)
class Job:
    """A finished job: its home, its summary, the Wh that went in."""

    home: Path
    data: Path
    summary: Mapping[str, Any]
    energy_wh: int

    @property
    def out(self) -> Path:
        return self.home / "out"


def small_year(path: Path) -> int:
    """A year of six-hour readings in the canonical layout; its sum in Wh."""
    chance = Random(SEED)
    end, total = datetime(2025, 1, 1, tzinfo=ZONE), 0
    with path.open("w", encoding="ascii") as file:
        file.write("time,energy_kwh\n")
        while end < datetime(2026, 1, 1, tzinfo=ZONE):
            end += STEP
            energy = chance.randrange(10**8)
            total += energy
            file.write(f"{end.isoformat()},{energy / 1000:.3f}\n")
    return total


def run_job(home: Path, *more: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """`scripts/run` without its set-up, leaving when done."""
    command = [sys.executable, "-m", "scripts.mainjob", "--exit", "--home", str(home), *more]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=540, check=False)
    if check:
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done


@pytest.fixture(scope="session")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    folder = tmp_path_factory.mktemp("job")
    energy = small_year(folder / "readings.csv")
    run_job(folder / "home", "--data", str(folder / "readings.csv"), "--summary", str(folder / "summary.json"))
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    return Job(folder / "home", folder / "readings.csv", summary, energy)
