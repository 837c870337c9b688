"""What the order by scores gains is counted right, and the quiet frauds are quiet: no rule finds them."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations

from ledger_node.scoring.scoring import Parameters, Score, Scoring
from scripts.city import scoring
from scripts.city.frauds import MUCH_COAL
from scripts.city.scoring import Scene


def test_expected_places_are_the_mean_over_every_order_of_those_with_equal_points() -> None:
    points = {"a": 3, "b": 1, "c": 1, "d": 1, "e": 0}
    planted = {"b": "kind", "e": "kind"}
    scores = tuple(Score(firm, 500 + at, "all", "all", 5, ()) for at, firm in enumerate(points))
    scene = Scene(points, dict.fromkeys(points, "green"), planted, Scoring(Parameters(), {}, "", scores, ()))
    orders = [o for o in permutations(points) if [points[f] for f in o] == sorted(points.values(), reverse=True)]
    anyhow = list(permutations(points))
    for count in range(1, 6):

        def mean(found: list[tuple[str, ...]], first: int = count) -> Fraction:
            return Fraction(sum(firm in planted for order in found for firm in order[:first]), len(found))

        assert scene.by_points(count) == mean(orders)
        assert scene.by_chance(count) == mean(anyhow)
    assert scene.order == ["e", "d", "c", "b", "a"]
    assert [scene.among_first(count) for count in (1, 3, 4)] == [1, 1, 2]


def test_quiet_frauds_leave_every_code_green_and_coal_without_papers_comes_early() -> None:
    firms, planted = scoring.quiet(3, 36, each=1)
    assert len(planted) == 3 and {firm.industry for firm in firms if firm.code in planted} <= set(MUCH_COAL)
    scene = scoring.judged(firms, planted, Parameters(trees=50))
    assert set(scene.colours.values()) == {"green"}
    places = {firm: place for place, firm in enumerate(scene.order, start=1)}
    (hidden,) = (places[firm] for firm, kind in planted.items() if kind == "coal-without-papers")
    assert len(places) == 36 and hidden <= 5
    assert "planted" in scoring.told(scene)[0]
