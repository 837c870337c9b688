"""The main job through the door a user takes: what it says, what it leaves, and that a second start changes nothing."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from carbonledger.bundle.model import Bundle
from carbonledger.mrv.findings import Findings
from ledger_node import __main__ as ledger_node
from oracle import __main__ as oracle

if TYPE_CHECKING:
    from tests.e2e.conftest import Job

ROOT = Path(__file__).resolve().parents[2]
STEEL = Path(os.environ.get("CARBONLEDGER_DATA", ROOT / "../shared/data")) / "steel_industry_2018.csv.gz"
FACTOR = Fraction("0.5306")  # gCO2e/Wh, national grid, data year 2023
PROMISED = {
    *("readings", "checkpoints", "anchors", "blocks", "energy_wh", "emission_g", "seconds", "chain", "api_url"),
    *("verdict_report", "verdict_reading", "verdict_replay", "bundle_report", "bundle_reading", "policy"),
    *("audit_package", "log_dir", "log_origin", "log_vkey", "report_pdf", "report_xlsx"),
}

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("main-job")]


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "carbonledger", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_summary_has_what_is_promised_and_the_sums_are_exact(job: Job) -> None:
    summary = job.summary
    assert set(summary) >= PROMISED
    assert summary["energy_wh"] == job.energy_wh
    assert summary["emission_g"] == int(job.energy_wh * FACTOR)
    assert summary["readings"] == 1460
    assert summary["checkpoints"] >= summary["anchors"] >= 365
    assert {summary[f"verdict_{what}"] for what in ("report", "reading", "replay")} == {"VALID"}
    for name in ("bundle_report", "bundle_reading", "policy", "audit_package", "log_dir"):
        assert Path(summary[name]).is_absolute()
        assert Path(summary[name]).exists()
    assert all(isinstance(value, float | int) for value in summary["seconds"].values())


def test_the_verifier_ran_its_checks_and_the_chain_has_the_digest_of_what_it_says(job: Job) -> None:
    raw = (job.out / "findings-2025.json").read_bytes()
    findings = Findings.parse(raw)
    results = {check.id: check.result for check in findings.crosschecks}
    assert {results[name] for name in ("bundle", "months-in-time", "calibration", "control-plan")} == {"pass"}
    (readings,) = [check for check in findings.crosschecks if check.id == "readings"]
    assert (readings.numbers["readings"], readings.numbers["missing"]) == ("1460", "0")
    assert results["energy-statements"] == "not-run"  # nobody looked the grid's statement up, and it says so
    assert len(results) == 16
    assert findings.report.hex() == job.summary["report_id"]
    assert findings.plan is not None
    bundle = Bundle.parse((job.out / "report-2025.bundle.json").read_bytes())
    assert bundle.chain is not None
    (report,) = bundle.chain.of_kind("report")
    assert report.field("findingsDigest") == hashlib.sha256(raw).digest()
    done = command("replay", job.out / "audit-2025.zip", "--policy", job.out / "policy.toml")
    assert "the verifier's document has 0 findings, and of its checks" in done.stdout


def test_what_the_job_keeps_is_checked_by_the_nodes_own_commands(job: Job, capsys: pytest.CaptureFixture[str]) -> None:
    assert oracle.main(["fsck", "--home", str(job.home / "oracle"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["clean"], found["problems"]) == (True, [])
    assert found["size"] > job.summary["readings"]
    assert ledger_node.main(["fsck", "--config", str(job.home / "ledger_node.toml")]) == 0
    assert f"clean: block {job.summary['blocks']}" in capsys.readouterr().out


def test_a_second_start_goes_on_from_there_and_doubles_nothing(job: Job, tmp_path: Path) -> None:
    again = tmp_path / "again.json"
    done = subprocess.run(
        [sys.executable, "-m", "scripts.mainjob", "--exit", "--home", str(job.home), "--data", str(job.data),
         "--summary", str(again)],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    found = json.loads(again.read_text(encoding="utf-8"))
    for name in ("readings", "anchors", "energy_wh", "emission_g", "report_id"):
        assert found[name] == job.summary[name]


def test_a_home_of_another_job_is_refused(job: Job) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scripts.mainjob", "--exit", "--home", str(job.home), "--seed", "9"],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "another job" in done.stderr
    assert "--fresh" in done.stderr


def test_the_verifier_says_valid_only_with_a_policy_and_only_to_the_very_bytes(job: Job, tmp_path: Path) -> None:
    policy = job.out / "policy.toml"
    for name in ("report-2025.bundle.json", "reading-2025.bundle.json"):
        bundle = job.out / name
        assert command("verify", bundle, "--policy", policy).returncode == 0
        assert command("verify", bundle).returncode == 3
        changed = bytearray(bundle.read_bytes())
        changed[len(changed) // 2] ^= 1
        (tmp_path / name).write_bytes(changed)
        assert command("verify", tmp_path / name, "--policy", policy).returncode in (1, 3)
    assert command("verify", tmp_path / "nothing.json", "--policy", policy).returncode == 2


def test_a_replay_of_every_reading_agrees_and_names_the_first_difference(job: Job, tmp_path: Path) -> None:
    policy = job.out / "policy.toml"
    package = job.out / "audit-2025.zip"
    done = command("replay", package, "--policy", policy, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["verdict"] == "VALID"
    changed = bytearray(package.read_bytes())
    changed[len(changed) * 3 // 4] ^= 1
    (tmp_path / "changed.zip").write_bytes(changed)
    assert command("replay", tmp_path / "changed.zip", "--policy", policy).returncode in (1, 2)


@pytest.mark.skipif(not STEEL.exists(), reason=f"the steel plant's year is not at {STEEL}")
def test_the_steel_plants_year_comes_to_the_gram(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scripts.mainjob", "--exit", "--home", str(tmp_path / "home"), "--data", str(STEEL),
         "--summary", str(tmp_path / "summary.json")],
        cwd=ROOT, capture_output=True, text=True, timeout=540, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    summary = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    assert summary["energy_wh"] == 959_636_710
    assert summary["emission_g"] == 509_183_238
    assert summary["readings"] == 35_040
    assert "replayed as reporting year 2025" in done.stdout
