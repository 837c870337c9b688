"""The state machine in Python and the one on the chain take and refuse the same acts, and end in the same states."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carbonledger import records
from carbonledger.assessment import on_chain
from carbonledger.assessment.code.states import Act, Actor, Case, transition
from carbonledger.assessment.filing import STATES
from carbonledger.assessment.working_days import Calendar
from carbonledger.errors import Refused
from tests.support.codes import CODE_RULES, DAY, GREEN, RED, Codes, sha

STEPS = (
    *("open soft", "open hard", "explain", "explain by a rival", "assign", "find error", "find no fault"),
    *("find no fault alone", "find fraud", "clear", "clear without a run", "clear alone", "escalate"),
)
ASSESSOR = Actor("a", "regulator", "assessor")
FIRM, RIVAL = Actor("f", "firm", "enterprise"), Actor("r", "rival", "enterprise")
INSPECTOR = Actor("i", "bank", "inspector")
SECOND = Actor("s", "regulator", "regulator")


class Both:
    """One case by Python and by the contract."""

    def __init__(self, world: Any, reverted: Any) -> None:
        self.codes = Codes(world)
        self.codes.candidates = [world["bank"].id]
        self.reverted = reverted
        self.codes.rules()
        self.codes.file(self.codes.item(GREEN))
        self.case = Case("firm", "green", self.today)
        self.id = records.ZERO32
        self.revision = 1

    @property
    def today(self) -> Any:
        return on_chain.day_of(self.codes.world.chain.time)

    def twin(self, kind: Any, actor: Actor, **more: Any) -> bool:
        try:
            act = Act(kind, self.today, actor, **more)
            self.case = transition(self.case, act, CODE_RULES.states, Calendar())
        except Refused:
            return False
        return True

    def chain(self, do: Any) -> bool:
        mark = self.codes.world.chain.snapshot()
        try:
            do()
        except self.reverted:
            self.codes.world.chain.revert(mark)
            return False
        return True

    def step(self, name: str) -> None:
        taken = getattr(self, name.split()[0])(name)
        assert taken[0] == taken[1], f"{name} in {self.case}: Python {taken[0]}, the chain {taken[1]}"
        code = self.codes.code()
        assert STATES[code.state - 1] == self.case.state
        due = 0 if self.case.due is None else on_chain.start_of(self.case.due) + DAY
        veto = 0 if self.case.veto_until is None else on_chain.start_of(self.case.veto_until)
        assert (code.due, code.escalated, code.vetoUntil) == (due, self.case.escalated, veto)

    def open(self, name: str) -> tuple[bool, bool]:
        """Another red run of a red code changes nothing: Python has no such act, so it is not made."""
        if self.case.is_red:
            return True, True
        reasons = ("H04",) if name == "open hard" else (f"S{self.revision % 9 + 1:02d}",)
        self.revision += 1
        self.codes.file(self.codes.item(RED, reasons, revision=self.revision))
        self.id = self.codes.rerun_id(self.revision)
        return self.twin("open", ASSESSOR, reasons=reasons), True

    def explain(self, name: str) -> tuple[bool, bool]:
        rival = name.endswith("rival")
        taken = self.twin("explain", RIVAL if rival else FIRM)
        return taken, self.chain(lambda: self.codes.explain(self.id, "rival" if rival else "enterprise"))

    def assign(self, _: str) -> tuple[bool, bool]:
        return self.twin("assign", ASSESSOR, inspector="bank"), self.chain(lambda: self.codes.assign(self.id))

    def find(self, name: str) -> tuple[bool, bool]:
        kind, outcome = {"find error": ("find-error", 1), "find fraud": ("find-fraud", 3)}.get(
            name, ("find-no-fault", 2)
        )
        second = None if outcome == 1 or name.endswith("alone") else "regulator 1"
        taken = self.twin(kind, INSPECTOR, second=SECOND if second else None)
        return taken, self.chain(lambda: self.codes.find(self.id, outcome, second, inspector="bank"))

    def clear(self, name: str) -> tuple[bool, bool]:
        run = name != "clear without a run" and self.case.is_red
        if run:
            self.revision += 1
            self.codes.file(self.codes.item(GREEN, revision=self.revision))
        alone = name.endswith("alone")
        # a green run of before counts as well, as long as it came after the finding
        green = "green" if run or self._ran() else ""
        taken = self.twin("clear", INSPECTOR, second=INSPECTOR if alone else SECOND, evaluation=green)
        second = "bank" if alone else "regulator 1"
        rerun = self.codes.rerun_id(self.revision)
        return taken, self.chain(lambda: self._clear(rerun, second))

    def _clear(self, rerun: bytes, second: str) -> None:
        world = self.codes.world
        values = {"caseId": self.id, "inspector": world["bank"].id, "second": world[second].id, "rerun": rerun}
        act = world.act("Clearance", changePpm=0, digest=sha("cleared"), verifier=records.ZERO32, **values)
        signed = [world.sign(act, world[name]) for name in ("bank", second)]
        world.relay(act, *signed, signed[0])

    def _ran(self) -> bool:
        _, colour, _ = self.codes.world.ask(
            "CodeRegistry", "quarter_of", self.codes.world["enterprise"].id, records.ZERO32, 2026, 2
        )
        return bool(colour == GREEN)

    def escalate(self, _: str) -> tuple[bool, bool]:
        return self.twin("escalate", SECOND), self.chain(lambda: self.codes.escalate(self.id))


@pytest.mark.parametrize("part", range(3))
@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 12)), min_size=5, max_size=14))
def test_python_and_solidity_agree_on_any_sequence(
    world: Any, reverted: Any, part: int, steps: list[tuple[str, int]]
) -> None:
    mark = world.chain.snapshot()
    try:
        both = Both(world, reverted)
        # a course that leads far, cut short at another place each time, before the random acts
        course = ("open soft", "explain", "assign", "find error") if part == 1 else ("open hard", "explain", "assign")
        for name in course if part else ():
            both.step(name)
        for name, days in steps:
            world.chain.time += days * DAY
            both.step(name)
    finally:
        world.chain.revert(mark)


def test_python_and_solidity_agree_on_a_whole_course(world: Any, reverted: Any) -> None:
    both = Both(world, reverted)
    for name in ("open soft", "explain", "assign", "find no fault", "open hard", "explain", "assign", "find no fault"):
        both.step(name)
    assert both.case.state == "inspecting"  # a hard rule is not set aside
    for name in ("find fraud", "clear"):
        both.step(name)
    assert both.case.state == "confirmed"
    assert both.case.veto_until is not None
    world.chain.time = on_chain.start_of(both.case.veto_until)
    both.step("clear")
    assert both.case.state == "green"
    assert replace(both.case, since=both.today).veto_until is None
