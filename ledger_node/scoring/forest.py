"""The model: an isolation forest (Liu, Ting, Zhou 2008) by scikit-learn, on robustly scaled numbers. Seeded.

Scaled by median and MAD; where the MAD is 0 by the mean distance from the median (Iglewicz and Hoaglin 1993), where
that is 0 too the feature says nothing and is left out. Beyond `clip` a number is the same as at it: one wild value must
not hide a smaller one. What is not known stands at the median. Given the same numbers, seed and library version, the
same scores.
"""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import IsolationForest

Matrix = NDArray[np.float64]
MAD_TO_SIGMA: Final = 1.4826
MEAN_TO_SIGMA: Final = 1.2533
"""Of a normal distribution: standard deviation over MAD, and over mean distance."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """One group's model: scaled rows, and the columns that say something."""

    rows: Matrix
    columns: tuple[int, ...]
    medians: tuple[float, ...]
    model: Any

    def scores(self) -> list[float]:
        """Of each row, 2^(−E(h)/c(n)): from 0 to 1, a half is like anybody."""
        return [float(value) for value in _anomaly(self.model, self.rows)]

    def without(self) -> list[list[float]]:
        """Of each row, the score with each column in turn at the median of the group."""
        count, width = self.rows.shape
        moved = np.repeat(self.rows, width, axis=0)
        moved[np.arange(count * width), np.tile(np.arange(width), count)] = 0.0
        found: list[list[float]] = _anomaly(self.model, moved).reshape(count, width).tolist()
        return found


def fit(rows: Sequence[Sequence[int | None]], *, seed: int, trees: int, sample: int, clip: int) -> Fitted | None:
    """A group's model; None where no column tells any two rows apart."""
    given = np.array([[np.nan if value is None else float(value) for value in row] for row in rows], dtype=np.float64)
    columns, medians, scaled = [], [], []
    for column in range(given.shape[1]):
        values = given[:, column]
        known = values[~np.isnan(values)]
        if 2 * len(known) < len(values):
            continue  # known of fewer than half: it would tell who has papers, not what is in them
        middle = float(np.median(known))
        far = np.abs(known - middle)
        spread = MAD_TO_SIGMA * float(np.median(far)) or MEAN_TO_SIGMA * float(np.mean(far))
        if spread == 0:
            continue
        columns.append(column)
        medians.append(middle)
        scaled.append(np.clip(np.nan_to_num((values - middle) / spread, nan=0.0), -clip, clip))
    if not columns:
        return None
    matrix = np.column_stack(scaled)
    grow: Any = IsolationForest  # the library has no types
    model = grow(n_estimators=trees, max_samples=min(sample, len(rows)), random_state=seed, n_jobs=1)
    model.fit(matrix)
    return Fitted(matrix, tuple(columns), tuple(medians), model)


def versions() -> dict[str, str]:
    """What a run depends on: scores are the same where these are."""
    return {
        "machine": platform.machine(),
        "numpy": version("numpy"),
        "python": platform.python_version(),
        "scikit-learn": version("scikit-learn"),
    }


def _anomaly(model: Any, rows: Matrix) -> Matrix:
    found: Matrix = -model.score_samples(rows)
    return found
