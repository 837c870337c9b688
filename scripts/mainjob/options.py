"""Command line of the main job."""

from __future__ import annotations

import argparse
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

from carbonledger.errors import Refused
from oracle.sources.intervals import YEARS
from scripts.mainjob.services import listening

DEFAULT_HOME = Path("home")
MAX_RATED_W = 2**53


def whole(least: int, most: int) -> Callable[[str], int]:
    """For argparse: a whole number within bounds, both included."""

    def number(text: str) -> int:
        try:
            found = int(text)
        except ValueError:
            found = None
        if found is None or not least <= found <= most:
            raise argparse.ArgumentTypeError(f"expected a whole number from {least} to {most}; found {text!r}")
        return found

    return number


def check_ends(options: Namespace) -> None:
    """Refused for what would be noticed only when the year is done: where to serve, where to write the summary."""
    if not options.exit and options.port:
        listening("API", options.port).close()
    if options.summary is not None and options.summary.is_dir():
        raise Refused("--summary", expected="a file to write", found=f"the folder {options.summary}")


def parser() -> argparse.ArgumentParser:
    """The options of `scripts/run`."""
    p = argparse.ArgumentParser(
        prog="scripts/run",
        description="Take a year of 15-minute meter readings from the meter to a ledger that verifies, then serve it "
        "on 127.0.0.1. Stopped or killed at any moment, it goes on from there when started again.",
    )
    data = p.add_argument_group("readings (without --data: the project's simulated plant, docs/simulated-plant.md)")
    data.add_argument(
        "--data",
        type=Path,
        metavar="FILE",
        help="CSV, plain or gzip: time (end of interval, ISO 8601 "
        "with offset), energy_kwh; other layouts by --mapping, known ones by their header line",
    )
    data.add_argument(
        "--mapping", type=Path, metavar="FILE.toml", help="how to read the columns of --data (docs/data-files.md)"
    )
    data.add_argument(
        "--year",
        type=whole(YEARS[0], YEARS[-1]),
        default=2025,
        help="reporting year the readings are replayed as (default 2025)",
    )
    data.add_argument("--seed", type=int, default=1, help="of the simulated plant (default 1)")
    data.add_argument(
        "--rated-power",
        type=whole(0, MAX_RATED_W),
        default=800_000,
        metavar="W",
        help="rated maximum of the meter, for the flag impossible_power; flags never change totals (default 800000)",
    )
    where = p.add_argument_group("where")
    where.add_argument(
        "--home", type=Path, default=DEFAULT_HOME, metavar="DIR", help="where everything is kept (default ./home)"
    )
    where.add_argument(
        "--fresh", action="store_true", help="begin again: what an earlier run left in --home is deleted"
    )
    where.add_argument(
        "--chain",
        default="embedded:",
        metavar="URL",
        help="embedded: (default), anvil:, or http(s)://… of any EVM JSON-RPC, several nodes separated by commas",
    )
    where.add_argument(
        "--port", type=whole(0, 65_535), default=8000, help="of API and pages on 127.0.0.1 (default 8000)"
    )
    city = p.add_argument_group("the city (docs/city.md)")
    city.add_argument(
        "--city",
        action="store_true",
        help="instead of one plant: a synthetic city with planted frauds, four years, checked quarter by quarter, and "
        "the last quarters on the chain",
    )
    city.add_argument("--city-firms", type=int, default=750, metavar="N", help="enterprises of the city (default 750)")
    city.add_argument(
        "--city-quarters", type=int, default=4, metavar="N", choices=range(1, 5),
        help="how many of the last quarters go onto the chain, with their inspections (default 4, at most 4)",
    )  # fmt: skip
    end = p.add_argument_group("end")
    end.add_argument("--exit", action="store_true", help="do the job on free ports and leave, instead of serving")
    end.add_argument("--summary", type=Path, metavar="FILE", help="write what came out as JSON")
    return p
