"""Holt-Winters against what R printed, and Holt-Winters written a second time with fractions."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from carbonledger.forecast.arithmetic import exactly
from carbonledger.forecast.models import Smoothing, holt_winters, start

VECTOR = json.loads((Path(__file__).parent / "forecast" / "r_holt_winters.json").read_text())


def test_air_passengers_come_out_as_r_prints_them() -> None:
    with exactly():
        values = [Decimal(value) for value in VECTOR["values"]]
        smoothing = Smoothing(*(Decimal(VECTOR[name]) for name in ("alpha", "beta", "gamma")))
        fitted = holt_winters(values, 12, start(values, 12, additive=False), smoothing, additive=False)
    tolerance = Decimal("0.00001")  # R prints its parameters with seven digits
    assert abs(fitted.level - Decimal(VECTOR["a"])) < tolerance
    assert abs(fitted.trend - Decimal(VECTOR["b"])) < tolerance
    for found, printed in zip(fitted.season, VECTOR["s"], strict=True):
        assert abs(found - Decimal(printed)) < tolerance


@pytest.mark.parametrize("additive", [True, False])
def test_the_recursion_agrees_with_one_in_exact_fractions(additive: bool) -> None:
    period, values = 4, [Fraction(30 + 7 * (at % 4) + at, 3) for at in range(14)]
    alpha, beta, gamma = Fraction(3, 10), Fraction(1, 10), Fraction(2, 5)
    with exactly():
        rounded = [Decimal(value.numerator) / Decimal(value.denominator) for value in values]
        begun = start(rounded, period, additive=additive)
        smoothing = Smoothing(Decimal("0.3"), Decimal("0.1"), Decimal("0.4"))
        fitted = holt_winters(rounded, period, begun, smoothing, additive=additive)
    # The slow twin: start values and recursion as the documentation of R words them
    trend = [(values[i - 2] + values[i + 2]) / 8 + (values[i - 1] + values[i] + values[i + 1]) / 4 for i in range(2, 6)]
    figure = [Fraction(0)] * 4
    for i, mean in enumerate(trend, start=2):
        figure[i % 4] = values[i] - mean if additive else values[i] / mean
    middle = sum(figure) / 4
    s = [term - middle if additive else term / middle for term in figure]
    x = [Fraction(n) for n in range(1, 5)]
    slope = sum((a - Fraction(5, 2)) * b for a, b in zip(x, trend, strict=True)) / 5
    a, b = sum(trend) / 4 - slope * Fraction(5, 2), slope
    for t in range(4, 14):
        term, before = s[t - 4], a
        a = alpha * (values[t] - term if additive else values[t] / term) + (1 - alpha) * (a + b)
        b = beta * (a - before) + (1 - beta) * b
        s.append(gamma * (values[t] - a if additive else values[t] / a) + (1 - gamma) * term)
    for found, wanted in zip((fitted.level, fitted.trend, *fitted.season), (a, b, *s[-4:]), strict=True):
        assert abs(Fraction(found) - wanted) < Fraction(1, 10**25)
