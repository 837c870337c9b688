"""Codes and grades in the words of the contracts' tests: sets published, quarters filed, a red code on its way out."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from carbonledger import records
from carbonledger.acts import Act, Signed
from carbonledger.assessment import filing, library, on_chain
from carbonledger.assessment.filing import CodeItem, GradeItem
from ledger_node.chain.bindings import code_registry, structs

ZERO: Final = bytes(32)
NOBODY: Final = Signed(bytes(20), b"")
SECRET: Final = hashlib.sha256(b"secret of the lot").digest()
GREEN, RED, GREY = 1, 2, 3
(CODE_RULES,) = library.code_rules()
SCHEMES = {scheme.head.key: scheme for scheme in library.schemes()}
DAY: Final = 86_400


def china(year: int, month: int, day: int = 1, hour: int = 0) -> int:
    return int((datetime(year, month, day, hour, tzinfo=UTC) - timedelta(hours=8)).timestamp())


def sha(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


class Codes:
    """The world of the contracts' tests, and the acts of codes and grades in its words."""

    def __init__(self, world: Any, time: int = china(2026, 7, 6, 10)) -> None:  # a Monday
        self.world = world
        world.chain.time = time
        self.candidates = [world["bank"].id, world["verifier"].id]

    # acts

    def publish(self, one: on_chain.Set, **changes: Any) -> Act:
        act: Act = self.world.act(
            "AssessmentPublication", **{"setId": one.id, "formDigest": on_chain.form_digest(one)} | changes
        )
        self.world.relay(act, one.json(), self.form(one), self.world.quorum(act))
        return act

    @staticmethod
    def form(one: on_chain.Set) -> structs.AssessmentForm:
        return structs.AssessmentForm.from_abi(on_chain.form(one))

    def rules(self) -> None:
        self.publish(CODE_RULES)

    def item(self, colour: int = GREEN, reasons: tuple[str, ...] = (), **changes: Any) -> CodeItem:
        red = colour == RED
        found = CodeItem(
            member=self.world["enterprise"].id,
            project=ZERO,
            revision=1,
            colour=colour,
            points=0,
            reasons=filing.reasons_mask(reasons or (("S01", "S03") if red else ())),
            inputs_digest=sha("inputs"),
            explain_digest=sha("explained"),
            statistics_digest=ZERO,
            lot=filing.lot(SECRET) if red else ZERO,
            candidates_digest=filing.candidates_digest(self.candidates) if red else ZERO,
        )
        return replace(found, **changes)

    def list_of(self, *items: CodeItem, year: int = 2026, quarter: int = 2, **changes: Any) -> Act:
        values = {"assessor": self.world["regulator 0"].id, "ruleSetId": CODE_RULES.id}
        values |= {"itemsDigest": filing.items_digest(items), "year": year, "quarter": quarter}
        act: Act = self.world.act("CodeList", **values | changes)
        return act

    def file(self, *items: CodeItem, **changes: Any) -> Any:
        act = self.list_of(*items, **changes)
        return self.relay_list(act, items)

    def relay_list(self, act: Act, items: Any, by: str = "regulator 0") -> Any:
        taken = [structs.CodeItem(*item.values()) for item in items]
        return self.world.relay(act, taken, self.world.sign(act, self.world[by]))

    def red(self, *reasons: str, **changes: Any) -> bytes:
        """Opens a red code of 2026Q2; the case's id."""
        item = self.item(RED, reasons, **changes)
        self.file(item)
        return records.assessment_id(item.member, item.project, 2026, 2, item.revision)

    def member_act(self, type_name: str, who: str, field: str, *more: Any, **values: Any) -> Act:
        act: Act = self.world.act(type_name, **{field: self.world[who].id} | values)
        self.world.relay(act, *more, self.world.sign(act, self.world[who]))
        return act

    def explain(self, case: bytes, who: str = "enterprise") -> Act:
        return self.member_act("Explanation", who, "member", caseId=case, digest=sha("we changed the meter"))

    def assign(self, case: bytes, **changes: Any) -> Act:
        values = {"caseId": case, "secret": SECRET} | changes
        return self.member_act("Assignment", "regulator 0", "assessor", self.candidates, **values)

    def inspector(self, case: bytes) -> str:
        found = self.inspection(case).inspector
        return next(name for name in ("bank", "verifier") if self.world[name].id == found)

    def find(self, case: bytes, outcome: int, second: str | None = None, **changes: Any) -> Act:
        inspector = changes.pop("inspector", None) or self.inspector(case)
        values = {"caseId": case, "inspector": self.world[inspector].id, "outcome": outcome, "digest": sha("found")}
        values["second"] = self.world[second].id if second else ZERO
        act: Act = self.world.act("Finding", **values | changes)
        by = self.world.sign(act, self.world[second]) if second else NOBODY
        self.world.relay(act, self.world.sign(act, self.world[inspector]), by)
        return act

    def clear(self, case: bytes, rerun: bytes, second: str = "regulator 1", verifier: str = "", **more: Any) -> Act:
        inspector = self.inspector(case)
        values = {"caseId": case, "inspector": self.world[inspector].id, "second": self.world[second].id}
        values |= {"rerun": rerun, "changePpm": 0, "digest": sha("cleared")}
        values["verifier"] = self.world[verifier].id if verifier else ZERO
        act: Act = self.world.act("Clearance", **values | more)
        third = self.world.sign(act, self.world[verifier]) if verifier else NOBODY
        signed = [self.world.sign(act, self.world[name]) for name in (inspector, second)]
        self.world.relay(act, *signed, third)
        return act

    def escalate(self, case: bytes) -> Any:
        return self.world.chain.send(self.world.address("CodeRegistry"), code_registry.encode_escalate(case))

    # statistics and grades

    def statistics(self, digest: bytes, year: int = 2026, quarter: int = 2, **changes: Any) -> Act:
        values = {"industry": b"2511".ljust(32, b"\0"), "level": 1, "year": year, "quarter": quarter}
        values |= {"revision": 1, "peers": 21, "digest": digest}
        return self.member_act("PeerStatement", "regulator 0", "assessor", **values | changes)

    def grade_item(self, grade: int, reached: int, score: int, **changes: Any) -> GradeItem:
        found = GradeItem(
            self.world["enterprise"].id, ZERO, 1, grade, reached, score, sha("inputs"), sha("explained"), ZERO
        )
        return replace(found, **changes)

    def file_grades(
        self, *items: GradeItem, scheme: str = "gcg-1", year: int = 2026, quarter: int = 2, **changes: Any
    ) -> Any:
        values = {"assessor": self.world["regulator 0"].id, "schemeId": SCHEMES[scheme].id}
        values |= {"itemsDigest": filing.items_digest(items), "year": year, "quarter": quarter}
        act = self.world.act("GradeList", **values | changes)
        taken = [structs.GradeItem(*item.values()) for item in items]
        return self.world.relay(act, taken, self.world.sign(act, self.world["regulator 0"]))

    # what is there

    def code(self, project: bytes = ZERO) -> Any:
        return self.world.ask("CodeRegistry", "code_of", self.world["enterprise"].id, project)

    def inspection(self, case: bytes) -> Any:
        return self.world.ask("CodeRegistry", "inspection_of", case)

    def rerun_id(self, revision: int, year: int = 2026, quarter: int = 2) -> bytes:
        return records.assessment_id(self.world["enterprise"].id, ZERO, year, quarter, revision)
