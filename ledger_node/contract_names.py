"""The contracts that are built and deployed. Generated code has no part in this, so that it can be generated again."""

from __future__ import annotations

from typing import Final

NAMES: Final = (
    "Directory",
    "MemberRegistry",
    "DeviceRegistry",
    "CheckpointRegistry",
    "FactorRegistry",
    "RuleSetRegistry",
    "EnergyCalculator",
    "CombustionCalculator",
    "ProcessCalculator",
    "ReportRegistry",
    "GrantRegistry",
    "AllocationRules",
    "AllocationCalculator",
    "PlanRegistry",
    "QuotaRules",
    "AllowanceLedger",
    "Compliance",
    "SettlementToken",
    "TradingRules",
    "Market",
    "PledgeRegistry",
    "AssessmentRules",
    "StatisticsRegistry",
    "CodeRegistry",
    "GradeRegistry",
    "LoanRules",
    "LoanRegistry",
    "SupportTool",
    "Batch",
    "ReductionRegistry",
    "ControlPlanRegistry",
)
"""In the order of their creation: the n-th is made by the deployer's transaction `first_nonce + n`."""
