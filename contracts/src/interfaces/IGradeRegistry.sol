// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {GradeList} from "../AssessmentActs.sol";
import {Signed} from "../Signatures.sol";
import {IRegistry} from "./IRegistry.sol";

/// @notice One subject's grade for the list's quarter: places of the grade and of the one that score and caps reached,
/// 0 the best of the scheme, 255 not rated. `score` in hundredths.
struct GradeItem {
    bytes32 member;
    bytes32 project;
    uint16 revision;
    uint8 grade;
    uint8 reached;
    uint32 score;
    bytes32 inputsDigest;
    bytes32 explainDigest;
    bytes32 statisticsDigest;
}

/// @title Grades by published schemes, quarter by quarter.
/// @dev What is checked here is the order in time: up only with the margin or in the second quarter that reaches it,
/// down at once, the lowest under a veto. A red code changes no grade, it suspends it: see `standingOf`.
/// @dev Warning: that score and reached grade follow from the inputs is checked by whoever holds the explain record.
interface IGradeRegistry is IRegistry {
    /// @notice The record `grade`; never rewritten, another run for the same quarter is the next revision.
    struct Grade {
        bytes32 member;
        bytes32 project;
        bytes32 schemeKey;
        uint16 year;
        uint8 quarter;
        uint16 revision;
        bytes32 schemeId;
        bytes32 grade;
        bytes32 reached;
        uint32 score;
        bytes32 inputsDigest;
        bytes32 explainDigest;
        bytes32 statisticsDigest;
        bytes32 assessor;
        uint64 gradedAt;
    }

    /// @notice How a subject stands under a scheme: the latest quarter's grade. `suspended` while its code is red.
    struct GradeStanding {
        bytes32 grade;
        uint16 year;
        uint8 quarter;
        uint16 revision;
        bytes32 schemeId;
        bool suspended;
        uint64 vetoUntil;
    }

    event Graded(bytes32 indexed gradeId, bytes32 indexed member, bytes32 grade, bytes32 listId);

    error GradeRegistryItemsDiffer(bytes32 expected, bytes32 found);
    error GradeRegistryNoItems();
    error GradeRegistryQuarterNotOver(uint16 year, uint8 quarter);
    error GradeRegistryRevisionNotNext(bytes32 member, uint16 expected, uint16 found);
    error GradeRegistryGradeUnknown(bytes32 schemeId, uint8 grade);
    error GradeRegistryScoreTooLow(bytes32 member, uint32 least, uint32 score);
    /// @notice Better than was reached.
    error GradeRegistryNotReached(bytes32 member, uint8 reached, uint8 grade);
    /// @notice Lower than both the grade reached and the one that was held.
    error GradeRegistryTooLow(bytes32 member, uint8 lowest, uint8 grade);
    /// @notice Up without the margin, in the first quarter that reached it.
    error GradeRegistryTooEarly(bytes32 member, uint8 before, uint8 grade);
    error GradeRegistryVeto(bytes32 member, uint64 vetoUntil);

    /// @notice Files grades of one quarter under one scheme. Signed by an act key of a regulator.
    function file(GradeList calldata act, GradeItem[] calldata items, Signed calldata assessor) external;

    function standingOf(bytes32 member, bytes32 project, bytes32 schemeKey) external view returns (GradeStanding memory);

    /// @notice Places of grade and reached grade, and the number of the latest run of a quarter (0: none).
    function quarterOf(bytes32 member, bytes32 project, bytes32 schemeKey, uint16 year, uint8 quarter)
        external
        view
        returns (uint16 revision, uint8 grade, uint8 reached);
}
