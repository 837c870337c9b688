"""`python -m oracle simulate`: be a meter that signs readings and posts them at a node's door."""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2

from carbonledger.errors import Malformed
from carbonledger.keys import PrivateKey
from oracle.envelopes import JSON, Batch, Single, encode
from oracle.meter import Meter, seeded_nonces
from oracle.sources.csv_file import read_year
from oracle.sources.intervals import REPORTING_ZONE, YearOfIntervals
from oracle.sources.mapping import read_mapping
from oracle.sources.plant import simulate_year

COUNTS = ("accepted", "duplicate", "refused")


def add_parser(commands: Any, clock: Callable[[], int]) -> None:
    """Add the sub-command; `clock` (ms UTC) says which year runs."""
    parser: argparse.ArgumentParser = commands.add_parser("simulate", help="be a meter of the simulated plant")
    parser.add_argument("identifier", help="identifier of the device")
    parser.add_argument("--seed", default="1", help="of its key and nonces: the same seed is the same meter")
    parser.add_argument("--url", help="where the node listens, such as http://127.0.0.1:8081")
    parser.add_argument(
        "--year", type=int, help="default: the year of yesterday, whose first days a node takes by its clock"
    )
    parser.add_argument("--data", type=Path, help="readings from a file instead (docs/data-files.md)")
    parser.add_argument("--mapping", type=Path, help="how to read --data")
    parser.add_argument("--days", type=int, default=1, help="how many days from the first of January")
    parser.add_argument("--batch", type=int, default=96, help="readings under one signature; 1 signs each")
    parser.add_argument("--show-key", action="store_true", help="print the public key for enrolment, and end")
    parser.set_defaults(action=lambda arguments: run(arguments, clock))


def run(arguments: argparse.Namespace, clock: Callable[[], int]) -> int:
    """0 all taken, 1 some refused."""
    seed = hashlib.sha256(f"simulated meter {arguments.identifier} {arguments.seed}".encode()).digest()
    meter = Meter(arguments.identifier, PrivateKey.from_seed("ed25519", seed), seeded_nonces(seed))
    if arguments.show_key:
        print(meter.key.public.data.hex())
        return 0
    if not arguments.url:
        raise Malformed("--url", expected="where the node listens", found="nothing")
    if not 1 <= arguments.batch <= 300 or not 1 <= arguments.days <= 366:
        raise Malformed("--batch, --days", expected="1 to 300, 1 to 366", found=f"{arguments.batch}, {arguments.days}")
    counts = dict.fromkeys(COUNTS, 0)
    with httpx2.Client(base_url=arguments.url, timeout=30, trust_env=False) as client:
        for items in _day_by_day(meter, _year(arguments, clock()), arguments.days, arguments.batch):
            answer = _posted(client, arguments.url, items)
            for name in COUNTS:
                counts[name] += answer[name]
            if answer["refused"]:
                print(next(result for result in answer["results"] if result["status"] == "refused"), file=sys.stderr)
    print(json.dumps(counts))
    return 1 if counts["refused"] else 0


def _posted(client: httpx2.Client, url: str, items: list[Single | Batch]) -> dict[str, Any]:
    """The door's answer; Malformed where something else answers."""
    try:
        answer = client.post("/readings", content=encode(items), headers={"Content-Type": JSON})
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise OSError(f"{url} does not answer: {error}") from error
    if answer.status_code not in (200, 422):
        raise Malformed("answer of the node", expected="200", found=f"{answer.status_code} {answer.text[:200]}")
    try:
        told = answer.json()
    except ValueError:
        told = None
    if not isinstance(told, dict) or not {*COUNTS, "results"} <= told.keys():
        raise Malformed(
            "answer of the node", expected="counts and results (docs/formats/intake.md)", found=answer.text[:200]
        )
    return told


def _year(arguments: argparse.Namespace, now_ms: int) -> YearOfIntervals:
    yesterday = datetime.fromtimestamp(now_ms / 1000, REPORTING_ZONE) - timedelta(days=1)
    year = yesterday.year if arguments.year is None else arguments.year
    if arguments.data is None:
        return simulate_year(year, seed=1)
    return read_year(arguments.data, year, None if arguments.mapping is None else read_mapping(arguments.mapping))


def _day_by_day(meter: Meter, plant: YearOfIntervals, days: int, batch: int) -> Iterator[list[Single | Batch]]:
    yield [meter.commission(plant.intervals[0].end_ms - plant.step_s * 1000)]
    for number, (_, intervals) in enumerate(plant.days()):
        if number == days:
            return
        values = [(interval.end_ms, interval.energy_wh) for interval in intervals]
        if not values:
            continue
        if batch == 1:
            yield [meter.read(time_ms, energy) for time_ms, energy in values]
        else:
            yield list(meter.read_batches(values, batch))
