"""Documents about codes, grades and statistics. Ids and digests are hex, times RFC 3339 in UTC."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from api.schemas import Document

State = Literal["green", "grey", "opened", "explaining", "inspecting", "rectifying", "confirmed"]
Colour = Literal["green", "red", "grey"]


class Quarter(Document):
    """A quarter at UTC+08:00."""

    year: int
    quarter: int = Field(ge=1, le=4)


class Inspection(Document):
    """The way of a red code: who did what when; its id is that of the assessment that opened it."""

    id: str
    member: str
    project: str | None
    period: Quarter
    rule_set: str
    reasons: list[str] = Field(examples=[["H01"]])
    opened_at: str
    explanation: str | None
    explained_at: str | None
    inspector: str | None
    assigned_at: str | None
    finding: Literal["error", "no-fault", "fraud"] | None
    second: str | None
    found_at: str | None
    rerun: str | None
    change_ppm: int
    cleared_at: str | None
    escalations: int


class Assessment(Document):
    """One run of the rules over a subject and a quarter; another run is the next revision."""

    id: str
    member: str
    project: str | None
    period: Quarter
    revision: int
    rule_set: str
    colour: Colour
    points: int
    reasons: list[str]
    inputs_digest: str
    explain_digest: str
    statistics_digest: str | None
    assessor: str
    assessed_at: str
    explained: str = Field(description="Where the explain record is, for whoever may read it")


class Code(Document):
    """How a subject stands: its colour, the state of a red one, and until when."""

    member: str
    project: str | None
    colour: Colour
    state: State
    since: str
    due: str | None = Field(description="First instant after the deadline")
    overdue: bool
    escalated: bool
    veto_until: str | None
    period: Quarter
    latest: Assessment | None
    inspection: Inspection | None


class Reason(Document):
    """Why a score is large: a feature, its number and the usual one of the peers in millionths, and its share."""

    feature: str
    value: int
    median: int
    per_mille: int = Field(description="By how much the score is smaller with the usual number in its place")
    text: dict[str, str] = Field(description="The same as a sentence: `en`, `zh`")


class Score(Document):
    """A model's score of an assessment: it says whom to look at first, and decides nothing."""

    per_mille: int = Field(ge=0, le=1000, description="500 is like anybody")
    assessment: str
    level: Literal["4-digit", "3-digit", "2-digit", "all"] = Field(description="Of the industry compared with")
    industry: str
    peers: int
    reasons: list[Reason] = Field(description="The three largest")


class QueueItem(Document):
    """An open red code in the inspectors' queue; score and points order it and decide nothing."""

    code: Code
    points: int
    score: Score | None = Field(description="Where models are in use, and the peers are enough")


class SpotCheck(Document):
    """A subject without a red code that an inspector may visit by choice: nothing was found against it."""

    code: Code
    score: Score


class ScoreModel(Document):
    """What made the scores of a quarter; with the kept documents anybody who has them can repeat it."""

    id: str
    period: Quarter
    run: str
    made_at: str
    content: dict[str, Any]


class SpotChecks(Document):
    """The largest scores of the quarter scored last, red codes left out; no model, no list."""

    model: ScoreModel | None
    items: list[SpotCheck]


class Grade(Document):
    """A grade of a quarter under a scheme; `suspended` while the code is red."""

    id: str
    member: str
    project: str | None
    scheme: str = Field(description="Key of the scheme")
    scheme_id: str
    period: Quarter
    revision: int
    grade: str
    reached: str
    score: str | None
    suspended: bool
    veto_until: str | None
    inputs_digest: str
    explain_digest: str
    statistics_digest: str | None
    assessor: str
    graded_at: str
    explained: str


class Statistics(Document):
    """A published statement of peers: its digest on the chain, and the document where this node has it."""

    id: str
    industry: str
    level: Literal["4-digit", "3-digit", "2-digit", "all"]
    period: Quarter
    revision: int
    peers: int
    digest: str
    assessor: str
    published_at: str
    document: dict[str, Any] | None


class Explained(Document):
    """An explain record with what was judged, and the salt by which both are committed to on the chain."""

    id: str
    kind: Literal["code", "grade"]
    salt: str
    inputs: dict[str, Any]
    explained: dict[str, Any]


class AssessmentSet(Document):
    """A published rule set of the code, or grade scheme."""

    id: str
    key: str
    kind: Literal["code", "grade"]
    status: str
    valid_from: str
    valid_to: str | None
    document: str = Field(description="Where its canonical JSON is")


class Taken(Document):
    """What the assessor was given: how many sections, how many of them new."""

    taken: int
    new: int


class AssessmentRun(Document):
    """A quarter that was asked to be assessed, and how far that is."""

    quarter: str = Field(examples=["2026Q2"])
    number: int = Field(description="Of the quarter's, from 1")
    as_of: str = Field(description="Day of the judgment")
    code: str = Field(description="Key of the rule set of the code")
    schemes: list[str] = Field(description="Keys of the schemes of grades")
    bundles: bool = Field(description="Whether a bundle is made of each code and grade")
    scores: bool = Field(description="Whether the codes are scored once they are filed")
    asked_by: str
    state: Literal["waiting", "running", "done", "dead"] = Field(
        description="`dead`: given up, ask anew once the reason in `error` is removed"
    )
    error: str | None = Field(description="Of the last attempt that failed")
    attempts: int
    run: str | None = Field(description="Id of the run, once it was opened")
    stage: Literal["statistics", "publish", "codes", "file-codes", "grades", "file-grades", "done"] | None
    made: dict[str, int] = Field(description="Documents made so far: `code`, `grade`, `statistics`")
