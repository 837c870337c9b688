// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "./IRegistry.sol";
import {AnnualReport, Approval, MonthEvidence, Verification} from "../Acts.sol";
import {Signed} from "../Signatures.sol";
import {Line} from "./IRuleSetRegistry.sol";

/// @title Monthly evidence and annual reports: filed, computed, verified, approved, restated.
/// @dev Warning: the lines of a report are visible to everyone who reads the chain; that its months sum to its lines
/// is not checked here but by the verifier, on opened statements.
interface IReportRegistry is IRegistry {
    /// @notice The record `month`.
    struct Month {
        bytes32 monthId;
        bytes32 member;
        uint16 year;
        uint8 month;
        bytes32 commitment;
        bytes32 preparer;
        bytes32 replaces;
        uint64 filedAt;
        bool late;
    }

    /// @notice The record `report`.
    struct Report {
        bytes32 reportId;
        bytes32 member;
        uint16 year;
        bytes32 ruleSetId;
        bytes32 monthsDigest;
        bytes32 linesDigest;
        bytes32 logId;
        uint64 logSize;
        bytes32 logRoot;
        uint256 emission;
        bytes32 preparer;
        bytes32 replaces;
        uint64 filedAt;
        bool late;
        uint8 status;
        bytes32 verifier;
        uint64 verifiedAt;
        bytes32 findingsDigest;
        bytes32 regulator;
        uint64 decidedAt;
        bytes32 reasonDigest;
    }

    /// @notice The record `current`.
    struct Current {
        bytes32 member;
        uint16 year;
        bytes32 reportId;
    }

    event MonthFiled(bytes32 indexed monthId, bytes32 indexed member, uint16 year, uint8 month, bool late);
    event ReportFiled(
        bytes32 indexed reportId, bytes32 indexed member, uint256 emission, bytes32[12] months, Line[] lines
    );
    event ReportVerified(
        bytes32 indexed reportId,
        bytes32 indexed verifier,
        uint8 status,
        uint64 verifiedAt,
        bytes32 findingsDigest,
        bytes32 actId
    );
    event ReportDecided(
        bytes32 indexed reportId,
        bytes32 indexed regulator,
        uint8 status,
        uint64 decidedAt,
        bytes32 reasonDigest,
        bytes32 actId
    );
    event ReportReplaced(bytes32 indexed reportId, bytes32 indexed by);
    event CurrentReportChanged(bytes32 indexed member, uint16 year, bytes32 reportId);

    error ReportRegistryPeriodNotOver(uint16 year, uint8 month, uint64 end, uint64 time);
    error ReportRegistryPeriodUnknown(uint16 year, uint8 month);
    /// @notice `replaces` must be the latest filing of the same period (0: there is none).
    error ReportRegistryReplacesOther(bytes32 expected, bytes32 found);
    error ReportRegistryMonthMissing(uint16 year, uint8 month, bytes32 expected, bytes32 found);
    error ReportRegistryMonthsDiffer(bytes32 expected, bytes32 found);
    error ReportRegistryLinesDiffer(bytes32 expected, bytes32 found);
    error ReportRegistryLogForeign(bytes32 logId, bytes32 expected, bytes32 found);
    error ReportRegistryHeadNotAnchored(bytes32 logId, uint64 size, bytes32 root);
    /// @notice The rule set or a factor is a draft.
    error ReportRegistryDraft(bytes32 ruleSetId);
    /// @notice Who prepares in a province and year does not verify there, and the other way round.
    error ReportRegistryConflictOfDuty(bytes32 member, bytes32 province, uint16 year);
    error ReportRegistryUnknown(bytes32 reportId);
    error ReportRegistryStatusUnchangeable(bytes32 reportId, uint8 expected, uint8 found);
    error ReportRegistryOutcomeUnknown(uint8 outcome);

    /// @notice Files a month's commitment. Signed by an act key of the enterprise, and of the preparer if another
    /// (else `preparer` is not read). Late evidence is marked, not refused.
    function fileMonth(MonthEvidence calldata act, Signed calldata member, Signed calldata preparer) external;

    /// @notice Files an annual report; its emission is computed here. Signed as `fileMonth`.
    /// @param months ids of the latest evidence of each month, January first.
    function fileReport(
        AnnualReport calldata act,
        bytes32[12] calldata months,
        Line[] calldata lines,
        Signed calldata member,
        Signed calldata preparer
    ) external;

    /// @notice Confirms a filed report (outcome 1) or returns it (2). Signed by an act key of an admitted verifier.
    function verify(Verification calldata act, Signed calldata verifier) external;

    /// @notice Approves a verified report (outcome 1) or returns it (2). Signed by an act key of a regulator.
    function approve(Approval calldata act, Signed calldata regulator) external;

    function reportOf(bytes32 reportId) external view returns (Report memory);

    /// @notice The approved report in force; 0 if there is none.
    function currentReport(bytes32 member, uint16 year) external view returns (bytes32 reportId);

    /// @notice The report filed last; 0 if there is none.
    function latestReport(bytes32 member, uint16 year) external view returns (bytes32 reportId);

    /// @notice The evidence filed last for a month; 0 if there is none.
    function latestMonth(bytes32 member, uint16 year, uint8 month) external view returns (bytes32 monthId);
}
