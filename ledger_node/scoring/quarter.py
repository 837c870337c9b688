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
from ledger_node.queries.scores import NewScore
from ledger_node.scoring.features import features
from ledger_node.scoring.scoring import Parameters, Scoring, Subject, score

AT_ONCE: Final = 50
"""Documents read in one step."""


class Quarter:
    """`step` until it says that it is done; what was killed begins anew and ends with the same scores."""

    def __init__(self, engine: Engine, period: int, parameters: Parameters, now: int) -> None:
        """Unknown where no run of the quarter (4 · year + quarter − 1) is done."""
        self._engine = engine
        self._period = period
        self._parameters = parameters
        self._now = now
        with engine.connect() as connection:
            done = [run for run in kept.runs(connection, period) if run.state == "done"]
            if not done:
                raise Unknown(
                    "codes to be scored", expected="a run of the quarter that is done", found="none",
                    remedy="Assess the quarter first",
                )  # fmt: skip
            self.run = done[-1].id
            self._figures = inputs.figures_of_quarter(connection, period, int(done[-1].content["upto"]))
        self._subjects: list[Subject] = []
        self._members: dict[str, str] = {}
        self._after = ""
        self.scoring: Scoring | None = None
        self.new = False

    def work(self) -> Scoring:
        """All steps."""
        while self.step():
            pass
        assert self.scoring is not None
        return self.scoring

    def step(self) -> bool:
        """Read some documents, or, once all are read, score and keep; False when done."""
        if self.scoring is not None:
            return False
        if not self._read():
            self.scoring = score(self._subjects, self._parameters)
            self._keep(self.scoring)
        return True

    def differences(self) -> list[str]:
        """Assessments whose kept score is another than the one made here, of the last model of this quarter and run."""
        assert self.scoring is not None
        with self._engine.connect() as connection:
            model = scores.latest_model(connection, self._period)
            there = {} if model is None else {row.id: dict(row.content) for row in scores.of_model(connection, model.number)}
        mine = {one.id: one.to_json() for one in self.scoring.scores}
        return sorted(one for one in {*mine, *there} if mine.get(one) != there.get(one))

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

    def _keep(self, scoring: Scoring) -> None:
        rows = [NewScore(one.id, self._members[one.id], one.per_mille, one.to_json()) for one in scoring.scores]
        with self._engine.begin() as connection:
            self.new = scores.keep(
                connection, scoring.id, self.run, self._period, scoring.model(), rows, self._now
            )
