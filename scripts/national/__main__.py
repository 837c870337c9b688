"""`scripts/national_run`: a settlement of national size on an own chain, and its report.

Exit 0 done and balanced, 1 the books do not balance, 2 misuse or it could not be done.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from carbonledger.errors import CarbonLedgerError, Invalid
from carbonledger.quota.report import SettlementReport
from ledger_node.chain.open import open_chain
from scripts.national.carrier import Carrier, Clock
from scripts.national.cycle import Cycle, Phase
from scripts.national.population import WHOLE, enterprises
from scripts.national.world import key_of


def main(argv: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="scripts/national_run", description=__doc__.splitlines()[0])
    parser.add_argument("--chain", default="anvil:", metavar="URL", help="embedded: or anvil: (default)")
    parser.add_argument("--home", type=Path, required=True, help="keeps the chain and the outbox; goes on from there")
    parser.add_argument("--enterprises", type=int, default=sum(WHOLE.values()), metavar="N")
    parser.add_argument("--seed", type=int, default=2024)
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the report of every enterprise as JSON")
    arguments = parser.parse_args(argv)
    begun = time.perf_counter()

    def say(text: str) -> None:
        print(f"{time.perf_counter() - begun:8.1f} s  {text}", file=sys.stderr, flush=True)

    try:
        found, phases = run(arguments.chain, arguments.home, arguments.enterprises, arguments.seed, say)
        if arguments.report is not None:
            arguments.report.write_text(json.dumps(found.to_json(), indent=1) + "\n", encoding="utf-8")
    except Invalid as error:
        print(f"national_run: {error}", file=sys.stderr)
        return 1
    except (CarbonLedgerError, OSError) as error:
        print(f"national_run: {error}", file=sys.stderr)
        return 2
    print(json.dumps(summary(found, phases), indent=1))
    return 0


def run(
    url: str, home: Path, total: int, seed: int, say: Callable[[str], None]
) -> tuple[SettlementReport, list[Phase]]:
    """One run: its report, balanced, and what each phase cost."""
    home.mkdir(parents=True, exist_ok=True)
    clock = Clock()
    chain = open_chain(url, home / "chain", clock)
    try:
        carrier = Carrier.open(chain, home, key_of("operator"), clock, lambda text: None)
        try:
            cycle = Cycle(carrier, enterprises(total, seed), seed, say)
            cycle.run()
            return cycle.report(), cycle.phases
        finally:
            carrier.outbox.close()
    finally:
        chain.close()


def summary(found: SettlementReport, phases: Sequence[Phase]) -> dict[str, Any]:
    """Totals, and gas and time: of the settlement, and of what stood before it."""
    settlement = [phase for phase in phases if phase.name not in Cycle.SETUP]
    before = [phase for phase in phases if phase.name in Cycle.SETUP]
    return {
        "enterprises": len(found.lines),
        "by_status": dict(Counter(line.status for line in found.lines)),
        "totals": found.to_json()["totals"],
        "balance": found.balance.to_json(),
        "settlement": _cost(settlement),
        "before": _cost(before),
        "phases": [
            {"name": one.name, "done": one.steps, "gas": one.gas, "seconds": round(one.seconds, 2)} for one in phases
        ],
    }


def _cost(phases: Sequence[Phase]) -> dict[str, Any]:
    return {
        "gas": sum(one.gas for one in phases),
        "seconds": round(sum(one.seconds for one in phases), 2),
        "cpu_seconds": round(sum(one.cpu for one in phases), 2),
    }


if __name__ == "__main__":
    sys.exit(main())
