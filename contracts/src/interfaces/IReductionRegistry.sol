// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "./IRegistry.sol";
import {Reduction} from "../ReductionActs.sol";
import {Signed} from "../Signatures.sol";

/// @title What projects reduced, period by period; each period is credited once.
/// @dev Warning: periods of a project are credited in their order: what was left out before a credited one stays out.
/// @dev Warning: that the tonnes follow from the readings is checked by the verifier on the statement whose digest
/// stands here, not by the contract.
interface IReductionRegistry is IRegistry {
    /// @notice The record `reduction`. `vintage` is the year at UTC+08:00 in which the period ends.
    struct ReductionRecord {
        bytes32 reductionId;
        bytes32 project;
        bytes32 member;
        uint64 periodFrom;
        uint64 periodTo;
        uint16 vintage;
        uint64 amount;
        bytes32 statementDigest;
        bytes32 verifier;
        uint64 approvedAt;
    }

    event ReductionApproved(
        bytes32 indexed reductionId, bytes32 indexed project, uint64 periodFrom, uint64 periodTo, uint64 amount
    );

    /// @notice The period must be over, not empty, and begin at or after the end of what was credited.
    error ReductionRegistryPeriodRefused(uint64 periodFrom, uint64 periodTo, uint64 creditedTo, uint64 time);
    error ReductionRegistryNothingReduced(bytes32 project);
    /// @notice The verifier may not be the project's owner.
    error ReductionRegistryVerifierRefused(bytes32 verifier, bytes32 owner);
    error ReductionRegistryUnknown(bytes32 reductionId);
    /// @notice Units are issued for a reduction of the same project and vintage, all of them at once.
    error ReductionRegistryIssueDiffers(bytes32 reductionId, uint16 vintage, uint64 amount);

    /// @notice Credits a period. Signed by an act key of the verifier and by the quorum. The act's id is the
    /// reduction's, and the decision under which its units are issued.
    function approve(Reduction calldata act, Signed calldata verifier, Signed[] calldata quorum) external;

    /// @notice Reverts unless `amount` units of this class are what the reduction allows.
    function requireIssue(bytes32 reductionId, bytes32 project, uint16 vintage, uint64 amount) external view;

    /// @notice End of the last period credited to a project (s), 0 before the first.
    function creditedTo(bytes32 project) external view returns (uint64);

    function reductionOf(bytes32 reductionId) external view returns (ReductionRecord memory);
}
