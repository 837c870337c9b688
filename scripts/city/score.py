"""What was found against what was planted: the only place where the truth is read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from scripts.city.frauds import Planted
from scripts.city.records import quarter_text

SOFT: Final = "S"
Row = Mapping[str, Any]
"""One code as the check-up writes it: firm, quarter, colour, reasons, points, and the soft rules that gave them."""


def score(rows: Sequence[Row], planted: Sequence[Planted]) -> dict[str, Any]:
    """Precision and recall by rule and by kind, and what the honest ones got.

    A rule's precision: of the codes in which it was a reason for red, the share whose firm and quarter has a planted
    fraud. Its recall: of the planted firm-quarters that it should find, the share in which it was a reason. Of a soft
    rule the same over the codes in which it gave points: it leaves a note, and is no reason for red by itself.
    """
    codes = {(row["firm"], row["quarter"]): row for row in rows}
    truth = {(p.firm, quarter): p for p in planted for quarter in p.quarters}
    reds: dict[str, list[int]] = defaultdict(lambda: [0, 0])  # rule: [with a fraud, all]
    for place, row in codes.items():
        for rule in row["reasons"] if row["colour"] == "red" else ():
            reds[rule][0] += place in truth
            reds[rule][1] += 1
    noted: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for place, row in codes.items():
        for rule in row["soft"]:
            noted[rule][0] += place in truth
            noted[rule][1] += 1
    wanted: dict[str, list[int]] = defaultdict(lambda: [0, 0])  # rule: [found, planted]
    kinds: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    missed = []
    for place, fraud in truth.items():
        found = _found(codes[place], fraud)
        for tally in (wanted[fraud.rule], kinds[fraud.kind]):
            tally[0] += found
            tally[1] += 1
        if not found:
            missed.append({"firm": place[0], "quarter": quarter_text(place[1]), "kind": fraud.kind, "rule": fraud.rule})
    cheats = {fraud.firm for fraud in planted}
    seen = {place[0] for place, fraud in truth.items() if _found(codes[place], fraud)}
    honest: dict[str, int] = defaultdict(int)
    false_red = []
    for place, row in codes.items():
        if place not in truth:
            honest[row["colour"]] += 1
            if row["colour"] != "green":
                false_red.append(
                    {
                        "firm": place[0],
                        "quarter": quarter_text(place[1]),
                        "colour": row["colour"],
                        "reasons": row["reasons"],
                    }
                )
    return {
        "codes": len(codes),
        "firms": {"all": len({place[0] for place in codes}), "planted": len(cheats), "found": len(seen)},
        "honest": {"clean_quarters": dict(sorted(honest.items())), "not_green": false_red},
        "kinds": {kind: _share(*kinds[kind]) for kind in sorted(kinds)},
        "missed": missed,
        "notes": sum(1 for row in codes.values() if row["colour"] == "green" and row["points"]),
        "notes_by": _table(noted, {rule: wanted[rule] for rule in wanted if rule.startswith(SOFT)}),
        "rules": _table(reds, {rule: wanted[rule] for rule in wanted if not rule.startswith(SOFT)}),
    }


def told(result: Mapping[str, Any]) -> list[str]:
    """The same as lines for people."""
    firms, honest = result["firms"], result["honest"]
    out = [
        f"{result['codes']:,} codes of {firms['all']} enterprises",
        f"{firms['found']} of {firms['planted']} enterprises with a planted fraud found",
        "rule   precision            recall",
    ]
    for rule, values in result["rules"].items():
        out.append(f"{rule:<6} {_text(values['precision']):<20} {_text(values['recall'])}")
    out.append("note   precision            recall")
    for rule, values in result["notes_by"].items():
        out.append(f"{rule:<6} {_text(values['precision']):<20} {_text(values['recall'])}")
    out.append("kind of fraud        quarters found")
    out += [f"{kind:<20} {_text(values)}" for kind, values in result["kinds"].items()]
    clean = ", ".join(f"{count:,} {colour}" for colour, count in honest["clean_quarters"].items())
    out.append(f"quarters without a fraud: {clean}; green with a note: {result['notes']:,}")
    return out


def _found(row: Row, fraud: Planted) -> bool:
    """By a hard rule: it made the code red. By a soft one: it gave points."""
    if fraud.rule.startswith(SOFT):
        return fraud.rule in row["soft"]
    return fraud.rule in row["reasons"] and row["colour"] == "red"


def _table(right: Mapping[str, list[int]], wanted: Mapping[str, list[int]]) -> dict[str, Any]:
    return {
        rule: {
            "precision": _share(*right.get(rule, (0, 0))),
            "recall": _share(*wanted[rule]) if rule in wanted else None,
        }
        for rule in sorted({*right, *wanted})
    }


def _share(part: int, whole: int) -> dict[str, int]:
    return {"of": whole, "right": part}


def _text(value: Mapping[str, int] | None) -> str:
    if value is None:
        return "-"
    return f"{value['right']}/{value['of']}" + (f" ({100 * value['right'] / value['of']:.1f} %)" if value["of"] else "")
