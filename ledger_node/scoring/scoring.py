"""A quarter's numbers to scores, each with its three largest reasons; and what is needed to do it again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any, Final

from carbonledger import jcs
from carbonledger.errors import Refused
from ledger_node.scoring.features import NAMES, Values
from ledger_node.scoring.groups import LEAST, Group, groups, groups_of

METHOD: Final = "isolation-forest-1"
REASONS: Final = 3


@dataclass(frozen=True, slots=True)
class Parameters:
    """Of the model: seed, number of trees, rows a tree is grown on, where numbers are cut (in standard deviations),
    least subjects of a group. All are ours: no source sets them."""

    seed: int = 20_260_101
    trees: int = 200
    sample: int = 256
    clip: int = 8
    least: int = LEAST


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose quarter: id of its assessment (hex), industry of four digits, its numbers."""

    id: str
    industry: str
    values: Values


@dataclass(frozen=True, slots=True)
class Reason:
    """A feature that makes the score larger: own value and the group's median in millionths; by how many per mille the
    score is smaller with the median in its place."""

    feature: str
    value: int
    median: int
    per_mille: int


@dataclass(frozen=True, slots=True)
class Score:
    """Of one subject: per mille, among how many of which group, and why."""

    id: str
    per_mille: int
    level: str
    industry: str
    peers: int
    reasons: tuple[Reason, ...]

    def to_json(self) -> dict[str, Any]:
        """As it is kept."""
        return {**asdict(self), "reasons": [asdict(reason) for reason in self.reasons]}


@dataclass(frozen=True, slots=True)
class Scoring:
    """All of a quarter. `without` are the subjects whose every group is too small."""

    parameters: Parameters
    versions: dict[str, str]
    data_digest: str
    scores: tuple[Score, ...]
    without: tuple[str, ...]

    def model(self) -> dict[str, Any]:
        """What a repetition needs, and what it must find again."""
        return {
            "data": self.data_digest,
            "features": list(NAMES),
            "method": METHOD,
            "parameters": asdict(self.parameters),
            "scores": sha256(jcs.encode([score.to_json() for score in self.scores])).hexdigest(),
            "versions": self.versions,
        }

    @property
    def id(self) -> str:
        """SHA-256 of `model` (hex)."""
        return sha256(jcs.encode(self.model())).hexdigest()


def digest_of(subjects: Sequence[Subject]) -> str:
    """SHA-256 (hex) of what is trained on, in the order of ids."""
    rows = [[s.id, s.industry, [s.values[name] for name in NAMES]] for s in sorted(subjects, key=lambda s: s.id)]
    return sha256(jcs.encode(rows)).hexdigest()


def score(subjects: Sequence[Subject], parameters: Parameters) -> Scoring:
    """The scores of all whose group is large enough; Refused where the optional packages are not installed."""
    try:
        from ledger_node.scoring import forest
    except ImportError as error:
        raise Refused(
            "scores need packages that are not installed",
            expected="scikit-learn",
            found=str(error)[:200],
            remedy="Install the extra `models` (docs/scores.md); without scores the queue keeps its order by points",
        ) from error
    by_id = {subject.id: subject for subject in subjects}
    industries = {subject.id: subject.industry for subject in subjects}
    whose = groups_of(industries, parameters.least)
    found: list[Score] = []
    for group, members in sorted(groups(industries, parameters.least).items()):
        rows = [[by_id[one].values[name] for name in NAMES] for one in members]
        chosen = {"seed": parameters.seed, "trees": parameters.trees, "sample": parameters.sample}
        fitted = forest.fit(rows, clip=parameters.clip, **chosen)
        if fitted is None:
            continue
        whole, without = fitted.scores(), fitted.without()
        for row, one in enumerate(members):
            if whose[one] == group:
                reasons = _reasons(fitted.columns, fitted.medians, rows[row], whole[row], without[row])
                found.append(Score(one, _per_mille(whole[row]), *group, len(members), reasons))
    found.sort(key=lambda score: score.id)
    alone = sorted(by_id.keys() - {score.id for score in found})
    return Scoring(parameters, forest.versions(), digest_of(subjects), tuple(found), tuple(alone))


def _reasons(
    columns: Sequence[int],
    medians: Sequence[float],
    values: Sequence[int | None],
    whole: float,
    without: Sequence[float],
) -> tuple[Reason, ...]:
    """The three features whose median in place of the own value lowers the score most."""
    found = []
    for column, median, lower in zip(columns, medians, without, strict=True):
        own, share = values[column], _per_mille(whole - lower)
        if own is not None and share > 0:
            found.append(Reason(NAMES[column], own, round(median), share))
    return tuple(sorted(found, key=lambda reason: (-reason.per_mille, reason.feature))[:REASONS])


def _per_mille(share: float) -> int:
    return round(1000 * share)


__all__ = ["Group", "Parameters", "Reason", "Score", "Scoring", "Subject", "digest_of", "score"]
