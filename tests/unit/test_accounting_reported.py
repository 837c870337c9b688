"""The lines that the chain holds of a report are an activity document again, with the same result."""

from __future__ import annotations

import json

import pytest

from carbonledger.accounting import library
from carbonledger.accounting.calculate import calculate
from carbonledger.accounting.inputs import Node
from carbonledger.accounting.reported import activity, named_items

RULES = [rules.key for rules in library.rule_sets()]


@pytest.mark.parametrize("key", RULES)
def test_every_rule_sets_example_comes_back_from_its_words_to_the_gram(key: str) -> None:
    told = json.loads(library.example(key))
    before = calculate(json.dumps(told).encode(), library.rule_sets(), library.factors())
    named = named_items((line.get("item", "") for line in told["lines"]), before.year)
    again = calculate(
        Node(activity(before.rules, before.year, before.chain_lines, named)), [before.rules], library.factors()
    )
    assert (again.emission, again.chain_lines) == (before.emission, before.chain_lines)
    assert [(line.item, line.month) for line in again.lines] == [(line.item, line.month) for line in before.lines]
