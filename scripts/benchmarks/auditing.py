"""Replay of the audit package of a year of quarter hours, everything derived again, against bare verification."""

from __future__ import annotations

from carbonledger import entry
from carbonledger.entry import Evidence
from carbonledger.errors import Invalid
from carbonledger.replay import replay
from scripts.benchmarks import limits
from scripts.benchmarks.bundles import PER_MONTH
from scripts.benchmarks.measure import between, rate
from scripts.benchmarks.readings import ENVELOPE
from scripts.benchmarks.result import Measured, Run
from tests.support.world import LIKE_A_YEAR, World

ROUNDS = 9
CHECKS = 6_000


def single(run: Run) -> Measured:
    """Every reading has its own signature."""
    return _replay(run, 1)


def envelope(run: Run) -> Measured:
    """Fifteen readings share one signature."""
    return _replay(run, ENVELOPE)


def _replay(run: Run, batch: int) -> Measured:
    """Entries replayed per CPU second, against bare verifications of the same kind of reading per CPU second."""
    run.say("making a year of quarter hours, its report and its audit package")
    world = World(per_month=PER_MONTH, batch=batch, noise=LIKE_A_YEAR, anchors_a_month=30)
    package, policy, size = world.package(), world.policy, world.size
    checks = _checks(world if batch == 1 else World(per_month=PER_MONTH))

    def replay_year() -> None:
        found = replay([package], policy)
        if found.verdict != "VALID":
            raise Invalid("verdict of the replay", expected="VALID", found=found.verdict)

    return between(
        lambda: rate(len(checks), lambda: limits.verify_all(checks)),
        lambda _: rate(size, replay_year),
        ROUNDS,
        run.say,
    )


def _checks(world: World) -> list[limits.Check]:
    public = world.meter_key(world.meters[0]).public
    found: list[limits.Check] = []
    for row in world.rows:
        evidence = Evidence.parse(row.evidence)
        if evidence.key_short_id == public.short_id and len(found) < CHECKS:
            found.append((evidence.signature + entry.READING_PREFIX + row.body, public.data))
    return found
