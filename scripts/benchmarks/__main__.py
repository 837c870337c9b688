"""Runs the benchmarks, tells how they go, and prints the table: `scripts/bench [--json FILE] [--only NAME …] [--long]`.

Exit 0 if all that was asked for could be measured, goals met or missed; 1 if something could not be run.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from carbonledger.errors import CarbonLedgerError
from scripts.benchmarks import limits, table
from scripts.benchmarks.catalogue import BENCHMARKS
from scripts.benchmarks.result import Result, Run
from scripts.benchmarks.spread import spread_subfolders


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    names = [benchmark.name for benchmark in BENCHMARKS]
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results as JSON")
    parser.add_argument("--only", nargs="+", choices=names, metavar="NAME", help="run these: " + ", ".join(names))
    parser.add_argument(
        "--long", action="store_true", help="ten million readings for memory_growth, all enterprises for national_*"
    )
    parser.add_argument("--folder", type=Path, metavar="DIR", help="where to measure (default: the system's temporary)")
    options = parser.parse_args(arguments)
    chosen = [benchmark for benchmark in BENCHMARKS if not options.only or benchmark.name in options.only]
    results: list[Result] = []
    failed: list[str] = []
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="carbonledger-bench-", dir=options.folder) as folder:
        spread_subfolders(Path(folder))
        print(f"machine: {table.machine()}; {limits.fsyncs_per_s(Path(folder)):,.0f} fsync/s here", file=sys.stderr)
        for number, benchmark in enumerate(chosen, 1):
            head = f"[{number}/{len(chosen)}] {benchmark.name}"
            print(f"{head}: {benchmark.about}", file=sys.stderr)
            # nothing is removed before the end: where files were removed, new ones are made slowly (see spread)
            # ext4 chooses the part of the disk by the name: the same name would come where the last run was removed
            own = Path(tempfile.mkdtemp(prefix=f"{benchmark.name}-", dir=folder))
            began = time.monotonic()
            try:
                measured = benchmark.measure(Run(own, _say, options.long))
            except Exception as error:  # one that cannot run must not keep the others from running
                failed.append(benchmark.name)
                print(f"{head}: could not run: {error}", file=sys.stderr)
                if not isinstance(error, CarbonLedgerError):
                    traceback.print_exc()
                continue
            result = Result.of(benchmark, measured)
            results.append(result)
            for note in measured.notes:
                _say(note)
            print(f"{head}: {table.line(result)}  ({time.monotonic() - began:.0f} s)", file=sys.stderr)
    print(table.format_table(results))
    missed = [result.name for result in results if result.met is False]
    print(f"{len(results)} measured in {time.monotonic() - started:.0f} s; missed: {', '.join(missed) or 'none'}"
          + (f"; could not run: {', '.join(failed)}" if failed else ""))  # fmt: skip
    if options.json is not None:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps([result.to_json() for result in results], indent=1) + "\n", encoding="utf-8")
    return 1 if failed else 0


def _say(text: str) -> None:
    print(f"    {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
