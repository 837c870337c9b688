// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "./IRegistry.sol";
import {Plan, PlanEnd} from "../QuotaActs.sol";
import {Signed} from "../Signatures.sol";

/// @notice By whose authority an act of the quorum is done: signed by the quorum (`plan` 0), or a step of a plan that
/// the quorum signed; then `quorum` is not read.
struct Authority {
    Signed[] quorum;
    bytes32 plan;
    uint64 index;
    bytes32[] proof;
}

/// @title Plans: the quorum signs the root of many acts once, and anyone carries them out one by one.
/// @dev A plan is an RFC 9162 tree over SHA-256 whose i-th entry is the id (32 bytes) of its i-th act.
/// @dev Warning: an act keeps its reference, so the same step in a second plan is done once only.
interface IPlanRegistry is IRegistry {
    /// @notice The record `plan`.
    struct PlanRecord {
        bytes32 planId;
        bytes32 root;
        uint64 size;
        uint16 year;
        bytes32 statementDigest;
        uint64 publishedAt;
        uint64 endedAt;
    }

    event PlanPublished(bytes32 indexed planId, bytes32 root, uint64 size, uint16 year);
    event PlanEnded(bytes32 indexed planId, bytes32 reasonDigest, bytes32 actId);

    error PlanRegistryUnknown(bytes32 planId);
    error PlanRegistryEnded(bytes32 planId, uint64 endedAt);
    error PlanRegistryEmpty(bytes32 root, uint64 size);
    /// @notice The proof does not show the act at this index of the plan.
    error PlanRegistryNotAStep(bytes32 planId, uint64 index, bytes32 actId);

    /// @notice Publishes a plan. Signed by the quorum.
    function publish(Plan calldata act, Signed[] calldata quorum) external;

    /// @notice Ends a plan: what was done stays, no step is done any more. Signed by the quorum.
    function end(PlanEnd calldata act, Signed[] calldata quorum) external;

    /// @notice Reverts unless the act is the step `index` of a plan that has not ended.
    function requireStep(bytes32 planId, uint64 index, bytes32 actId, bytes32[] calldata proof) external view;

    function planOf(bytes32 planId) external view returns (PlanRecord memory);
}
