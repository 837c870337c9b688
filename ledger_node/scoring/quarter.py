"""The scores of a quarter that was assessed: from what its last finished run kept, and kept beside it.

It reads the judged documents; it comes when the codes are filed, and files nothing.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Engine

from carbonledger.errors import Unknown
from ledger_node.assessment import inputs, kept
from ledger_node.assessment.inputs import ITSELF
from ledger_node.queries import scores
from ledger_node.queries.scores import ModelRow, NewScore
from ledger_node.scoring.features import features
from ledger_node.scoring.scoring import Parameters, Scoring, Subject, score

AT_ONCE: Final = 50
"""Documents read in one step."""


class Quarter:
    """`step` until it says that it is done, then `keep`; what was killed begins anew and ends with the same scores."""

    def __init__(self, engine: Engine, period: int, parameters: Parameters, run: str | None = None) -> None:
        """Of a run of the quarter (4 · year + quarter − 1); if none is named the last done that was of all members,
        not of those alone that corrected something. Unknown for none."""
        self._engine = engine
        self._period = period
        self._parameters = parameters
        with engine.connect() as connection:
            done = [
                one
                for one in kept.runs(connection, period)
                if one.state == "done" and (one.id == run if run is not None else "members" not in one.content)
            ]
            if not done:
                raise Unknown(
                    "codes to be scored", expected="a run of the quarter that is done", found=run or "none",
                    remedy="Assess the quarter first",
                )  # fmt: skip
            self.run = done[-1].id
            self._figures = inputs.figures_of_quarter(connection, period, int(done[-1].content["upto"]))
        self._subjects: list[Subject] = []
        self._members: dict[str, str] = {}
        self._after = ""
        self._scoring: Scoring | None = None

    def step(self) -> bool:
        """Read some documents, or, once all are read, score; False when that is done."""
        if self._scoring is not None:
            return False
        if not self._read():
            self._scoring = score(self._subjects, self._parameters)
        return True

    def work(self) -> Scoring:
        """All steps."""
        while self.step():
            pass
        assert self._scoring is not None
        return self._scoring

    def keep(self, now: int) -> bool:
        """Keep the scores; False where they are there already."""
        scoring = self.work()
        rows = [NewScore(one.id, self._members[one.id], one.per_mille, one.to_json()) for one in scoring.scores]
        with self._engine.begin() as connection:
            return scores.keep(connection, scoring.id, self.run, self._period, scoring.model(), rows, now)

    def _read(self) -> bool:
        """The next documents; False if there are none. A member without figures has no industry, and no peers."""
        with self._engine.connect() as connection:
            found = kept.made_after(connection, self.run, kept.CODE, self._after, AT_ONCE)
        for made in found:
            self._after = made.id
            own = self._figures.get(made.member)
            if made.project == ITSELF and own is not None:
                quality = own.data_quality if "data_quality" in own.given else None
                values = features(made.inputs, made.explained, quality)
                self._subjects.append(Subject(made.id, own.industry, values))
                self._members[made.id] = made.member
        return bool(found)


def repeat(engine: Engine, model: ModelRow) -> list[str]:
    """Score again as a kept model did, from what is kept now: what differs, in words; nothing where all is the same."""
    again = Quarter(engine, model.period, Parameters(**model.content["parameters"]), model.run).work()
    mine, theirs = again.model(), model.content
    found = [f"{name}: expected {theirs[name]}, found {mine[name]}" for name in mine if mine[name] != theirs[name]]
    with engine.connect() as connection:
        there = {row.id: row.per_mille for row in scores.of_model(connection, model.number)}
    here = {one.id: one.per_mille for one in again.scores}
    return found + [
        f"score of {one}: expected {there.get(one)}, found {here.get(one)}"
        for one in sorted({*there, *here})
        if there.get(one) != here.get(one)
    ]
