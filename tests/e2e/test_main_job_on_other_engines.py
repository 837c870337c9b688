"""The same year comes to the same gram on every engine; what cannot be checked there is not called VALID."""

from __future__ import annotations

import json
import threading
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import run_job, small_year
from tests.integration.chain_kit import ganache, need_anvil
from tests.integration.geth_network import geth_network

pytestmark = pytest.mark.slow


def job_on(url: str, folder: Path) -> tuple[dict[str, Any], int]:
    energy = small_year(folder / "readings.csv")
    run_job(
        folder / "home",
        "--data",
        str(folder / "readings.csv"),
        "--chain",
        url,
        "--summary",
        str(folder / "summary.json"),
    )
    summary: dict[str, Any] = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    return summary, int(energy * Fraction("0.5306"))


def test_on_anvil_everything_is_valid_under_the_operators_seal(tmp_path: Path) -> None:
    need_anvil()
    summary, grams = job_on("anvil:", tmp_path)
    assert summary["emission_g"] == grams
    assert {summary[f"verdict_{what}"] for what in ("report", "reading", "replay")} == {"VALID"}


def test_on_ganache_the_sum_is_the_same_and_the_missing_seal_is_said(tmp_path: Path) -> None:
    with ganache() as url:
        summary, grams = job_on(url, tmp_path)
    assert summary["emission_g"] == grams
    assert {summary[f"verdict_{what}"] for what in ("report", "reading", "replay")} == {"INDETERMINATE"}
    assert any(note.startswith("replay:") for note in summary["notes"])


@pytest.mark.long
def test_on_four_validators_it_ends_the_same_though_one_is_killed_and_comes_back(tmp_path: Path) -> None:
    with geth_network(tmp_path / "network") as network:

        def disturb() -> None:
            time.sleep(20)
            network.validators[0].kill()
            time.sleep(20)
            network.validators[0].start()
            network.connect()

        disturbance = threading.Thread(target=disturb)
        disturbance.start()
        summary, grams = job_on(network.url, tmp_path)
        assert not disturbance.is_alive()  # else the job was over before
        disturbance.join()
    assert summary["emission_g"] == grams
    assert {summary[f"verdict_{what}"] for what in ("report", "reading", "replay")} == {"VALID"}
