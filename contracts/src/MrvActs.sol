// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Taken by ControlPlanRegistry.file.
struct ControlPlan {
    bytes32 member;
    uint16 year;
    uint16 version;
    bytes32 planDigest;
    bytes32 replaces;
    bytes32 reasonDigest;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant CONTROL_PLAN_TYPE = keccak256(
    "ControlPlan(bytes32 member,uint16 year,uint16 version,bytes32 planDigest,bytes32 replaces,bytes32 reasonDigest,"
    "bytes32 reference,uint64 deadline)"
);

/// @notice Taken by ControlPlanRegistry.review.
struct ControlPlanReview {
    bytes32 plan;
    bytes32 reviewer;
    uint8 outcome;
    bytes32 reasonDigest;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant CONTROL_PLAN_REVIEW_TYPE = keccak256(
    "ControlPlanReview(bytes32 plan,bytes32 reviewer,uint8 outcome,bytes32 reasonDigest,bytes32 reference,"
    "uint64 deadline)"
);
