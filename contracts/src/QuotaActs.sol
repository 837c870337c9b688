// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// The acts about allowances and offsets as structs, and their EIP-712 type hashes (docs/formats/acts.md). Rules as in Acts.sol.

/// @notice Taken by PlanRegistry.publish.
struct Plan {
    bytes32 root;
    uint64 size;
    uint16 year;
    bytes32 statementDigest;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant PLAN_TYPE =
    keccak256("Plan(bytes32 root,uint64 size,uint16 year,bytes32 statementDigest,bytes32 reference,uint64 deadline)");

/// @notice Taken by PlanRegistry.end.
struct PlanEnd {
    bytes32 planId;
    bytes32 reasonDigest;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant PLAN_END_TYPE =
    keccak256("PlanEnd(bytes32 planId,bytes32 reasonDigest,bytes32 reference,uint64 deadline)");

/// @notice Taken by AllowanceLedger.registerProject.
struct OffsetProject {
    bytes32 project;
    bytes32 owner;
    bytes32 methodology;
    uint8 covered;
    bytes32 documentDigest;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant OFFSET_PROJECT_TYPE = keccak256(
    "OffsetProject(bytes32 project,bytes32 owner,bytes32 methodology,uint8 covered,bytes32 documentDigest,"
    "bytes32 reference,uint64 deadline)"
);

/// @notice Taken by AllowanceLedger.issue.
struct Issuance {
    bytes32 member;
    uint8 kind;
    uint16 vintage;
    bytes32 project;
    uint64 amount;
    uint8 state;
    uint64 registeredAt;
    bytes32 decision;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant ISSUANCE_TYPE = keccak256(
    "Issuance(bytes32 member,uint8 kind,uint16 vintage,bytes32 project,uint64 amount,uint8 state,"
    "uint64 registeredAt,bytes32 decision,bytes32 reference,uint64 deadline)"
);

/// @notice Taken by AllowanceLedger.recall.
struct Recall {
    bytes32 member;
    bytes32 lot;
    uint64 amount;
    bytes32 decision;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant RECALL_TYPE =
    keccak256("Recall(bytes32 member,bytes32 lot,uint64 amount,bytes32 decision,bytes32 reference,uint64 deadline)");

/// @notice Taken by AllowanceLedger.release.
struct Release {
    bytes32 member;
    bytes32 lot;
    uint64 amount;
    bytes32 decision;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant RELEASE_TYPE =
    keccak256("Release(bytes32 member,bytes32 lot,uint64 amount,bytes32 decision,bytes32 reference,uint64 deadline)");

/// @notice Taken by AllowanceLedger.move.
struct Movement {
    bytes32 member;
    bytes32 lot;
    uint8 source;
    uint8 target;
    uint64 amount;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant MOVEMENT_TYPE = keccak256(
    "Movement(bytes32 member,bytes32 lot,uint8 source,uint8 target,uint64 amount,bytes32 reference,uint64 deadline)"
);

/// @notice Taken by AllowanceLedger.freeze.
struct Freeze {
    bytes32 regulator;
    bytes32 member;
    bytes32 lot;
    uint8 source;
    uint64 amount;
    bytes32 order;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant FREEZE_TYPE = keccak256(
    "Freeze(bytes32 regulator,bytes32 member,bytes32 lot,uint8 source,uint64 amount,bytes32 order,"
    "bytes32 reference,uint64 deadline)"
);

/// @notice Taken by AllowanceLedger.thaw.
struct Thaw {
    bytes32 regulator;
    bytes32 freezeId;
    bytes32 order;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant THAW_TYPE =
    keccak256("Thaw(bytes32 regulator,bytes32 freezeId,bytes32 order,bytes32 reference,uint64 deadline)");

/// @notice Taken by QuotaRules.publishCompliance.
struct ComplianceRules {
    uint16 year;
    uint16 edition;
    uint64 dueAt;
    uint8 rounding;
    uint16 vintageFrom;
    uint16 vintageTo;
    uint32 offsetPpm;
    uint64 offsetFrom;
    uint16 borrowVintage;
    uint32 borrowGapPpm;
    uint32 borrowPpm;
    uint8 evidence;
    bytes32 sourceDigest;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant COMPLIANCE_RULES_TYPE = keccak256(
    "ComplianceRules(uint16 year,uint16 edition,uint64 dueAt,uint8 rounding,uint16 vintageFrom,uint16 vintageTo,"
    "uint32 offsetPpm,uint64 offsetFrom,uint16 borrowVintage,uint32 borrowGapPpm,uint32 borrowPpm,uint8 evidence,"
    "bytes32 sourceDigest,bytes32 reference,uint64 deadline)"
);

/// @notice Taken by QuotaRules.publishCarryOver.
struct CarryOverRules {
    uint16 toVintage;
    uint16 edition;
    uint16 vintageFrom;
    uint16 vintageTo;
    uint64 base;
    uint32 ratePpm;
    uint16 salesFrom;
    uint16 salesTo;
    uint16 holdingsYear;
    uint64 applyUntil;
    uint16 compliantFrom;
    uint16 compliantTo;
    uint8 evidence;
    bytes32 sourceDigest;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant CARRY_OVER_RULES_TYPE = keccak256(
    "CarryOverRules(uint16 toVintage,uint16 edition,uint16 vintageFrom,uint16 vintageTo,uint64 base,uint32 ratePpm,"
    "uint16 salesFrom,uint16 salesTo,uint16 holdingsYear,uint64 applyUntil,uint16 compliantFrom,uint16 compliantTo,"
    "uint8 evidence,bytes32 sourceDigest,bytes32 reference,uint64 deadline)"
);

/// @notice Taken by QuotaRules.publishPenalty.
struct PenaltyLaw {
    bytes32 law;
    uint64 since;
    uint8 basis;
    uint64 minimum;
    uint64 maximum;
    uint8 deducts;
    uint8 evidence;
    bytes32 sourceDigest;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant PENALTY_LAW_TYPE = keccak256(
    "PenaltyLaw(bytes32 law,uint64 since,uint8 basis,uint64 minimum,uint64 maximum,uint8 deducts,uint8 evidence,"
    "bytes32 sourceDigest,bytes32 reference,uint64 deadline)"
);

/// @notice Taken by Compliance.fix.
struct Obligation {
    bytes32 member;
    uint16 year;
    bytes32 report;
    uint64 dueAt;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant OBLIGATION_TYPE =
    keccak256("Obligation(bytes32 member,uint16 year,bytes32 report,uint64 dueAt,bytes32 reference,uint64 deadline)");

/// @notice Taken by Compliance.surrender.
struct Surrender {
    bytes32 member;
    uint16 year;
    bytes32 lot;
    uint64 amount;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant SURRENDER_TYPE =
    keccak256("Surrender(bytes32 member,uint16 year,bytes32 lot,uint64 amount,bytes32 reference,uint64 deadline)");

/// @notice Taken by Compliance.forceSurrender.
struct ForcedSurrender {
    bytes32 member;
    uint16 year;
    bytes32 lot;
    uint8 source;
    uint64 amount;
    bytes32 decision;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant FORCED_SURRENDER_TYPE = keccak256(
    "ForcedSurrender(bytes32 member,uint16 year,bytes32 lot,uint8 source,uint64 amount,bytes32 decision,"
    "bytes32 reference,uint64 deadline)"
);

/// @notice Taken by Compliance.cancel.
struct Cancellation {
    bytes32 member;
    bytes32 lot;
    uint64 amount;
    bytes32 beneficiary;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant CANCELLATION_TYPE = keccak256(
    "Cancellation(bytes32 member,bytes32 lot,uint64 amount,bytes32 beneficiary,bytes32 reference,uint64 deadline)"
);

/// @notice Taken by Compliance.carryOver.
struct CarryOver {
    bytes32 member;
    uint16 toVintage;
    bytes32 lot;
    uint64 amount;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant CARRY_OVER_TYPE =
    keccak256("CarryOver(bytes32 member,uint16 toVintage,bytes32 lot,uint64 amount,bytes32 reference,uint64 deadline)");

/// @notice Taken by Compliance.decide.
struct Decision {
    bytes32 disposal;
    uint8 outcome;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant DECISION_TYPE =
    keccak256("Decision(bytes32 disposal,uint8 outcome,bytes32 reference,uint64 deadline)");

/// @notice Taken by Compliance.close.
struct Closing {
    bytes32 member;
    uint16 year;
    uint64 price;
    bytes32 priceDigest;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant CLOSING_TYPE =
    keccak256("Closing(bytes32 member,uint16 year,uint64 price,bytes32 priceDigest,bytes32 reference,uint64 deadline)");

/// @notice Taken by Compliance.deduct.
struct Deduction {
    bytes32 member;
    uint16 year;
    uint64 amount;
    bytes32 decision;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant DEDUCTION_TYPE =
    keccak256("Deduction(bytes32 member,uint16 year,uint64 amount,bytes32 decision,bytes32 reference,uint64 deadline)");
