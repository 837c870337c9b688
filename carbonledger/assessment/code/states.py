"""The state machine of a code: who may do what, when it is due, and that a red code ends only by a clear or a verdict.

    green, grey --open--> opened --explain--> explaining --assign--> inspecting
    inspecting --find-error--> rectifying --clear--> green        (rules run again on corrected data, two signatures)
    inspecting --find-no-fault--> green                           (two signatures)
    inspecting --find-fraud--> confirmed --clear--> green         (after the veto, two signatures)
    green --silence--> grey --resume--> green                     (a red firm stays red: silence is no way out)

A case is never rewritten: each act gives a new case, and the history is the list of acts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import Final, Literal

from carbonledger.assessment.parameters import Parameters
from carbonledger.assessment.working_days import Calendar
from carbonledger.errors import Refused

State = Literal["green", "grey", "opened", "explaining", "inspecting", "rectifying", "confirmed"]
Kind = Literal[
    "open",
    "explain",
    "assign",
    "find-error",
    "find-no-fault",
    "find-fraud",
    "clear",
    "silence",
    "resume",
    "escalate",
]
Role = Literal["assessor", "enterprise", "inspector", "regulator", "verifier"]

RED: Final[tuple[State, ...]] = ("opened", "explaining", "inspecting", "rectifying", "confirmed")
MOVES: Final[dict[tuple[State, Kind], State]] = {
    ("green", "open"): "opened",
    ("grey", "open"): "opened",
    ("opened", "explain"): "explaining",
    ("opened", "assign"): "inspecting",
    ("explaining", "assign"): "inspecting",
    ("inspecting", "find-error"): "rectifying",
    ("inspecting", "find-no-fault"): "green",
    ("inspecting", "find-fraud"): "confirmed",
    ("rectifying", "clear"): "green",
    ("confirmed", "clear"): "green",
    ("green", "silence"): "grey",
    ("grey", "resume"): "green",
}
"""(state, act) -> next state; what is not here is refused. `escalate` keeps the state."""
ROLES: Final[dict[Kind, tuple[Role, ...]]] = {
    "open": ("assessor",),
    "explain": ("enterprise",),
    "assign": ("assessor", "regulator"),
    "find-error": ("inspector",),
    "find-no-fault": ("inspector",),
    "find-fraud": ("inspector",),
    "clear": ("inspector",),
    "silence": ("assessor",),
    "resume": ("assessor",),
    "escalate": ("assessor", "enterprise", "inspector", "regulator", "verifier"),
}
SECOND: Final[tuple[Kind, ...]] = ("find-no-fault", "find-fraud", "clear")
"""Acts that a second person signs, a regulator or a verifier."""
_DAYS: Final[dict[State, str]] = {
    "opened": "explain-days",
    "explaining": "inspect-days",
    "inspecting": "inspect-days",
    "rectifying": "rectify-days",
}


@dataclass(frozen=True, slots=True)
class Actor:
    """A person of a member, acting in a role."""

    person: str
    member: str
    role: Role


@dataclass(frozen=True, slots=True)
class Act:
    """What is done. `evaluation` is the colour of the rules run again (clear, resume); `change` the part of the
    emission that the correction changed; `verified` whether a verifier stated it; `silent_quarters` for silence."""

    kind: Kind
    on: date
    actor: Actor
    second: Actor | None = None
    inspector: str = ""
    evaluation: Literal["", "green", "red", "grey"] = ""
    change: Fraction = Fraction(0)
    verified: bool = False
    silent_quarters: int = 0
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """A subject's code: state, since when, when due (None: nothing is), the inspector, and when a veto ends."""

    subject: str
    state: State
    since: date
    due: date | None = None
    inspector: str = ""
    veto_until: date | None = None
    escalated: bool = False
    reasons: tuple[str, ...] = ()

    @property
    def is_red(self) -> bool:
        """Whether the code shown is red."""
        return self.state in RED

    def overdue(self, on: date) -> bool:
        """Whether the deadline of the state is over."""
        return self.due is not None and on > self.due


def transition(case: Case, act: Act, parameters: Parameters, calendar: Calendar) -> Case:
    """The case after an act; Refused with what was expected for one that is not allowed now, or not by this actor."""
    if act.on < case.since:
        raise Refused("an act before the state began", expected=f"from {case.since}", found=act.on)
    if act.actor.role not in ROLES[act.kind]:
        raise Refused(f"{act.kind} by another role", expected=" or ".join(ROLES[act.kind]), found=act.actor.role)
    if act.kind == "escalate":
        if not case.overdue(act.on) or case.escalated:
            raise Refused("nothing to escalate", expected="a deadline that is over, once", found=f"due {case.due}")
        return replace(case, escalated=True)
    target = MOVES.get((case.state, act.kind))
    if target is None:
        allowed = [kind for state, kind in MOVES if state == case.state]
        raise Refused(f"{act.kind} in state {case.state}", expected=" or ".join(allowed), found=act.kind)
    _check_actor(case, act)
    if act.kind in SECOND:
        _check_second(case, act)
    if act.kind == "find-no-fault" and (hard := [rule for rule in case.reasons if rule.startswith("H")]):
        raise Refused(
            "no fault where a hard rule failed",
            expected="soft rules alone",
            found=", ".join(hard),
            remedy="A hard rule ends by corrected data: find an error, and clear after the rules pass",
        )
    _check_content(case, act, parameters)
    days = _DAYS.get(target)
    return Case(
        subject=case.subject,
        state=target,
        since=act.on,
        due=None if days is None else calendar.after(act.on, int(parameters[days].value)),
        inspector=act.inspector if act.kind == "assign" else case.inspector if target in RED else "",
        veto_until=_veto(act.on, int(parameters["veto-quarters"].value)) if target == "confirmed" else None,
        reasons=act.reasons if act.kind == "open" else case.reasons if target in RED else (),
    )


def _check_actor(case: Case, act: Act) -> None:
    own = act.actor.member == case.subject
    if (act.actor.role == "enterprise") != own:
        expected = case.subject if act.actor.role == "enterprise" else f"another than {case.subject}"
        raise Refused(f"{act.kind} by this member", expected=expected, found=act.actor.member)
    if act.actor.role == "inspector" and act.actor.member != case.inspector:
        raise Refused("not the assigned inspector", expected=case.inspector, found=act.actor.member)


def _check_second(case: Case, act: Act) -> None:
    second = act.second
    if second is None:
        raise Refused("one signature", expected="a second person, regulator or verifier", found="none")
    if second.member == act.actor.member or second.role not in ("regulator", "verifier"):
        raise Refused("not a second person", expected="another member, regulator or verifier", found=second.member)
    if second.member == case.subject:
        raise Refused("the subject signs for itself", expected=f"another than {case.subject}", found=second.member)


def _check_content(case: Case, act: Act, parameters: Parameters) -> None:
    match act.kind:
        case "open":
            if not act.reasons:
                raise Refused("a red code without a reason", expected="ids of the rules", found="none")
        case "assign":
            if act.inspector in ("", case.subject):
                raise Refused("not an inspector", expected=f"a member other than {case.subject}", found=act.inspector)
            if case.state == "opened" and not case.overdue(act.on):
                raise Refused("the explanation is not due yet", expected=f"after {case.due}", found=act.on)
        case "clear":
            if act.evaluation != "green":
                raise Refused(
                    "a clear without a green run of the rules", expected="green", found=act.evaluation or "none"
                )
            if act.change > parameters["clear-change"].value and not act.verified:
                raise Refused(
                    "a large correction without a verifier's statement", expected="verified", found="not verified"
                )
            if case.veto_until is not None and act.on < case.veto_until:
                raise Refused("the veto is in force", expected=f"from {case.veto_until}", found=act.on)
        case "resume":
            if act.evaluation != "green":
                raise Refused("not green", expected="green", found=act.evaluation or "none")
        case "silence":
            least = int(parameters["silent-quarters"].value)
            if act.silent_quarters < least:
                raise Refused("too short a silence", expected=f"{least} quarters", found=act.silent_quarters)
        case "explain" | "find-error" | "find-no-fault" | "find-fraud" | "escalate":
            return


def _veto(on: date, quarters: int) -> date:
    """First day of the quarter after `quarters` whole ones that follow the day's own."""
    number = 4 * on.year + (on.month - 1) // 3 + quarters + 1
    return date(number // 4, 3 * (number % 4) + 1, 1)
