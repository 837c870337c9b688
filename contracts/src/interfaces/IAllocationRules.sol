// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AllocationPublication, BalanceProposal} from "../Acts.sol";
import {Signed} from "../Signatures.sol";
import {AllocationForm, EntityFacts, EntityResult, UnitFacts, UnitResult} from "./IAllocationCalculator.sol";
import {IRegistry} from "./IRegistry.sol";

/// @notice A member of a sector: an id, intensity in 1e-4 t/t, emissions in g. Strictly ascending by id.
struct BandEntry {
    bytes32 id;
    uint64 intensity;
    uint64 emissions;
}

/// @title The published allocation plans, what follows from them, and the proven balance values of sectors.
/// @dev Warning: that the form follows from the JSON is not checked here; a reader derives it and compares.
interface IAllocationRules is IRegistry {
    /// @notice The record `allocationRules`.
    struct AllocationRuleSet {
        bytes32 ruleSetId;
        bytes32 key;
        uint16 yearFrom;
        uint16 yearTo;
        uint8 status;
        bytes32 formDigest;
    }

    /// @notice A balance value under proof: sums of E·alpha·BP·1e18 at `value` and at the next one.
    struct Balance {
        bytes32 ruleSetId;
        uint16 year;
        bytes32 sector;
        uint64 value;
        uint32 members;
        bytes32 entriesDigest;
        uint32 seen;
        bool proven;
        bytes32 running;
        bytes32 last;
        int256 below;
        int256 above;
    }

    event AllocationRulesPublished(bytes32 indexed ruleSetId, bytes32 indexed key, bytes32 formDigest, bytes32 actId);
    event BalanceProposed(bytes32 indexed balanceId, bytes32 indexed ruleSetId, uint16 year, bytes32 sector);
    event BalanceSummed(bytes32 indexed balanceId, uint32 seen);
    event BalanceProven(bytes32 indexed balanceId, uint64 value);

    error AllocationRulesKnown(bytes32 ruleSetId);
    error AllocationRulesUnknown(bytes32 ruleSetId);
    error AllocationRulesJsonDiffers(bytes32 expected, bytes32 found);
    error AllocationRulesFormDiffers(bytes32 expected, bytes32 found);
    /// @notice `found` is the field's value; of a list the place in it, or its length.
    error AllocationRulesFormWrong(bytes32 field, uint256 found);
    error AllocationRulesYearOutside(bytes32 ruleSetId, uint16 year);
    error AllocationRulesNotABand(bytes32 ruleSetId);
    error AllocationRulesBalanceEmpty(uint64 value, uint32 members);
    error AllocationRulesBalanceUnknown(bytes32 balanceId);
    error AllocationRulesBalanceDone(bytes32 balanceId);
    error AllocationRulesBalanceUnproven(bytes32 ruleSetId, uint16 year, bytes32 sector, uint64 value);
    error AllocationRulesEntriesNotAscending(bytes32 before, bytes32 found);
    error AllocationRulesTooManyEntries(uint256 expected, uint256 found);
    error AllocationRulesEntriesDiffer(bytes32 expected, bytes32 found);
    /// @notice Not below <= 0 < above: the value is not the sector's.
    error AllocationRulesNotABracket(int256 below, int256 above);

    /// @notice Publishes a plan. Signed by the quorum. `json` is kept, its SHA-256 is the id.
    function publish(
        AllocationPublication calldata act,
        bytes calldata json_,
        AllocationForm calldata form,
        Signed[] calldata quorum
    ) external;

    /// @notice Opens the proof of a sector's balance value. Signed by the quorum. Its id is the act's id.
    function proposeBalance(BalanceProposal calldata act, Signed[] calldata quorum) external;

    /// @notice Goes on with the proof by the next members; anyone may, the proposal fixes them by their digest.
    /// @dev The digest starts at 0: keccak256(running ‖ id ‖ intensity ‖ emissions), words, member by member.
    function sumBalance(bytes32 balanceId, BandEntry[] calldata entries) external;

    /// @notice One unit's allocation with its factors.
    function allocate(
        bytes32 ruleSetId,
        uint16 year,
        UnitFacts calldata facts,
        EntityFacts calldata entityFacts,
        bool small
    ) external view returns (UnitResult memory);

    /// @notice An enterprise's allocation; of a band rule set only by a balance value proven for the sector.
    function entity(
        bytes32 ruleSetId,
        uint16 year,
        bytes32 sector,
        UnitFacts[] calldata units,
        EntityFacts calldata entityFacts
    ) external view returns (EntityResult memory, UnitResult[] memory);

    /// @notice The balance value proven last for the sector and year, in 1e-4 t/t; 0 none.
    function provenBalance(bytes32 ruleSetId, uint16 year, bytes32 sector) external view returns (uint64);

    function balanceOf(bytes32 balanceId) external view returns (Balance memory);

    /// @notice The canonical JSON as published.
    function json(bytes32 ruleSetId) external view returns (bytes memory);

    function formOf(bytes32 ruleSetId) external view returns (AllocationForm memory);

    function ruleSetOf(bytes32 ruleSetId) external view returns (AllocationRuleSet memory);

    /// @notice Number of plans published, and the id of each, in order.
    function count() external view returns (uint256);

    function ruleSetAt(uint256 index) external view returns (bytes32 ruleSetId);
}
