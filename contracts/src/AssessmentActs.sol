// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// The acts about codes and grades as structs, and their EIP-712 type hashes (docs/formats/acts.md). Rules as in Acts.sol.

/// @notice Taken by AssessmentRules.publish.
struct AssessmentPublication {
    bytes32 setId;
    bytes32 formDigest;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant ASSESSMENT_PUBLICATION_TYPE =
    keccak256("AssessmentPublication(bytes32 setId,bytes32 formDigest,bytes32 reference,uint64 deadline)");

/// @notice Taken by AssessmentRules.publishCalendar.
struct WorkingYear {
    uint16 year;
    uint16 edition;
    uint256 offLow;
    uint256 offHigh;
    bytes32 sourceDigest;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant WORKING_YEAR_TYPE = keccak256(
    "WorkingYear(uint16 year,uint16 edition,uint256 offLow,uint256 offHigh,bytes32 sourceDigest,bytes32 reference,"
    "uint64 deadline)"
);

/// @notice Taken by StatisticsRegistry.publish.
struct PeerStatement {
    bytes32 assessor;
    bytes32 industry;
    uint8 level;
    uint16 year;
    uint8 quarter;
    uint16 revision;
    uint32 peers;
    bytes32 digest;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant PEER_STATEMENT_TYPE = keccak256(
    "PeerStatement(bytes32 assessor,bytes32 industry,uint8 level,uint16 year,uint8 quarter,uint16 revision,"
    "uint32 peers,bytes32 digest,bytes32 reference,uint64 deadline)"
);

/// @notice Taken by CodeRegistry.file.
struct CodeList {
    bytes32 assessor;
    uint16 year;
    uint8 quarter;
    bytes32 ruleSetId;
    bytes32 itemsDigest;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant CODE_LIST_TYPE = keccak256(
    "CodeList(bytes32 assessor,uint16 year,uint8 quarter,bytes32 ruleSetId,bytes32 itemsDigest,bytes32 reference,"
    "uint64 deadline)"
);

/// @notice Taken by CodeRegistry.explain.
struct Explanation {
    bytes32 caseId;
    bytes32 member;
    bytes32 digest;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant EXPLANATION_TYPE =
    keccak256("Explanation(bytes32 caseId,bytes32 member,bytes32 digest,bytes32 reference,uint64 deadline)");

/// @notice Taken by CodeRegistry.assign.
struct Assignment {
    bytes32 caseId;
    bytes32 assessor;
    bytes32 secret;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant ASSIGNMENT_TYPE =
    keccak256("Assignment(bytes32 caseId,bytes32 assessor,bytes32 secret,bytes32 reference,uint64 deadline)");

/// @notice Taken by CodeRegistry.find.
struct Finding {
    bytes32 caseId;
    bytes32 inspector;
    uint8 outcome;
    bytes32 digest;
    bytes32 second;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant FINDING_TYPE = keccak256(
    "Finding(bytes32 caseId,bytes32 inspector,uint8 outcome,bytes32 digest,bytes32 second,bytes32 reference,"
    "uint64 deadline)"
);

/// @notice Taken by CodeRegistry.clear.
struct Clearance {
    bytes32 caseId;
    bytes32 inspector;
    bytes32 second;
    bytes32 rerun;
    uint32 changePpm;
    bytes32 verifier;
    bytes32 digest;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant CLEARANCE_TYPE = keccak256(
    "Clearance(bytes32 caseId,bytes32 inspector,bytes32 second,bytes32 rerun,uint32 changePpm,bytes32 verifier,"
    "bytes32 digest,bytes32 reference,uint64 deadline)"
);

/// @notice Taken by GradeRegistry.file.
struct GradeList {
    bytes32 assessor;
    uint16 year;
    uint8 quarter;
    bytes32 schemeId;
    bytes32 itemsDigest;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant GRADE_LIST_TYPE = keccak256(
    "GradeList(bytes32 assessor,uint16 year,uint8 quarter,bytes32 schemeId,bytes32 itemsDigest,bytes32 reference,"
    "uint64 deadline)"
);
