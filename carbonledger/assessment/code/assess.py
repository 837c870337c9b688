"""From an assessment document to a code: green, red or grey, with every rule's explanation. One pure function.

Red: a hard rule failed, or the deciding soft rules gave enough points from enough families. Grey: not red, but nothing
was received in the quarter, or what was not answered could make it red: silence is never green. Else green, with a
note where there are points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from carbonledger import jcs
from carbonledger.accounting import inputs
from carbonledger.accounting.inputs import Node
from carbonledger.assessment import rational
from carbonledger.assessment.code import document as documents
from carbonledger.assessment.code.document import Document, Suppression
from carbonledger.assessment.code.outcome import Outcome
from carbonledger.assessment.code.rule_set import CodeRules, Rule
from carbonledger.assessment.parameters import Title, bilingual
from carbonledger.assessment.sets import find

Colour = Literal["green", "red", "grey"]


@dataclass(frozen=True, slots=True)
class Judged:
    """A rule and what it found; `suppressed` where an inspection set its points aside."""

    rule: Rule
    outcome: Outcome
    suppressed: Suppression | None

    @property
    def status(self) -> str:
        """Its word in the result."""
        return "suppressed" if self.suppressed and self.outcome.verdict == "points" else self.outcome.verdict

    @property
    def points(self) -> int:
        """The points that count."""
        return 0 if self.suppressed else self.outcome.points

    def to_json(self) -> dict[str, Any]:
        """As in the result."""
        rule = self.rule
        return {
            "explanation": bilingual(explanation(self)),
            "family": rule.family,
            "formula": rule.formula,
            "id": rule.id,
            "kind": "hard" if rule.is_hard else "soft",
            "measures": [measure.to_json() for measure in self.outcome.measures],
            "points": self.points,
            "printed": rule.printed,
            "status": self.status,
            "thresholds": [parameter.to_json() for parameter in rule.parameters.values()],
            "title": bilingual(rule.title),
        }


@dataclass(frozen=True, slots=True)
class Warned:
    """Something a reader should know: a closed word and a sentence in both languages."""

    code: str
    text: Title

    def to_json(self) -> dict[str, Any]:
        """As in the result."""
        return {"code": self.code, "text": bilingual(self.text)}


@dataclass(frozen=True, slots=True)
class CodeResult:
    """A code. `points` of deciding rules; `queue_points` of the others, for the inspector's queue only."""

    rules: CodeRules
    document: Document
    colour: Colour
    judged: tuple[Judged, ...]
    points: int
    queue_points: int
    families: tuple[str, ...]
    reasons: tuple[str, ...]
    silent: tuple[str, ...]
    because: Title
    warnings: tuple[Warned, ...]

    def to_json(self) -> dict[str, Any]:
        """The result as a JSON value of the canonical domain."""
        document = self.document
        return {
            "as_of": document.as_of.isoformat(),
            "because": bilingual(self.because),
            "colour": self.colour,
            "decision": {
                "families": list(self.families),
                "points": self.points,
                "queue_points": self.queue_points,
                "thresholds": [parameter.to_json() for parameter in self.rules.decision.values()],
            },
            "note": self.colour == "green" and self.points + self.queue_points > 0,
            "period": {"quarter": document.quarter, "year": document.year},
            "reasons": list(self.reasons),
            "rule_set": self.rules.head.summary(self.rules.id),
            "rules": [judged.to_json() for judged in self.judged],
            "silent": list(self.silent),
            "subject": {"id": document.subject, "kind": document.subject_kind},
            "v": 1,
            "warnings": [warned.to_json() for warned in self.warnings],
        }

    def json(self) -> bytes:
        """Canonical JSON."""
        return jcs.encode(self.to_json())


def assess(document: bytes | Node, sets: Sequence[CodeRules]) -> CodeResult:
    """The code of a document (its JSON bytes, or the parsed node) under the rule set it names, one of `sets`.

    MalformedInput and RefusedInput carry the JSON path in the document.
    """
    node = document if isinstance(document, Node) else inputs.parse(document)
    parsed = documents.parse(node)
    named = node.fields(documents.HEAD, documents.OPTIONAL)["rule_set"]
    rules = find(named, sets)
    if not rules.head.holds(parsed.as_of):
        raise named.refused("the rule set does not hold on the day of the assessment", _validity(rules))
    suppressed = _suppressions(node, parsed, rules)
    judged = tuple(
        Judged(rule, rule.check.run(parsed, rule.parameters), suppressed.get(rule.id))
        for rule in rules.rules
        if parsed.subject_kind in rule.applies
    )
    return _decide(rules, parsed, judged)


def _decide(rules: CodeRules, document: Document, judged: tuple[Judged, ...]) -> CodeResult:
    limit, wanted = (int(rules.decision[name].value) for name in ("points", "families"))
    failed = [j for j in judged if j.outcome.verdict == "failed"]
    giving = [j for j in judged if j.rule.decides and not j.rule.is_hard and j.points]
    points = sum(j.points for j in giving)
    families = {j.rule.family for j in giving}
    queue = sum(j.points for j in judged if not j.rule.decides)
    silent = [j for j in judged if j.rule.decides and j.outcome.verdict == "silent"]
    soft_red = points >= limit and len(families) >= wanted
    # The worst that the unanswered questions could still bring
    possible = points + sum(j.rule.most_points for j in silent)
    possible_families = families | {j.rule.family for j in silent if not j.rule.is_hard}
    open_question = any(j.rule.is_hard for j in silent) or (possible >= limit and len(possible_families) >= wanted)
    nothing = _nothing_received(document)
    colour: Colour
    if failed or soft_red:
        colour = "red"
        reasons = tuple(j.rule.id for j in judged if j in failed or (soft_red and j in giving))
        because = (
            ("a hard rule failed", "触发硬性规则")
            if failed
            else (f"{points} points from {len(families)} families", f"软性规则 {points} 分,涉及 {len(families)} 类")
        )
    elif nothing:
        colour, reasons = "grey", ()
        because = ("no data of the quarter was received", "本季度未收到数据")
    elif open_question:
        colour, reasons = "grey", tuple(j.rule.id for j in silent)
        because = ("what was not given could make it red", "缺少数据,尚不能排除红码")
    else:
        colour, reasons = "green", ()
        because = ("no hard rule failed, and the points are below the limit", "未触发硬性规则,软性分值低于阈值")
    return CodeResult(
        rules=rules,
        document=document,
        colour=colour,
        judged=judged,
        points=points,
        queue_points=min(queue, int(rules.decision["queue-points"].value)),
        families=tuple(sorted(families)),
        reasons=reasons,
        silent=tuple(j.rule.id for j in judged if j.outcome.verdict == "silent"),
        because=because,
        warnings=_warnings(rules, document),
    )


def _nothing_received(document: Document) -> bool:
    if document.filings is None:
        return False  # then H01 is silent, and silence is grey
    months = [m for m in document.filings.months if m.month > document.last_month - 3]
    return all(month.received is None for month in months)


def _suppressions(node: Node, document: Document, rules: CodeRules) -> dict[str, Suppression]:
    soft = [rule.id for rule in rules.rules if not rule.is_hard]
    found: dict[str, Suppression] = {}
    for suppression in document.suppressions:
        if suppression.rule not in soft or suppression.rule in found:
            raise inputs.RefusedInput(
                inputs.member(suppression.path, "rule"),
                "a rule that cannot be set aside here",
                expected="a soft rule, each once: " + ", ".join(soft),
                found=suppression.rule,
                remedy="A hard rule passes on corrected data only: file a new version",
            )
        found[suppression.rule] = suppression
    return found


def explanation(judged: Judged) -> Title:
    """What the rule found, as a sentence to print on the code, in English and Chinese."""
    outcome, rule = judged.outcome, judged.rule
    if outcome.verdict == "silent":
        return f"Not evaluated: {outcome.need} was not given.", f"未评估:未提供 {outcome.need}。"
    if outcome.verdict == "insufficient":
        return f"Not evaluated: it needs {outcome.need}.", f"未评估:数据不足(需要:{outcome.need})。"
    breached = [measure for measure in outcome.measures if measure.breached]
    if not breached:
        return "Checked, nothing found.", "已检查,未发现问题。"
    first = breached[0]
    values = dict(first.inputs)
    values["value"] = "-" if first.value is None else rational.text(first.value)
    values["threshold"] = "-" if first.threshold is None else rational.text(first.threshold.value)
    texts = [_filled(template, values) for template in rule.explain]
    if len(breached) > 1:
        texts = [texts[0] + f" And {len(breached) - 1} more.", texts[1] + f"另有 {len(breached) - 1} 处。"]
    if judged.suppressed:
        reason = judged.suppressed.reason
        texts = [texts[0] + f" Set aside after inspection: {reason}", texts[1] + f"核查后不计分:{reason}"]
    return texts[0], texts[1]


def _filled(template: str, values: dict[str, str]) -> str:
    """Each {word} replaced by its value, "-" where this measure has none; a value is never read as a template."""
    pieces = template.split("{")
    out = [pieces[0]]
    for piece in pieces[1:]:
        word, _, rest = piece.partition("}")
        out.append(values.get(word, "-") + rest)
    return "".join(out)


_STATUS: Final[dict[str, Title]] = {
    "proposal": ("the rule set is a proposal, not a published standard", "规则集为建议稿,非公开标准"),
    "draft": ("the rule set is a draft", "规则集为征求意见稿"),
    "example": ("the rule set is an example", "规则集为示例"),
    "unverified": ("the rule set was not compared with its source", "规则集未与来源核对"),
}


def _warnings(rules: CodeRules, document: Document) -> tuple[Warned, ...]:
    found = []
    if rules.head.status in _STATUS:
        found.append(Warned(f"{rules.head.status}-rule-set", _STATUS[rules.head.status]))
    if document.calendar is None:
        text = ("no calendar of holidays: working days are Monday to Friday", "未提供节假日安排,工作日按周一至周五计")
        found.append(Warned("no-calendar", text))
    return tuple(found)


def _validity(rules: CodeRules) -> str:
    last = rules.head.valid_to
    return f"{rules.head.valid_from} to {last or 'open'}"
