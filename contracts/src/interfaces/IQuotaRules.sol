// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "./IRegistry.sol";
import {CarryOverRules, ComplianceRules, PenaltyLaw} from "../QuotaActs.sol";
import {Signed} from "../Signatures.sol";

uint8 constant ROUND_DOWN = 1;
uint8 constant ROUND_UP = 2;
uint8 constant ROUND_HALF_UP = 3;

uint8 constant PENALTY_RANGE = 1;
uint8 constant PENALTY_TIMES_PRICE = 2;

/// @title The law's numbers for surrender, carry-over and penalties, as dated sets that the quorum publishes.
/// @dev Warning: a newer edition of a year's rules applies to what is done from then on, also for that year's past.
interface IQuotaRules is IRegistry {
    /// @notice The record `compliancerules`.
    struct YearRules {
        bytes32 rulesId;
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
    }

    /// @notice The record `carryoverrules`.
    struct CarryRules {
        bytes32 rulesId;
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
    }

    /// @notice The record `penaltylaw`. `minimum` and `maximum` are fen, or multiples of price times shortfall.
    struct Law {
        bytes32 law;
        uint64 since;
        uint8 basis;
        uint64 minimum;
        uint64 maximum;
        bool deducts;
        uint8 evidence;
        bytes32 sourceDigest;
    }

    event ComplianceRulesPublished(uint16 indexed year, uint16 edition, bytes32 rulesId);
    event CarryOverRulesPublished(uint16 indexed toVintage, uint16 edition, bytes32 rulesId);
    event PenaltyLawPublished(bytes32 indexed law, uint64 since, bytes32 actId);

    error QuotaRulesUnknown(uint16 year);
    error QuotaRulesEditionNotNext(uint16 year, uint16 expected, uint16 found);
    error QuotaRulesFieldWrong(bytes32 field, uint256 value);
    /// @notice A draft is published to be read; nothing is done by it.
    error QuotaRulesDraft(bytes32 rulesId);
    error QuotaRulesNoLawAt(uint64 time);
    error QuotaRulesLawNotLater(bytes32 law, uint64 latest, uint64 since);

    /// @notice Publishes the surrender rules of a year, the first or the next edition. Signed by the quorum.
    function publishCompliance(ComplianceRules calldata act, Signed[] calldata quorum) external;

    /// @notice Publishes the rules of carry-over to a vintage. Signed by the quorum.
    function publishCarryOver(CarryOverRules calldata act, Signed[] calldata quorum) external;

    /// @notice Publishes a law on short surrender, in force from `since` until the next. Signed by the quorum.
    function publishPenalty(PenaltyLaw calldata act, Signed[] calldata quorum) external;

    /// @notice The edition in force; reverts for a draft.
    function complianceRules(uint16 year) external view returns (YearRules memory);

    /// @notice The edition in force; reverts for a draft.
    function carryOverRules(uint16 toVintage) external view returns (CarryRules memory);

    /// @notice The law in force at `time`; drafts are passed over.
    function lawAt(uint64 time) external view returns (Law memory);
}
