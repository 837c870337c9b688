"""Hand over: the policy, the bundles of the report and of one reading, each made once and kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from carbonledger.errors import Refused
from carbonledger.policy import ChainPolicy, LogPolicy, Policy, WitnessPolicy
from ledger_node.chain.evidence import engine_of, validators_of
from oracle.disclosure import Disclosure, Reported, YearEvidence
from scripts.mainjob.cast import REGULATOR
from scripts.mainjob.home import write_durably
from scripts.mainjob.job import Parts
from scripts.mainjob.plant import METER, UNIT, WITNESS_QUORUM
from scripts.mainjob.report import Approved

SHOWN_READING: Final = 20_000  # sequence number of the reading whose bundle is made


@dataclass(frozen=True)
class HandedOver:
    """Where the files are."""

    policy: Path
    report: Path
    reading: Path
    evidence: YearEvidence
    reported: Reported
    findings: Path
    plan: Path


def hand_over(p: Parts, approved: Approved) -> HandedOver:
    """Write what is not there yet."""
    out, year = p.home.out, p.year.year
    disclosure = disclosure_of(p)
    reported = reported_of(p, approved)
    policy = out / "policy.toml"
    keep(policy, policy_of(p).format().encode())
    kept = out / f"evidence-{year}.json"
    if not kept.exists():
        keep(kept, disclosure.evidence(reported, p.chain.head().number).format())
    evidence = YearEvidence.parse(kept.read_bytes())
    report = out / f"report-{year}.bundle.json"
    if not report.exists():
        keep(report, disclosure.report_bundle(reported, evidence))
    reading = out / f"reading-{year}.bundle.json"
    if not reading.exists():
        keep(reading, disclosure.reading_bundle(shown_index(p), p.cast["enterprise"].id, evidence))
    return HandedOver(policy, report, reading, evidence, reported, findings_file(p), plan_file(p))


def plan_file(p: Parts) -> Path:
    """Where the control plan lies."""
    return p.home.out / f"control-plan-{p.year.year}.json"


def findings_file(p: Parts) -> Path:
    """Where the verifier's document lies."""
    return p.home.out / f"findings-{p.year.year}.json"


def reported_of(p: Parts, approved: Approved) -> Reported:
    """The report with what it is made of."""
    return Reported(
        approved.report_id,
        p.cast["enterprise"].id,
        p.year.year,
        approved.statement,
        approved.months,
        approved.month_ids,
        ((UNIT, (METER,)),),
    )


def disclosure_of(p: Parts) -> Disclosure:
    """The maker of this enterprise's bundles."""
    return Disclosure(
        p.node,
        p.chain,
        p.relay.addresses,
        (p.log_keys.verifier, p.log_keys.eip712_verifier),
        (p.witness.vkey, p.witness.eip712_vkey),
    )


def policy_of(p: Parts) -> Policy:
    """What a reader of this demonstration is asked to trust."""
    head = p.chain.head().number
    engine = engine_of(p.chain, p.chain.header(head))
    return Policy(
        ChainPolicy(
            p.chain.chain_id,
            p.chain.genesis_hash,
            p.deployment.directory,
            engine,
            p.chain.operator,
            validators_of(p.chain, engine, head),
        ),
        (LogPolicy(p.node.origin, p.log_keys.verifier, p.log_keys.eip712_verifier),),
        WitnessPolicy(WITNESS_QUORUM, (p.witness.vkey, p.witness.eip712_vkey)),
        frozenset(member.id for member in p.cast.values() if member.kinds == REGULATOR),
    )


def shown_index(p: Parts) -> int:
    """Log index of the reading that is shown; of a short year its last."""
    signer = next(signer for signer in p.node.devices() if signer.identifier == METER)
    wanted = min(SHOWN_READING, len(p.year.intervals))
    index = p.node.store.find(signer.number, wanted)
    if index is None:
        raise Refused(f"reading {wanted} is not in the log", expected="an index", found="none")
    return index


def keep(path: Path, content: bytes) -> None:
    """Write a file once, whole."""
    if not path.exists():
        write_durably(path, content)
