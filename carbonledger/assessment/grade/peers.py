"""The peers' mean, with fallback: the finest industry level that has enough peers."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from carbonledger.assessment.grade.document import Group
from carbonledger.assessment.parameters import Parameter
from carbonledger.assessment.rational import text
from carbonledger.assessment.steps import Step


def mean(groups: Sequence[Group], least: Parameter) -> tuple[Fraction | None, Step]:
    """ΣE / ΣVA of the first group with enough peers (they come finest first), None where there is none."""
    chosen = next((group for group in groups if group.n >= least.value), None)
    given = tuple((group.level, str(group.n)) for group in groups)
    title = ("Mean of the peers", "同行平均强度")
    formula = "ΣE / ΣVA at the finest industry level with enough peers"
    if chosen is None:
        return None, Step("peers", title, formula, given, None, None, (least,), "no level has enough peers")
    value = chosen.emission / chosen.value_added
    read = (("emission", text(chosen.emission)), ("value_added", text(chosen.value_added)))
    return value, Step(
        "peers", title, formula, given + read, value, None, (least,), f"{chosen.level} {chosen.industry}"
    )
