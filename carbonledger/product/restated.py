"""A footprint document once more: the same products and keys over the lines of the report that replaces the old one."""

from __future__ import annotations

from collections.abc import Sequence

from carbonledger.accounting import inputs
from carbonledger.accounting.lines import Line
from carbonledger.accounting.reported import activity, named_items
from carbonledger.accounting.rule_set import RuleSet
from carbonledger.product.footprint import canonical


def restated(document: bytes, report: bytes, rules: RuleSet, lines: Sequence[Line]) -> bytes:
    """Canonical bytes of the document with the lines of `report` as its plant.

    Of the old document, which was computed before, everything is kept but what was said of the old figures alone:
    the plant's lines, and the verification of the footprint, which nobody has repeated.
    """
    value = dict(inputs.parse(document).value)
    plant = dict(value["plant"])
    source = plant.pop("activity", None) or plant.pop("statement")
    year = int(value["period"]["year"])
    named = named_items((str(line.get("item", "")) for line in source["lines"]), year)
    replaced = plant["report"]
    plant |= {"activity": activity(rules, year, lines, named), "report": report.hex()}
    said = f"Recomputed from report {report.hex()}, which replaces report {replaced}."
    value |= {"plant": plant, "comment": " ".join(filter(None, (value.get("comment", ""), said)))}
    value.pop("verification", None)
    return canonical(value)
