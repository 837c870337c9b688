"""The weighted score: sub-scores between knots, weighted, rounded once half-up to two places, compared, capped, held.

Intensities are compared as exact fractions; only the score is rounded before its comparison.
"""

from __future__ import annotations

from fractions import Fraction

from carbonledger.assessment.grade import peers
from carbonledger.assessment.grade.document import NOT_RATED, Score
from carbonledger.assessment.grade.rated import Rated, not_rated
from carbonledger.assessment.grade.scheme import SCORE_PLACES, Condition, Grade, Scheme
from carbonledger.assessment.rational import fixed, half_up, text
from carbonledger.assessment.steps import Step

Values = dict[str, Fraction | None]


def rate(scheme: Scheme, given: Score) -> Rated:
    """The grade of a weighted score; not rated where emission, intensity or peers are not known."""
    steps: list[Step] = []
    emission, quality, gap = _emission(scheme, given, steps)
    if emission is None:
        return not_rated(steps, gap)
    k, trend = _intensity(scheme, given, emission, steps)
    if k is None:
        return not_rated(steps, ("No intensity that can be compared", "无可比强度"))
    values: Values = {"k": k, "trend": trend, "share": given.share, "quality": quality, "neutral": given.neutral}
    total = sum((_part(scheme, index, values, steps) for index in range(len(scheme.parts))), Fraction(0))
    rounded = half_up(total, SCORE_PLACES)
    formula = "Σ weight × points, half-up to 2 places"
    steps.append(Step("score", ("Score", "总分"), formula, (), total, fixed(total, SCORE_PLACES)))
    reached = _reached(scheme, given, rounded, values, steps)
    held = _held(scheme, given, rounded, reached, values, steps)
    return Rated(held.key, held.title, reached.key, tuple(steps), {"score": fixed(total, SCORE_PLACES)})


def _emission(scheme: Scheme, given: Score, steps: list[Step]) -> tuple[Fraction | None, Fraction, tuple[str, str]]:
    """Emission t of twelve months; a missing month is filled with the highest one, and the data quality falls."""
    title = ("Emission of twelve months", "十二个月排放量")
    if given.months is None:
        assert given.emission is not None  # the parser has seen to it
        steps.append(Step("emission", title, "as reported", (("t", text(given.emission)),), given.emission))
        return given.emission, given.quality, ("", "")
    missing = 12 - len(given.months)
    limit, worse = scheme.rules["filled-months"], scheme.rules["filled-quality"]
    known = (("months", str(len(given.months))), ("missing", str(missing)))
    if missing > limit.value or not given.months:
        steps.append(Step("emission", title, "Σ months", known, None, None, (limit,), "too many months are missing"))
        return None, given.quality, ("Too many months are missing", "缺失月份过多")
    total = sum(given.months.values(), Fraction(0)) + missing * max(given.months.values())
    quality = max(given.quality, worse.value) if missing else given.quality
    outcome = "filled with the highest month" if missing else "complete"
    formula = "Σ months + missing × highest month"
    steps.append(Step("emission", title, formula, known, total, None, (limit, worse), outcome))
    return total, quality, ("", "")


def _intensity(
    scheme: Scheme, given: Score, emission: Fraction, steps: list[Step]
) -> tuple[Fraction | None, Fraction | None]:
    """K and trend: by value added, else by product against its benchmark, else unknown."""
    title = ("Carbon efficiency K", "碳效值 K")
    if given.value_added is not None and given.value_added > 0:
        level = emission / given.value_added
        read = (("emission", text(emission)), ("value_added", text(given.value_added)))
        steps.append(Step("intensity", ("Carbon level L", "碳水平 L"), "E / VA, t per 10^4 CNY", read, level))
        mean, step = peers.mean(given.peers, scheme.rules["peers"])
        steps.append(step)
        if mean is None:
            return None, None
        k = level / mean
        steps.append(Step("k", title, "L / mean of the peers", (("l", text(level)), ("mean", text(mean))), k))
        return k, _trend(level, given.intensity_before, steps)
    if given.product is None:
        return None, None
    product = given.product
    k = product.intensity / product.benchmark
    read = (("intensity", text(product.intensity)), ("benchmark", text(product.benchmark)))
    steps.append(Step("k", title, "product intensity / benchmark (no value added above zero)", read, k))
    return k, _trend(product.intensity, product.before, steps)


def _trend(now: Fraction, before: Fraction | None, steps: list[Step]) -> Fraction | None:
    if before is None:
        return None
    value = now / before - 1
    read = (("now", text(now)), ("before", text(before)))
    steps.append(Step("trend", ("Change in a year", "同比变化"), "L / L a year before − 1", read, value))
    return value


def _part(scheme: Scheme, index: int, values: Values, steps: list[Step]) -> Fraction:
    part = scheme.parts[index]
    x = values[part.variable]
    points = part.absent.value if x is None else part.points(x)
    read = ((part.variable, "unknown" if x is None else text(x)), ("weight", text(part.weight.value)))
    used = (part.weight, part.absent) if x is None else (part.weight,)
    knots = ", ".join(f"{text(at)} → {text(y)}" for at, y in part.knots)
    steps.append(Step(part.key, part.title, f"piecewise linear: {knots}", read, points, None, used))
    return part.weight.value * points


def _reached(scheme: Scheme, given: Score, rounded: Fraction, values: Values, steps: list[Step]) -> Grade:
    """The best grade whose threshold the score meets and whose caps hold; the lowest under a veto."""
    lowest = scheme.grades[-1]
    if given.veto:
        steps.append(Step("veto", ("Veto", "一票否决"), "a veto is in force", (), outcome=lowest.key))
        return lowest
    for grade in scheme.grades:
        if grade.least is None or rounded < grade.least.value:
            continue
        broken = [clause for clause in grade.caps if not any(_holds(c, values) for c in clause)]
        limits = tuple(c.limit for clause in broken for c in clause)
        outcome = f"capped below {grade.key}" if broken else grade.key
        read = (("score", text(rounded)),)
        formula = "; ".join(
            " or ".join(f"{c.variable} {c.operator} {text(c.limit.value)}" for c in clause) for clause in grade.caps
        )
        steps.append(
            Step(
                f"grade-{grade.key}",
                grade.title,
                formula or "score only",
                read,
                rounded,
                None,
                (grade.least, *limits),
                outcome,
            )
        )
        if not broken:
            return grade
    return lowest


def _holds(condition: Condition, values: Values) -> bool:
    value = values[condition.variable]
    return value is not None and condition.holds(value)


def _held(scheme: Scheme, given: Score, rounded: Fraction, reached: Grade, values: Values, steps: list[Step]) -> Grade:
    """Hysteresis: up only with the margin, or when last quarter reached as much; down at once."""
    if given.before is None or given.before.grade == NOT_RATED or given.veto:
        return reached
    order = [grade.key for grade in scheme.grades]
    held, now = order.index(given.before.grade), order.index(reached.key)
    if now >= held:
        return reached
    last = len(order) if given.before.reached == NOT_RATED else order.index(given.before.reached)
    margin = scheme.rules["upgrade-margin"]
    found = scheme.grades[held]
    for index in range(now, held):
        grade = scheme.grades[index]
        assert grade.least is not None  # better than one that was held
        caps_hold = all(any(_holds(c, values) for c in clause) for clause in grade.caps)
        if caps_hold and (rounded >= grade.least.value + margin.value or last <= index):
            found = grade
            break
    read = (("held", given.before.grade), ("reached_last_quarter", given.before.reached), ("reached", reached.key))
    formula = "up with score ≥ threshold + margin, or reached two quarters running; down at once"
    steps.append(Step("hysteresis", ("Hysteresis", "升级缓冲"), formula, read, rounded, None, (margin,), found.key))
    return found
