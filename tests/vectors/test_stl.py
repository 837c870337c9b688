"""Residuals of the seasonal decomposition are those of statsmodels, whose numbers are kept beside this file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scripts.city import stl

VECTORS = json.loads(Path(__file__).with_name("stl.json").read_text())["series"]


@pytest.mark.parametrize("vector", VECTORS, ids=["four years", "four and a half", "five years, one month halved"])
def test_residuals_are_those_of_statsmodels(vector: dict[str, list[str]]) -> None:
    found = stl.residuals([float(value) for value in vector["values"]])
    assert found == pytest.approx([float(value) for value in vector["residuals"]], abs=1e-8)


def test_a_straight_line_with_a_season_leaves_nothing() -> None:
    season = [3.0, -1.0, 2.0, 0.5, -4.5, 1.0, -1.0, 0.0, 2.0, -3.0, 1.0, 0.0]
    values = [0.25 * month + season[month % 12] for month in range(60)]
    assert max(map(abs, stl.residuals(values))) < 1e-9
