"""`score`: in which order inspectors look at a quarter, by a model; needs the extra `models` (docs/scores.md).

It comes when the codes of the quarter are filed, orders the queue and the list of spot checks, and changes no code.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any, Final

from carbonledger.errors import Unknown
from ledger_node import config
from ledger_node.commands.run import wall_clock
from ledger_node.db.engine import migrate, open_database
from ledger_node.queries import assessment_jobs, scores
from ledger_node.scoring.quarter import Quarter, repeat
from ledger_node.scoring.scoring import Parameters
from ledger_node.scoring.words import sentence

SHOWN: Final = 10


def add_parser(commands: Any) -> None:
    """Add `score` to the sub-commands."""
    usual = Parameters()
    parser = commands.add_parser("score", help="score a quarter that was assessed: in which order inspectors look")
    parser.description = __doc__
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--config", type=Path, default=Path(config.FILE_NAME), metavar="FILE")
    parser.add_argument("--quarter", required=True, metavar="YYYYQn")
    parser.add_argument("--check", action="store_true", help="repeat the last scoring, and tell what differs")
    parser.add_argument("--seed", type=int, default=usual.seed, metavar="N")
    parser.add_argument("--least", type=int, default=usual.least, metavar="N", help="subjects of a group")
    parser.set_defaults(action=_score)


def _score(arguments: argparse.Namespace) -> int:
    period = assessment_jobs.period_of(arguments.quarter)
    engine = open_database(config.load(arguments.config).database)
    try:
        migrate(engine)
        if arguments.check:
            with engine.connect() as connection:
                model = scores.latest_model(connection, period)
            if model is None:
                raise Unknown("scores of the quarter", expected=f"some of {arguments.quarter}", found="none")
            different = repeat(engine, model)
            print("\n".join(different) or f"the same: {model.id}")
            return 1 if different else 0
        quarter = Quarter(engine, period, Parameters(seed=arguments.seed, least=arguments.least))
        scoring = quarter.work()
        new = quarter.keep(wall_clock())
    finally:
        engine.dispose()
    told = f"run {quarter.run}: {len(scoring.scores)} scores, {len(scoring.without)} without enough peers"
    print(told if new else f"{told}; they were there", file=sys.stderr)
    for one in sorted(scoring.scores, key=lambda score: (-score.per_mille, score.id))[:SHOWN]:
        why = "; ".join(sentence(reason)[0] for reason in one.to_json()["reasons"])
        print(f"{one.per_mille}  {one.id}  {why}")
    return 0
