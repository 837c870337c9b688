"""The summary of a run, as JSON for programs and as a few lines for people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from carbonledger.records import KINDS
from ledger_node.chain.records import RECORD_WRITTEN
from oracle import log_entries
from oracle.filing import manifest_of
from scripts.mainjob.documents import Documents
from scripts.mainjob.handover import HandedOver
from scripts.mainjob.home import write_durably
from scripts.mainjob.job import REPLAY_NOTE, Parts
from scripts.mainjob.plant import METER
from scripts.mainjob.report import Approved


def summarise(
    p: Parts,
    approved: Approved,
    handed: HandedOver,
    verdicts: Mapping[str, str],
    package: Path,
    api_url: str,
    documents: Documents,
) -> dict[str, Any]:
    """What came out. Counts are of the log and the chain, not of what was sent to them."""
    manifests = log_entries.manifests(p.node, METER, p.year.year)
    head = p.chain.head()
    anchors = p.chain.logs(
        0, head.number, [p.relay.addresses["CheckpointRegistry"]], [RECORD_WRITTEN, KINDS["anchor"].tag]
    )
    return {
        "readings": sum(int(manifest_of(entry.body)["count"]) for entry in manifests),
        "checkpoints": sum(1 for _ in p.node.checkpoints.notes()),
        "anchors": len({log.topics[2] for log in anchors}),
        "blocks": head.number,
        "energy_wh": sum(line.quantity for line in approved.statement.chain_lines),
        "emission_g": approved.statement.emission,
        "verdict_report": verdicts["report"],
        "verdict_reading": verdicts["reading"],
        "verdict_replay": verdicts["replay"],
        "bundle_report": str(handed.report),
        "bundle_reading": str(handed.reading),
        "policy": str(handed.policy),
        "audit_package": str(package),
        "log_dir": str(p.node.log_dir),
        "log_origin": p.node.origin,
        "log_vkey": p.log_keys.verifier.format(),
        "api_url": api_url,
        "chain": p.chain.url,
        "seconds": dict(p.progress.seconds),
        "year": p.year.year,
        "source": p.year.source,
        "notes": [*p.year.notes, *([REPLAY_NOTE] if p.chain.engine == "rpc" else [])],
        "report_id": approved.report_id.hex(),
        "rule_set": approved.statement.rules.key,
        "directory": p.deployment.directory.hex(),
        "report_pdf": str(documents.pdf),
        "report_xlsx": str(documents.xlsx),
        "names": str(documents.names),
    }


def write_summary(path: Path, summary: dict[str, Any]) -> None:
    """The summary as a file of JSON."""
    write_durably(path.resolve(), json.dumps(summary, indent=1, ensure_ascii=False).encode() + b"\n")
