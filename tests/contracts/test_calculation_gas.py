"""What a calculation costs on the chain, per source line and calculator: contracts/gas-lines.json says it.

Renewed by CARBONLEDGER_WRITE_GAS=1. A line is one of a year of months; the figure is the execution of
`RuleSetRegistry.calculate` over all lines of the calculator, divided by their number: without the transaction's own
21,000 and its data, which a call that only asks does not pay.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from carbonledger.accounting.evaluate import evaluate
from ledger_node.chain.bindings import rule_set_registry
from tests.support.every_method import rules_of_every_method, year_of

SNAPSHOT = Path(__file__).parents[2] / "contracts" / "gas-lines.json"
RULES = rules_of_every_method(signs=(1,))


def gas_per_line(world: Any) -> dict[str, int]:
    """Calculator → gas per source line; what the contract gives is checked against Python."""
    act = world.act("RuleSetPublication", ruleSetId=RULES.id, formDigest=RULES.form_digest())
    world.relay(act, RULES.json(), RULES.form(), world.quorum(act))
    registry = world.address("RuleSetRegistry")
    found = {}
    for calculator in sorted({rule.method.calculator for rule in RULES.lines}):
        lines = year_of(calculator, RULES)
        data = rule_set_registry.encode_calculate(RULES.id, 2025, [line.arguments() for line in lines])
        emission, _, _ = rule_set_registry.decode_calculate(world.chain.call(registry, data))
        assert emission == evaluate(RULES, 2025, lines, {}).emission
        intrinsic = 21_000 + sum(16 if byte else 4 for byte in data)
        found[calculator] = (world.chain.send(registry, data).gas - intrinsic) // len(lines)
    return found


def test_the_gas_of_a_source_line_is_as_recorded_for_each_calculator(settled_world: Any) -> None:
    found = gas_per_line(settled_world)
    if os.environ.get("CARBONLEDGER_WRITE_GAS"):
        SNAPSHOT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    recorded = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
    assert set(found) == set(recorded)
    changed = {name: (recorded[name], gas) for name, gas in found.items() if abs(gas - recorded[name]) > 20}
    assert changed == {}, "if that is meant: CARBONLEDGER_WRITE_GAS=1"
