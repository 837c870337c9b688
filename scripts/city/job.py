"""`scripts/run --city`: build the city, check every quarter, score what was found, fill a node's database, serve it.

Each step leaves a file; a second start goes on from the files. The check-up works in processes, a quarter each.
"""

from __future__ import annotations

import json
import os
from argparse import Namespace
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any, Final

from carbonledger.assessment.code.assess import Judged, explanation
from scripts.city import build, certificates, frauds, on_chain, records, score
from scripts.city.checkup import Books, check
from scripts.city.ordering import order
from scripts.city.records import quarter_text
from scripts.city.serving import LAST_QUARTER, serve, tell_alerts
from scripts.city.views import fill
from scripts.mainjob.home import Home, begin_job, open_home, write_durably
from scripts.mainjob.progress import Progress

FORMAT: Final = 1
FIRMS, TRUTH, SCORE = "firms.jsonl", "truth.json", "score.json"


def run(options: Namespace) -> int:
    """0 done; 1 a planted fraud was missed, or an honest enterprise was not green, or the chain says another colour."""
    home, lock = open_home(options.home, options.fresh)
    try:
        return _run(home, options, Progress())
    finally:
        os.close(lock)


def _run(home: Home, options: Namespace, progress: Progress) -> int:
    begin_job(home, {"format": FORMAT, "city": options.city_firms, "seed": options.seed})
    folder = home.root / "city"
    folder.mkdir(exist_ok=True)
    with progress.step("build", f"building a city of {options.city_firms} enterprises, seed {options.seed}"):
        _build(folder, options, progress)
    with progress.step("check", f"checking {build.QUARTERS} quarters by rule set code-1"):
        rows = list(_check(folder, progress))
    with progress.step("score", "holding what was found against what was planted"):
        found = score.score(rows, frauds.read(folder / TRUTH))
        write_durably(folder / SCORE, json.dumps(found, indent=1, ensure_ascii=False).encode() + b"\n")
        for line in score.told(found):
            progress.say(f"  {line}")
    with progress.step("views", "filling the node's database"):
        told = fill(home.ledger, records.read(folder / FIRMS), rows)
        progress.say(f"  {told}")
    with progress.step("chain", f"filing {quarter_text(LAST_QUARTER)} on an embedded chain"):
        colours = on_chain.file_quarter(home, list(records.read(folder / FIRMS)), LAST_QUARTER, progress)
        different = on_chain.differences(colours, rows, LAST_QUARTER)
        progress.say(f"  colours that differ from the check-up: {', '.join(different) or 'none'}")
    with progress.step("certificates", "issuing certificates of the codes and grades"):
        progress.say(f"  {certificates.issue(home, f'http://127.0.0.1:{options.port}')}")
        progress.say(f"  one of them, once served: {certificates.shown(home)}")
    with progress.step("scores", "ordering whom inspectors look at"):
        progress.say(f"  {order(home, LAST_QUARTER)}")
    with progress.step("alerts", "evaluating the alert rules for every enterprise"):
        progress.say(f"  {tell_alerts(home.ledger)}")
    progress.say(f"report: {folder / SCORE}")
    if options.summary:
        write_durably(options.summary, json.dumps(found, indent=1, ensure_ascii=False).encode() + b"\n")
    if not options.exit:
        serve(home, options.port, progress)
    good = not found["missed"] and set(found["honest"]["clean_quarters"]) <= {"green"}
    return 0 if good and not different else 1


def _build(folder: Path, options: Namespace, progress: Progress) -> None:
    if (folder / FIRMS).exists():
        progress.say("  it is there")
        return

    def told(count: int) -> None:
        if count % 50 == 0:
            progress.count(f"{count} enterprises", last=count == options.city_firms)

    cases = build.CASES and max(1, build.CASES * options.city_firms // build.FIRMS)
    firms, planted = build.build(options.seed, options.city_firms, cases, told)
    frauds.write(folder / TRUTH, planted)
    records.write(folder / FIRMS, firms)  # last: it says that both are there
    progress.say(f"  {len(planted)} enterprises with a planted fraud, told in {TRUTH} only")


def _check(folder: Path, progress: Progress) -> Iterator[dict[str, Any]]:
    quarters = range(build.FIRST_QUARTER, build.FIRST_QUARTER + build.QUARTERS)
    waiting = [q for q in quarters if not _result(folder, q).exists()]
    if waiting:
        _result(folder, waiting[0]).parent.mkdir(exist_ok=True)
        with ProcessPoolExecutor(max_workers=min(len(waiting), os.cpu_count() or 1)) as pool:
            jobs = pool.map(_quarter, [str(folder / FIRMS)] * len(waiting), waiting)
            for number, (quarter, reds) in enumerate(zip(waiting, jobs, strict=True), start=1):
                progress.count(f"{quarter_text(quarter)}: {reds} red ({number} of {len(waiting)})", last=True)
    for quarter in quarters:
        with _result(folder, quarter).open(encoding="utf-8") as lines:
            yield from map(json.loads, lines)


def _result(folder: Path, quarter: int) -> Path:
    return folder / "codes" / f"{quarter_text(quarter)}.jsonl"


@cache
def _books(path: str) -> Books:
    return Books(list(records.read(Path(path))))


def _quarter(path: str, quarter: int) -> int:
    """The codes of a quarter, into a file; how many are red."""
    books = _books(path)
    rows = []
    for firm in books.firms:
        result = check(books, firm, quarter)
        rows.append(
            {
                "colour": result.colour,
                "families": list(result.families),
                "firm": firm.code,
                "points": result.points,
                "quarter": quarter,
                "reasons": list(result.reasons),
                "why": {j.rule.id: _sentences(j) for j in result.judged if j.status in ("failed", "points")},
            }
        )
    text = "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows)
    write_durably(_result(Path(path).parent, quarter), text.encode())
    return sum(row["colour"] == "red" for row in rows)


def _sentences(judged: Judged) -> list[str]:
    return list(explanation(judged))
