"""`scripts/run --city`: build the city, check every quarter, score what was found, fill a node's database, serve it.

Each step leaves a file; a second start goes on from the files. The check-up works in processes, a quarter each.
"""

from __future__ import annotations

import json
import os
from argparse import Namespace
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

from carbonledger.accounting.inputs import Node
from carbonledger.assessment import library
from carbonledger.assessment.code.assess import Judged, assess, explanation
from scripts.city import build, certificates, frauds, handed, on_chain, records, score
from scripts.city.checkup import Books, as_of, document
from scripts.city.office import LAST_QUARTER, documents_of, open_office
from scripts.city.ordering import order
from scripts.city.records import quarter_text
from scripts.city.serving import serve, tell_alerts
from scripts.city.views import fill
from scripts.mainjob.home import Home, begin_job, open_home, write_durably
from scripts.mainjob.progress import Progress

FORMAT: Final = 2
FIRMS, TRUTH, SCORE = "firms.jsonl", "truth.json", "score.json"


def run(options: Namespace) -> int:
    """0 done; 1 a planted fraud was missed, or an honest enterprise was not green, or the chain says another colour."""
    home, lock = open_home(options.home, options.fresh)
    try:
        return _run(home, options, Progress())
    finally:
        os.close(lock)


def _run(home: Home, options: Namespace, progress: Progress) -> int:
    begin_job(
        home,
        {
            "format": FORMAT,
            "city": options.city_firms,
            "seed": options.seed,
            "quarters": options.city_quarters,
        },
    )
    folder = home.root / "city"
    folder.mkdir(exist_ok=True)
    with progress.step("build", f"building a city of {options.city_firms} enterprises, seed {options.seed}"):
        _build(folder, options, progress)
    with progress.step("check", f"checking {build.QUARTERS} quarters by rule set code-1"):
        rows = list(_check(folder, filed(options.city_quarters), progress))
    with progress.step("score", "holding what was found against what was planted"):
        found = score.score(rows, frauds.read(folder / TRUTH))
        write_durably(folder / SCORE, json.dumps(found, indent=1, ensure_ascii=False).encode() + b"\n")
        for line in score.told(found):
            progress.say(f"  {line}")
    with progress.step("views", "filling the node's database"):
        told = fill(home.ledger, records.read(folder / FIRMS), rows)
        progress.say(f"  {told}")
    quarters = filed(options.city_quarters)
    with progress.step("chain", f"filing {quarter_text(quarters[0])} to {quarter_text(quarters[-1])} on a chain"):
        different = on_chain.differences(_file(home, options, quarters, progress), rows, quarters)
        progress.say(f"  colours that differ from the check-up: {', '.join(different) or 'none'}")
    with progress.step("certificates", "issuing certificates of the codes and grades"):
        progress.say(f"  {certificates.issue(home, f'http://127.0.0.1:{options.port}')}")
        progress.say(f"  one of them, once served: {certificates.shown(home)}")
    with progress.step("scores", "ordering whom inspectors look at"):
        progress.say(f"  {order(home, LAST_QUARTER)}")
    with progress.step("alerts", "evaluating the alert rules for every enterprise"):
        progress.say(f"  {tell_alerts(home.ledger)}")
    progress.say(f"report: {folder / SCORE}; for an auditor (docs/city.md): {home.out}")
    if options.summary:
        write_durably(options.summary, json.dumps(found, indent=1, ensure_ascii=False).encode() + b"\n")
    if not options.exit:
        serve(home, options.port, progress)
    missed = [one for one in found["missed"] if one["rule"] not in found["notes_by"]]  # a note accuses nobody
    good = not missed and set(found["honest"]["clean_quarters"]) <= {"green"}
    return 0 if good and not different else 1


def filed(count: int) -> list[int]:
    """The last quarters, which go onto the chain."""
    return list(range(LAST_QUARTER - count + 1, LAST_QUARTER + 1))


def _file(home: Home, options: Namespace, quarters: list[int], progress: Progress) -> on_chain.Colours:
    folder = home.root / "city"
    firms = list(records.read(folder / FIRMS))
    honest = partial(build.honest, options.seed, options.city_firms)
    begins, documents = as_of(quarters[0]), documents_of(folder / "documents")
    with open_office(home, firms, begins, progress, documents) as office:
        colours = on_chain.file_quarters(office, quarters, honest)
        handed.hand_over(office, quarters, folder / SCORE)
    return colours


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


def _check(folder: Path, kept: Collection[int], progress: Progress) -> Iterator[dict[str, Any]]:
    quarters = range(build.FIRST_QUARTER, build.FIRST_QUARTER + build.QUARTERS)
    waiting = [q for q in quarters if not _result(folder, q).exists()]
    if waiting:
        _result(folder, waiting[0]).parent.mkdir(exist_ok=True)
        with ProcessPoolExecutor(max_workers=min(len(waiting), os.cpu_count() or 1)) as pool:
            jobs = pool.map(_quarter, [str(folder / FIRMS)] * len(waiting), waiting, [q in kept for q in waiting])
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


def _quarter(path: str, quarter: int, keeps: bool) -> int:
    """The codes of a quarter, into a file, and where it `keeps` them the documents; how many are red."""
    books = _books(path)
    rows, documents = [], []
    for firm in books.firms:
        judged = document(books, firm, quarter)
        documents.append(judged)
        result = assess(Node(judged), library.code_rules())
        rows.append(
            {
                "colour": result.colour,
                "families": list(result.families),
                "firm": firm.code,
                "points": result.points,
                "quarter": quarter,
                "reasons": list(result.reasons),
                "soft": [j.rule.id for j in result.judged if j.points and not j.rule.is_hard],
                "why": {j.rule.id: _sentences(j) for j in result.judged if j.status in ("failed", "points")},
            }
        )
    folder = Path(path).parent
    if keeps:
        write_durably(folder / "documents" / f"{quarter_text(quarter)}.jsonl", _lines(documents))
    write_durably(_result(folder, quarter), _lines(rows))  # last: it says that both are there
    return sum(row["colour"] == "red" for row in rows)


def _lines(rows: Iterable[Any]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows).encode()


def _sentences(judged: Judged) -> list[str]:
    return list(explanation(judged))
