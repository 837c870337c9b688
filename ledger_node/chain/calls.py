"""Which contract call carries which act."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from carbonledger.acts import Act
from carbonledger.errors import Unknown
from ledger_node.chain.bindings import (
    allocation_rules,
    allowance_ledger,
    checkpoint_registry,
    compliance,
    control_plan_registry,
    device_registry,
    directory,
    factor_registry,
    grant_registry,
    member_registry,
    plan_registry,
    quota_rules,
    report_registry,
    rule_set_registry,
)

ENCODERS: Final[Mapping[str, Callable[..., bytes]]] = {
    "Admission": member_registry.encode_admit,
    "MemberStatus": member_registry.encode_set_status,
    "KeyEnrolment": member_registry.encode_enrol_key,
    "KeyEnd": member_registry.encode_end_key,
    "DirectoryEntry": directory.encode_set,
    "DeviceEnrolment": device_registry.encode_enrol,
    "Calibration": device_registry.encode_calibrate,
    "DeviceRemoval": device_registry.encode_remove,
    "LogRegistration": checkpoint_registry.encode_register_log,
    "Checkpoint": checkpoint_registry.encode_anchor,
    "LogStatus": checkpoint_registry.encode_set_status,
    "Factor": factor_registry.encode_publish,
    "RuleSetPublication": rule_set_registry.encode_publish,
    "MonthEvidence": report_registry.encode_file_month,
    "AnnualReport": report_registry.encode_file_report,
    "Verification": report_registry.encode_verify,
    "Approval": report_registry.encode_approve,
    "Grant": grant_registry.encode_grant,
    "GrantEnd": grant_registry.encode_revoke,
    "AllocationPublication": allocation_rules.encode_publish,
    "BalanceProposal": allocation_rules.encode_propose_balance,
    "Plan": plan_registry.encode_publish,
    "PlanEnd": plan_registry.encode_end,
    "OffsetProject": allowance_ledger.encode_register_project,
    "Issuance": allowance_ledger.encode_issue,
    "Recall": allowance_ledger.encode_recall,
    "Release": allowance_ledger.encode_release,
    "Movement": allowance_ledger.encode_move,
    "Freeze": allowance_ledger.encode_freeze,
    "Thaw": allowance_ledger.encode_thaw,
    "ComplianceRules": quota_rules.encode_publish_compliance,
    "CarryOverRules": quota_rules.encode_publish_carry_over,
    "PenaltyLaw": quota_rules.encode_publish_penalty,
    "Obligation": compliance.encode_fix,
    "Surrender": compliance.encode_surrender,
    "ForcedSurrender": compliance.encode_force_surrender,
    "Cancellation": compliance.encode_cancel,
    "CarryOver": compliance.encode_carry_over,
    "Decision": compliance.encode_decide,
    "Closing": compliance.encode_close,
    "Deduction": compliance.encode_deduct,
    "ControlPlan": control_plan_registry.encode_file,
    "ControlPlanReview": control_plan_registry.encode_review,
}


def carry(addresses: Mapping[str, bytes], act: Act, *more: Any) -> tuple[bytes, bytes]:
    """(contract's address, calldata) of an act; `more` are the call's further arguments: signatures, arrays."""
    if act.type.name not in ENCODERS:
        raise Unknown("act that no contract call takes", expected=", ".join(ENCODERS), found=act.type.name)
    return addresses[act.type.contract], ENCODERS[act.type.name](act, *more)
