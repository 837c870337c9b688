// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AssessmentPublication, WorkingYear} from "../AssessmentActs.sol";
import {Signed} from "../Signatures.sol";
import {IRegistry} from "./IRegistry.sol";

uint8 constant KIND_CODE = 1;
uint8 constant KIND_GRADE = 2;

uint8 constant SET_DRAFT = 2;

/// @notice A grade of a scheme, best first: its key, and the least score in hundredths (0: none, as for the lowest).
struct GradeRow {
    bytes32 key;
    uint32 least;
}

/// @notice What contracts read of a parameter set. The JSON is the set; that this form follows from it is checked by
/// everybody who knows both, not here.
struct AssessmentForm {
    bytes32 key;
    uint8 kind;
    bytes32 region;
    uint64 validFrom;
    uint64 validTo;
    uint8 status;
    uint16 explainDays;
    uint16 inspectDays;
    uint16 rectifyDays;
    uint8 silentQuarters;
    uint8 vetoQuarters;
    uint32 clearChangePpm;
    uint32 upgradeMargin;
    GradeRow[] grades;
}

/// @title Parameter sets of codes and grades as published data, and the working days.
/// @dev A region's scheme is one more set: nothing else changes on the chain.
/// @dev Warning: for a year without a published calendar Monday to Friday are working days.
interface IAssessmentRules is IRegistry {
    /// @notice The record `assessmentset`. `validTo` 0: open; both are instants, the second the first one outside.
    struct AssessmentSet {
        bytes32 setId;
        bytes32 key;
        uint8 kind;
        bytes32 region;
        uint64 validFrom;
        uint64 validTo;
        uint8 status;
        bytes32 formDigest;
    }

    /// @notice The record `workingyear`: bit d of `offHigh ‖ offLow` is the day d of the year, 0 the first of January.
    struct WorkingYearRecord {
        uint16 year;
        uint16 edition;
        uint256 offLow;
        uint256 offHigh;
        bytes32 sourceDigest;
    }

    event AssessmentSetPublished(bytes32 indexed setId, bytes32 indexed key, bytes32 formDigest, bytes32 actId);
    event WorkingYearPublished(uint16 indexed year, uint16 edition, bytes32 actId);

    error AssessmentRulesKnown(bytes32 setId);
    error AssessmentRulesUnknown(bytes32 setId);
    error AssessmentRulesJsonDiffers(bytes32 expected, bytes32 found);
    error AssessmentRulesFormDiffers(bytes32 expected, bytes32 found);
    error AssessmentRulesFormWrong(string field, uint256 value);
    error AssessmentRulesEditionNotNext(uint16 year, uint16 expected, uint16 found);
    /// @notice A working year with a day off beyond its end, or with no working day.
    error AssessmentRulesYearWrong(uint16 year, uint256 offLow, uint256 offHigh);
    error AssessmentRulesOfAnotherKind(bytes32 setId, uint8 expected, uint8 found);
    error AssessmentRulesDraft(bytes32 setId);
    error AssessmentRulesNotInForce(bytes32 setId, uint64 validFrom, uint64 validTo, uint64 time);

    /// @notice Publishes a set. Signed by the quorum.
    function publish(
        AssessmentPublication calldata act,
        bytes calldata json,
        AssessmentForm calldata form,
        Signed[] calldata quorum
    ) external;

    /// @notice Publishes which days of a year are off, or the next edition of it. Signed by the quorum.
    function publishCalendar(WorkingYear calldata act, Signed[] calldata quorum) external;

    /// @notice Reverts unless the set is of this kind, no draft, and valid at `time`.
    function requireInForce(bytes32 setId, uint8 kind, uint64 time) external view;

    /// @notice End of the working day that comes `workingDays` working days after the day of `time`.
    function deadline(uint64 time, uint16 workingDays) external view returns (uint64);

    function formOf(bytes32 setId) external view returns (AssessmentForm memory);

    function json(bytes32 setId) external view returns (bytes memory);

    function setOf(bytes32 setId) external view returns (AssessmentSet memory);

    function workingYear(uint16 year) external view returns (WorkingYearRecord memory);

    function count() external view returns (uint256);

    function setAt(uint256 index) external view returns (bytes32 setId);
}
