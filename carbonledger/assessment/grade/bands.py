"""Methods by bands: the carbon-efficiency code (碳效码), the four colours, the three-colour board."""

from __future__ import annotations

from fractions import Fraction

from carbonledger.assessment.grade import peers
from carbonledger.assessment.grade.document import NOT_RATED, Dimension, Efficiency, Place
from carbonledger.assessment.grade.rated import NOT_RATED_TITLE, Rated, not_rated
from carbonledger.assessment.grade.scheme import Band, Scheme, band_of
from carbonledger.assessment.rational import fixed, text
from carbonledger.assessment.steps import Step


def efficiency(scheme: Scheme, given: Efficiency) -> Rated:
    """Carbon level by L, efficiency level by K = L / mean of the industry, carbon-neutral rate without bands."""
    net = given.emission - given.own_renewable - given.sinks
    read = tuple((name, text(getattr(given, name))) for name in ("emission", "own_renewable", "sinks"))
    steps = [Step("net", ("Net emission", "净排放量"), "energy emission − own renewable − sinks, t", read, net)]
    level = net / given.value_added
    band = band_of(scheme.bands["level"], level)
    read = (("net", text(net)), ("value_added", text(given.value_added)))
    steps.append(
        _banded("level", ("Carbon level L", "碳水平 L"), "net / VA, t per 10^4 CNY", read, level, scheme, band)
    )
    marks = {"level": band.key}
    neutral = given.own_renewable + given.sinks + given.offsets
    if given.emission > 0:
        rate = neutral / given.emission
        read = (("deducted", text(neutral)), ("emission", text(given.emission)))
        title = ("Carbon-neutral rate", "碳中和率")
        steps.append(
            Step(
                "neutral",
                title,
                "(own renewable + sinks + offsets) / emission",
                read,
                rate,
                fixed(100 * rate, 2) + " %",
            )
        )
        marks["neutral_rate"] = fixed(100 * rate, 2)
    mean, step = peers.mean(given.peers, scheme.rules["peers"])
    steps.append(step)
    if mean is None:
        rated = not_rated(steps, ("No level has enough peers", "同行数量不足"))
        return Rated(rated.grade, rated.title, rated.reached, rated.steps, marks)
    k = level / mean
    found = band_of(scheme.bands["efficiency"], k)
    read = (("l", text(level)), ("mean", text(mean)))
    steps.append(
        _banded("efficiency", ("Carbon efficiency K", "碳效值 K"), "L / mean of the peers", read, k, scheme, found)
    )
    return Rated(found.key, found.title, found.key, tuple(steps), marks | {"efficiency": found.key})


def colours(scheme: Scheme, given: tuple[Dimension, ...]) -> Rated:
    """A colour per dimension: ratio to the mean, or the place among the limits of a standard; overall the worst."""
    bands = scheme.bands["colours"]
    steps, found = [], []
    for dimension in given:
        title = _DIMENSIONS[dimension.name]
        if dimension.limits is not None:
            place = sum(dimension.intensity > limit for limit in dimension.limits)
            band = bands[place]
            read = (
                ("intensity", text(dimension.intensity)),
                *zip(("advanced", "access", "limit"), map(text, dimension.limits), strict=True),
            )
            formula = "≤ advanced, ≤ access, ≤ limit of the standard, above"
            steps.append(Step(dimension.name, title, formula, read, dimension.intensity, None, (), band.key))
        else:
            assert dimension.mean is not None  # the parser has seen to it
            ratio = dimension.intensity / dimension.mean
            band = band_of(bands, ratio)
            read = (("intensity", text(dimension.intensity)), ("mean", text(dimension.mean)))
            steps.append(_banded(dimension.name, title, "intensity / mean", read, ratio, scheme, band, "colours"))
        found.append(band)
    worst = max(found, key=bands.index)
    steps.append(Step("overall", ("Overall", "综合"), "the worst of the dimensions", (), outcome=worst.key))
    marks = {dimension.name: band.key for dimension, band in zip(given, found, strict=True)}
    return Rated(worst.key, worst.title, worst.key, tuple(steps), marks)


def board(scheme: Scheme, given: tuple[Place, ...]) -> Rated:
    """A colour per board by the district's published percentiles; no colour with too few peers; overall the worst."""
    low, middle, high = scheme.bands["colours"]
    rules = scheme.rules
    steps, found, marks = [], [], {}
    for place in given:
        enough = place.n >= rules["peers"].value
        band = low if place.value <= place.low else high if place.value > place.high else middle
        read = (("value", text(place.value)), ("low", text(place.low)), ("high", text(place.high)), ("n", str(place.n)))
        outcome = band.key if enough else "too few peers"
        used = (rules["low"], rules["high"], rules["peers"])
        formula = "low ≤ lower percentile < middle ≤ upper percentile < high"
        steps.append(Step(place.name, _DIMENSIONS[place.name], formula, read, place.value, None, used, outcome))
        if enough:
            found.append(band)
        marks[place.name] = band.key if enough else NOT_RATED
    if not found:
        return Rated(NOT_RATED, NOT_RATED_TITLE, NOT_RATED, tuple(steps), marks)
    worst = max(found, key=(low, middle, high).index)
    steps.append(Step("overall", ("Overall", "综合"), "the worst of the boards", (), outcome=worst.key))
    return Rated(worst.key, worst.title, worst.key, tuple(steps), marks)


_DIMENSIONS = {
    "product": ("Per unit of product", "单位产品"),
    "value-added": ("Per value added", "单位增加值"),
    "tax": ("Per tax paid", "单位税收"),
    "total": ("Total emission", "排放总量"),
    "per-mu": ("Per mu of land", "亩均排放"),
    "per-value-added": ("Per value added", "单位增加值"),
}


def _banded(
    key: str,
    title: tuple[str, str],
    formula: str,
    read: tuple[tuple[str, str], ...],
    value: Fraction,
    scheme: Scheme,
    band: Band,
    bands: str = "",
) -> Step:
    ends = tuple(b.most for b in scheme.bands[bands or key] if b.most is not None)
    return Step(key, title, formula, read, value, None, ends, band.key)
