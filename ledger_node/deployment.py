"""Deployment of the contracts: a plan of transactions, its run, and the check of what was deployed.

The Directory is created first, with a table of the addresses at which the others will be created and of their code
hashes; the MemberRegistry holds the founders and the threshold. The deployer keeps no right. A plan depends only on
the deployer's address, its first nonce, the founders and the threshold, so an interrupted run goes on where it was.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Protocol

from carbonledger.errors import Invalid
from carbonledger.evm import rlp
from carbonledger.identifiers import chain_name
from carbonledger.keccak import keccak256
from ledger_node.chain.bindings import (
    allocation_rules,
    allowance_ledger,
    assessment_rules,
    checkpoint_registry,
    code_registry,
    compliance,
    control_plan_registry,
    device_registry,
    directory,
    factor_registry,
    grade_registry,
    grant_registry,
    loan_registry,
    loan_rules,
    market,
    member_registry,
    plan_registry,
    pledge_registry,
    quota_rules,
    reduction_registry,
    report_registry,
    rule_set_registry,
    settlement_token,
    statistics_registry,
    structs,
    support_tool,
    trading_rules,
)
from ledger_node.contract_names import NAMES

_ARTIFACTS: Final = Path(__file__).parent / "chain" / "artifacts"


@dataclass(frozen=True, slots=True)
class Creation:
    """One transaction of a plan: `init_code` is its data, `address` where the contract will be."""

    name: str
    nonce: int
    init_code: bytes
    address: bytes


@dataclass(frozen=True, slots=True)
class Deployment:
    """Where the contracts are, by name; 20 bytes each."""

    addresses: dict[str, bytes]

    @property
    def directory(self) -> bytes:
        """The address that a policy pins."""
        return self.addresses["Directory"]

    def to_json(self) -> dict[str, str]:
        """Name → address in hex without prefix."""
        return {name: address.hex() for name, address in self.addresses.items()}

    @classmethod
    def from_json(cls, value: dict[str, str]) -> Deployment:
        """Inverse of `to_json`."""
        return cls({name: bytes.fromhex(address) for name, address in value.items()})


class Reader(Protocol):
    """What the check needs of a chain."""

    def code(self, address: bytes) -> bytes: ...

    def call(self, to: bytes, data: bytes) -> bytes: ...


@lru_cache(maxsize=len(NAMES))
def artifact(name: str) -> dict[str, Any]:
    """The committed artifact of a contract."""
    value: dict[str, Any] = json.loads((_ARTIFACTS / f"{name}.json").read_text(encoding="utf-8"))
    return value


def created_address(sender: bytes, nonce: int) -> bytes:
    """Address of the contract that `sender` creates in its transaction `nonce`."""
    return keccak256(rlp.encode((sender, rlp.of_int(nonce))))[12:]


def plan(
    deployer_address: bytes,
    first_nonce: int,
    founders: Sequence[structs.Founder],
    threshold: int,
) -> list[Creation]:
    """The transactions that deploy everything, in order; pure."""
    addresses = {name: created_address(deployer_address, first_nonce + i) for i, name in enumerate(NAMES)}
    where = addresses["Directory"]
    table = [
        structs.Listing(
            name=chain_name(name),
            version=artifact(name)["version"],
            location=addresses[name],
            codeHash=bytes.fromhex(artifact(name)["codeHash"]),
            since=0,  # the contract writes its block's time
        )
        for name in NAMES
    ]
    arguments = {
        "Directory": directory.encode_constructor(table),
        "MemberRegistry": member_registry.encode_constructor(where, founders, threshold),
        "DeviceRegistry": device_registry.encode_constructor(where),
        "CheckpointRegistry": checkpoint_registry.encode_constructor(where),
        "FactorRegistry": factor_registry.encode_constructor(where),
        "RuleSetRegistry": rule_set_registry.encode_constructor(where),
        "EnergyCalculator": b"",
        "CombustionCalculator": b"",
        "ProcessCalculator": b"",
        "ReportRegistry": report_registry.encode_constructor(where),
        "GrantRegistry": grant_registry.encode_constructor(where),
        "AllocationRules": allocation_rules.encode_constructor(where),
        "AllocationCalculator": b"",
        "PlanRegistry": plan_registry.encode_constructor(where),
        "QuotaRules": quota_rules.encode_constructor(where),
        "AllowanceLedger": allowance_ledger.encode_constructor(where),
        "Compliance": compliance.encode_constructor(where),
        "SettlementToken": settlement_token.encode_constructor(where),
        "TradingRules": trading_rules.encode_constructor(where),
        "Market": market.encode_constructor(where),
        "PledgeRegistry": pledge_registry.encode_constructor(where),
        "AssessmentRules": assessment_rules.encode_constructor(where),
        "StatisticsRegistry": statistics_registry.encode_constructor(where),
        "CodeRegistry": code_registry.encode_constructor(where),
        "GradeRegistry": grade_registry.encode_constructor(where),
        "LoanRules": loan_rules.encode_constructor(where),
        "LoanRegistry": loan_registry.encode_constructor(where),
        "SupportTool": support_tool.encode_constructor(where),
        "Batch": b"",
        "ReductionRegistry": reduction_registry.encode_constructor(where),
        "ControlPlanRegistry": control_plan_registry.encode_constructor(where),
    }
    return [
        Creation(
            name,
            first_nonce + i,
            bytes.fromhex(artifact(name)["bytecode"][2:]) + arguments[name],
            addresses[name],
        )
        for i, name in enumerate(NAMES)
    ]


def deploy(
    send: Callable[[Creation], None],
    deployer_address: bytes,
    first_nonce: int,
    founders: Sequence[structs.Founder],
    threshold: int,
) -> Deployment:
    """Run the plan through `send`, which signs and sends one creation at its nonce (and may skip one already mined)."""
    steps = plan(deployer_address, first_nonce, founders, threshold)
    for step in steps:
        send(step)
    return Deployment({step.name: step.address for step in steps})


def check_deployed(chain: Reader, deployment: Deployment) -> None:
    """Raise Invalid unless each contract has the committed code, and the Directory lists it at its address."""
    for name in NAMES:
        address = deployment.addresses[name]
        expected = artifact(name)["codeHash"]
        found = keccak256(chain.code(address)).hex()
        if found != expected:
            raise Invalid(f"code of {name} at 0x{address.hex()}", expected=expected, found=found)
        answer = chain.call(deployment.directory, directory.encode_listing_of(chain_name(name)))
        listed = directory.decode_listing_of(answer)
        if listed.location != address or listed.codeHash.hex() != expected:
            raise Invalid(
                f"the Directory's entry {name}",
                expected=f"0x{address.hex()} with code {expected}",
                found=f"0x{listed.location.hex()} with code {listed.codeHash.hex()}",
            )
