"""`python -m scripts.mainjob`: what `scripts/run` does after the set-up."""

from __future__ import annotations

import signal
import sys
from argparse import Namespace
from collections import Counter
from functools import partial

from carbonledger.errors import CarbonLedgerError
from carbonledger.policy import Policy
from carbonledger.replay import replay
from carbonledger.verify import verify
from scripts.mainjob import audit, desk
from scripts.mainjob.api_service import ApiService
from scripts.mainjob.checking import COMMANDS
from scripts.mainjob.documents import make_documents
from scripts.mainjob.handover import hand_over
from scripts.mainjob.home import open_home
from scripts.mainjob.job import parts, replay_year
from scripts.mainjob.options import check_ends, parser
from scripts.mainjob.progress import Progress
from scripts.mainjob.summary import summarise, write_summary


def main() -> int:
    """0 done; 1 a verdict was INVALID or ERROR; 2 refused, with the reason."""
    options = parser().parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return run(options)
    except (CarbonLedgerError, OSError) as error:
        print(f"\nscripts/run: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nstopped; start again to go on", file=sys.stderr)
        return 130


def run(options: Namespace) -> int:
    """The whole job, then serving unless told to leave."""
    if options.city:
        from scripts.city.job import run as run_city

        return run_city(options)
    progress = Progress()
    check_ends(options)
    home, _lock = open_home(options.home, options.fresh)
    with parts(home, options, progress) as p:
        with progress.step("plan", "control plan: filed by the enterprise, acknowledged by the regulator"):
            progress.say(f"  plan {desk.file_plan(p).hex()[:16]}…, version 1")
        approved = replay_year(p, partial(desk.verify, p))
        told = Counter(check.result for check in desk.verify(p, approved).crosschecks)
        progress.say("  the verifier's checks: " + ", ".join(f"{n} {word}" for word, n in sorted(told.items())))
        with progress.step("bundles", "making the bundles of the report and of one reading"):
            handed = hand_over(p, approved)
        with progress.step("documents", "making the report's PDF and XLSX from its bundle"):
            documents = make_documents(p, handed)
        with progress.step("package", "exporting the audit package under the auditor's grant"):
            package = audit.export(p, handed)
        policy = Policy.parse(handed.policy.read_bytes())
        with progress.step("verify", "verifying offline: bundles, and a replay of every reading"):
            verdicts = {
                "report": verify(handed.report.read_bytes(), policy).verdict,
                "reading": verify(handed.reading.read_bytes(), policy).verdict,
                "replay": replay([package.read_bytes()], policy).verdict,
            }
            for name, verdict in verdicts.items():
                progress.say(f"  {name}: {verdict}")
        with progress.step("api", "indexing the chain and starting API and pages"):
            service = ApiService(p, handed, package, 0 if options.exit else options.port)
            answered = service.emission()
            if answered != approved.statement.emission:
                progress.say(f"  the API answers {answered} g instead of {approved.statement.emission} g")
                return 1
            progress.say(f"  {service.url} answers {answered:,} gCO2e")
        p.clock.release()
        summary = summarise(p, approved, handed, verdicts, package, service.url, documents)
        if options.summary:
            write_summary(options.summary, summary)
        progress.say(
            f"\n{summary['readings']:,} readings, {summary['energy_wh']:,} Wh, {summary['emission_g']:,} gCO2e; "
            f"{summary['checkpoints']} checkpoints, {summary['anchors']} anchors, {summary['blocks']} blocks"
        )
        progress.say(f"documents: {documents.pdf} and {documents.xlsx.name}")
        progress.say(f"check it: .venv/bin/carbonledger verify {handed.report} --policy {handed.policy}")
        if options.exit:
            progress.say("and what it keeps: " + "; ".join(command.format(home=home) for command in COMMANDS))
        try:
            if not options.exit:
                progress.say(f"serving {service.url} (Ctrl-C stops; the clock is wall time from now on)")
                service.wait()
        finally:
            service.stop()
        # INDETERMINATE is the honest answer on an engine that seals no blocks; it is no failure of the job
        return 0 if set(verdicts.values()) <= {"VALID", "INDETERMINATE"} else 1


if __name__ == "__main__":
    sys.exit(main())
