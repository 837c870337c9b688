// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "./IRegistry.sol";
import {ControlPlan, ControlPlanReview} from "../MrvActs.sol";
import {Signed} from "../Signatures.sol";

/// @title Data-quality control plans, by digest: how an enterprise measures in a year, version by version.
/// @dev Warning: a plan in force stays so until its successor is acknowledged; one that is only filed is in no force.
interface IControlPlanRegistry is IRegistry {
    /// @notice The record `controlplan`. `status`: 1 filed, 2 acknowledged, 3 returned, 4 replaced.
    struct ControlPlanRecord {
        bytes32 planId;
        bytes32 member;
        uint16 year;
        uint16 version;
        bytes32 planDigest;
        bytes32 replaces;
        bytes32 changeDigest;
        uint64 filedAt;
        uint8 status;
        bytes32 reviewer;
        uint64 reviewedAt;
        bytes32 reasonDigest;
    }

    event ControlPlanFiled(bytes32 indexed planId, bytes32 indexed member, uint16 indexed year, uint16 version);
    event ControlPlanReviewed(bytes32 indexed planId, bytes32 indexed reviewer, uint8 status, bytes32 actId);
    event ControlPlanReplaced(bytes32 indexed planId, bytes32 indexed by);

    error ControlPlanRegistryUnknown(bytes32 planId);
    error ControlPlanRegistryYearUnknown(uint16 year);
    error ControlPlanRegistryReplacesOther(bytes32 latest, bytes32 replaces);
    error ControlPlanRegistryVersionNotNext(uint16 latest, uint16 version);
    error ControlPlanRegistryUnchanged(bytes32 planDigest);
    error ControlPlanRegistryReasonMissing(bytes32 planId);
    error ControlPlanRegistryStatusUnchangeable(bytes32 planId, uint8 status);
    error ControlPlanRegistryOutcomeUnknown(uint8 outcome);
    error ControlPlanRegistryConflictOfDuty(bytes32 reviewer);

    /// @notice Files the next version of a year's plan, which names the one that it replaces. Signed by an act key of
    /// the enterprise. The act's id is the plan's; `reasonDigest` says why the plan changed, and is 0 of version 1 alone.
    function file(ControlPlan calldata act, Signed calldata member) external;

    /// @notice Acknowledges a plan (outcome 1) or returns it with reasons (2). Signed by an act key of a regulator or
    /// verifier.
    function review(ControlPlanReview calldata act, Signed calldata reviewer) external;

    function planOf(bytes32 planId) external view returns (ControlPlanRecord memory);

    /// @notice The version filed last, 0 if there is none.
    function latestPlan(bytes32 member, uint16 year) external view returns (bytes32);

    /// @notice The version acknowledged last, 0 if there is none.
    function planInForce(bytes32 member, uint16 year) external view returns (bytes32);
}
