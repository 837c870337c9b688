"""What the page's verifier says, it can say in Chinese: every sentence of its sources, with every value."""

from __future__ import annotations

import base64
import json
import random
import re

from carbonledger import jcs
from carbonledger.assessment import library
from carbonledger.errors import CarbonLedgerError
from carbonledger.policy import Policy
from tests.support.assessed import AssessedWorld, example
from tests.support.mutations import mutated, one_byte
from tests.support.sentences import templates
from tests.support.twin import ask
from tests.support.units import CARRIED, UnitsWorld
from tests.support.world import World

AS_THEY_ARE = {
    *("$.factors", "$.groups", "$.lines", "$.rounding", "$.views", "UTF-8", "base64", "c d i k p q s t v"),
    *("extraData", "q1 <= median <= q3", "v {}", "{}", "d", "s", "media_type"),
}
"""Names and signs that are the same in both languages."""
HOLE = re.compile(r"\{(\d*)\}")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
ENGLISH = re.compile(r"(?<![\w./'\"-])[a-z]{3,} [a-z]{2,} [a-z]{2,}(?![\w.=(-])")


def test_every_sentence_of_the_sources_has_a_chinese_form() -> None:
    found = templates()
    assert len(found) > 700
    (table,) = ask([{"door": "chinese"}])
    assert found - set(table) == AS_THEY_ARE


def test_a_chinese_form_says_every_value_once() -> None:
    (table,) = ask([{"door": "chinese"}])
    for english, chinese in table.items():
        holes = HOLE.findall(chinese)
        numbers = sorted(int(at) if at else place for place, at in enumerate(holes))
        assert numbers == list(range(english.count("{}"))), english
        assert all(holes) or not any(holes), english


def test_no_step_of_honest_or_broken_evidence_is_told_in_english() -> None:
    rng = random.Random(5)
    world, units = World(coal=True), UnitsWorld()
    scheme = next(one for one in library.schemes() if one.head.key == "c4-1")
    graded = AssessedWorld("grade", example("grade", "c4-1"), scheme)
    honest: list[tuple[bytes, Policy | None]] = [
        (world.report_bundle(), world.policy),
        (world.reading_bundle(), world.policy),
        (units.certificate("title", CARRIED), units.policy),
        (graded.bundle(), graded.policy),
    ]
    cases = honest + [(data, None) for data, _ in honest]
    for data, policy in honest:
        cases += [(one_byte(data, rng), policy) for _ in range(4)]
        for _ in range(12):
            try:
                cases.append((jcs.encode(mutated(json.loads(data), rng)), policy))
            except CarbonLedgerError:
                continue
    asked = [
        {"door": "verify", "bundle": base64.b64encode(data).decode(), "policy": policy and policy.format()}
        for data, policy in cases
    ]
    for answer in ask(asked):
        for step, told in zip(answer["steps"], answer["chinese"], strict=True):
            assert CHINESE.search(told), (step, told)
            assert not ENGLISH.search(told), (step, told)
