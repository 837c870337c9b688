"""Kill the main job's whole process group at any instant, start it again: the same totals, nothing twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone
from fractions import Fraction
from pathlib import Path
from random import Random

import pytest

ROOT = Path(__file__).resolve().parents[2]
ZONE = timezone(timedelta(hours=8))


def year_of_days(path: Path) -> int:
    chance, total = Random(7), 0
    with path.open("w", encoding="ascii") as file:
        file.write("time,energy_kwh\n")
        for day in range(1, 366):
            energy = chance.randrange(10**9)
            total += energy
            file.write(f"{(datetime(2025, 1, 1, tzinfo=ZONE) + timedelta(days=day)).isoformat()},{energy / 1000:.3f}\n")
    return total


def start(home: Path, *more: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "scripts.mainjob", "--exit", "--home", str(home), *more],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("kills", [6, pytest.param(40, marks=pytest.mark.long)])
def test_a_killed_job_ends_in_the_same_totals_with_nothing_doubled(tmp_path: Path, kills: int) -> None:
    energy = year_of_days(tmp_path / "days.csv")
    home, chance = tmp_path / "home", Random(kills)
    for _ in range(kills):
        running = start(home, "--data", str(tmp_path / "days.csv"))
        time.sleep(chance.uniform(0.5, 5))
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
        running.communicate()
    last = start(home, "--data", str(tmp_path / "days.csv"), "--summary", str(tmp_path / "summary.json"))
    output, _ = last.communicate(timeout=540)
    assert last.returncode == 0, output.decode()[-3000:]
    summary = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    assert summary["energy_wh"] == energy
    assert summary["emission_g"] == int(energy * Fraction("0.5306"))
    assert summary["readings"] == 365
    assert {summary[f"verdict_{what}"] for what in ("report", "reading", "replay")} == {"VALID"}
