// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    AnnualReport,
    ANNUAL_REPORT_TYPE,
    Approval,
    APPROVAL_TYPE,
    MonthEvidence,
    MONTH_EVIDENCE_TYPE,
    Verification,
    VERIFICATION_TYPE
} from "./Acts.sol";
import {ICheckpointRegistry} from "./interfaces/ICheckpointRegistry.sol";
import {ENTERPRISE, PREPARER, REGULATOR, VERIFIER} from "./interfaces/IMemberRegistry.sol";
import {IReportRegistry} from "./interfaces/IReportRegistry.sol";
import {IRuleSetRegistry, Line} from "./interfaces/IRuleSetRegistry.sol";
import {Calendar} from "./libraries/Calendar.sol";
import {Registry} from "./Registry.sol";
import {Signed} from "./Signatures.sol";

contract ReportRegistry is IReportRegistry, Registry {
    bytes32 private constant MONTH_TAG = keccak256("carbonledger/record/month/v1");
    bytes32 private constant REPORT_TAG = keccak256("carbonledger/record/report/v1");
    bytes32 private constant CURRENT_TAG = keccak256("carbonledger/record/current/v1");

    uint8 private constant FILED = 1;
    uint8 private constant VERIFIED = 2;
    uint8 private constant APPROVED = 3;
    uint8 private constant RETURNED_BY_VERIFIER = 4;
    uint8 private constant RETURNED_BY_REGULATOR = 5;
    uint8 private constant REPLACED = 6;

    uint8 private constant PREPARED_THERE = 1;
    uint8 private constant VERIFIED_THERE = 2;

    mapping(bytes32 memberAndYear => mapping(uint8 month => bytes32 monthId)) private _months;
    mapping(bytes32 reportId => Report) private _reports;
    mapping(bytes32 memberAndYear => bytes32 reportId) private _latest;
    mapping(bytes32 memberAndYear => bytes32 reportId) private _current;
    mapping(bytes32 memberProvinceYear => uint8 duties) private _duties;

    constructor(address directory_) Registry(directory_) {}

    /* FILING */

    /// @inheritdoc IReportRegistry
    function fileMonth(MonthEvidence calldata act, Signed calldata member, Signed calldata preparer) external {
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(MONTH_EVIDENCE_TYPE, act), act.member);
        if (!fresh) return;
        _requireFiler(act.member, act.preparer, act.year, digest, member, preparer);
        if (act.month == 0 || act.month > 12) revert ReportRegistryPeriodUnknown(act.year, act.month);
        uint64 end = _requireOver(act.year, act.month);
        bytes32 period = _period(act.member, act.year);
        bytes32 latest = _months[period][act.month];
        if (act.replaces != latest) revert ReportRegistryReplacesOther(latest, act.replaces);

        (bool found, uint16 dueDays) = _rules().monthEvidenceDays(act.year);
        _months[period][act.month] = actId;
        Month memory month = Month(
            actId,
            act.member,
            act.year,
            act.month,
            act.commitment,
            act.preparer,
            act.replaces,
            _now(),
            found && block.timestamp > uint256(end) + uint256(dueDays) * 1 days
        );
        _record(MONTH_TAG, actId, abi.encode(MONTH_TAG, month));
        emit MonthFiled(actId, act.member, act.year, act.month, month.late);
    }

    /// @inheritdoc IReportRegistry
    function fileReport(
        AnnualReport calldata act,
        bytes32[12] calldata months,
        Line[] calldata lines,
        Signed calldata member,
        Signed calldata preparer
    ) external {
        (bool fresh, bytes32 reportId, bytes32 digest) = _open(abi.encode(ANNUAL_REPORT_TYPE, act), act.member);
        if (!fresh) return;
        _requireFiler(act.member, act.preparer, act.year, digest, member, preparer);
        bytes32 period = _period(act.member, act.year);
        _requireMonths(act, period, months);
        _requireHead(act);
        bytes32 replaced = _latest[period];
        if (act.replaces != replaced) revert ReportRegistryReplacesOther(replaced, act.replaces);
        _latest[period] = reportId;
        // one that is in force stays so until its successor is approved
        if (replaced != 0 && _reports[replaced].status != APPROVED) _replace(replaced, reportId);

        Report storage report = _reports[reportId];
        report.emission = _emission(act, lines);
        report.late = block.timestamp
            > uint256(_requireOver(act.year, 12)) + uint256(_rules().annualReportDays(act.ruleSetId)) * 1 days;
        report.reportId = reportId;
        report.member = act.member;
        report.year = act.year;
        report.ruleSetId = act.ruleSetId;
        report.monthsDigest = act.monthsDigest;
        report.linesDigest = act.linesDigest;
        report.logId = act.logId;
        report.logSize = act.logSize;
        report.logRoot = act.logRoot;
        report.preparer = act.preparer;
        report.replaces = act.replaces;
        report.filedAt = _now();
        report.status = FILED;
        _recordReport(reportId);
        emit ReportFiled(reportId, act.member, report.emission, months, lines);
    }

    /* JUDGING */

    /// @inheritdoc IReportRegistry
    function verify(Verification calldata act, Signed calldata verifier) external {
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(VERIFICATION_TYPE, act), act.verifier);
        if (!fresh) return;
        _requireMember(act.verifier, verifier, digest);
        _requireKind(act.verifier, VERIFIER);
        Report storage report = _known(act.report);
        bytes32 province = _members().memberOf(report.member).province;
        if (act.verifier == report.preparer || act.verifier == report.member) {
            revert ReportRegistryConflictOfDuty(act.verifier, province, report.year);
        }
        _takeDuty(act.verifier, province, report.year, VERIFIED_THERE);
        if (report.status != FILED) revert ReportRegistryStatusUnchangeable(act.report, FILED, report.status);

        report.status = _outcome(act.outcome, VERIFIED, RETURNED_BY_VERIFIER);
        report.verifier = act.verifier;
        report.verifiedAt = _now();
        report.findingsDigest = act.findingsDigest;
        _recordReport(act.report);
        emit ReportVerified(act.report, act.verifier, report.status, _now(), act.findingsDigest, actId);
    }

    /// @inheritdoc IReportRegistry
    function approve(Approval calldata act, Signed calldata regulator) external {
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(APPROVAL_TYPE, act), act.regulator);
        if (!fresh) return;
        _requireMember(act.regulator, regulator, digest);
        _requireKind(act.regulator, REGULATOR);
        Report storage report = _known(act.report);
        if (report.status != VERIFIED) revert ReportRegistryStatusUnchangeable(act.report, VERIFIED, report.status);

        report.status = _outcome(act.outcome, APPROVED, RETURNED_BY_REGULATOR);
        report.regulator = act.regulator;
        report.decidedAt = _now();
        report.reasonDigest = act.reasonDigest;
        _recordReport(act.report);
        emit ReportDecided(act.report, act.regulator, report.status, _now(), act.reasonDigest, actId);
        if (report.status == APPROVED) _makeCurrent(report);
    }

    /* VIEWS */

    /// @inheritdoc IReportRegistry
    function reportOf(bytes32 reportId) external view returns (Report memory) {
        return _known(reportId);
    }

    /// @inheritdoc IReportRegistry
    function currentReport(bytes32 member, uint16 year) external view returns (bytes32) {
        return _current[_period(member, year)];
    }

    /// @inheritdoc IReportRegistry
    function latestReport(bytes32 member, uint16 year) external view returns (bytes32) {
        return _latest[_period(member, year)];
    }

    /// @inheritdoc IReportRegistry
    function latestMonth(bytes32 member, uint16 year, uint8 month) external view returns (bytes32) {
        return _months[_period(member, year)][month];
    }

    /* INSIDE */

    function _rules() private view returns (IRuleSetRegistry) {
        return IRuleSetRegistry(_located("RuleSetRegistry"));
    }

    function _requireFiler(
        bytes32 member,
        bytes32 preparer,
        uint16 year,
        bytes32 digest,
        Signed calldata memberSigned,
        Signed calldata preparerSigned
    ) private {
        _requireMember(member, memberSigned, digest);
        _requireKind(member, ENTERPRISE);
        if (preparer == member) return;
        _requireMember(preparer, preparerSigned, digest);
        _requireKind(preparer, PREPARER);
        _takeDuty(preparer, _members().memberOf(member).province, year, PREPARED_THERE);
    }

    function _takeDuty(bytes32 member, bytes32 province, uint16 year, uint8 duty) private {
        bytes32 key = keccak256(abi.encode(member, province, uint256(year)));
        uint8 duties = _duties[key];
        if (duties & ~duty != 0) revert ReportRegistryConflictOfDuty(member, province, year);
        if (duties == 0) _duties[key] = duty;
    }

    /// @return end of the month at UTC+08:00.
    function _requireOver(uint16 year, uint8 month) private view returns (uint64 end) {
        if (year < 1971 || year > 9999) revert ReportRegistryPeriodUnknown(year, month);
        end = Calendar.monthStart(year, month + 1);
        if (block.timestamp < end) revert ReportRegistryPeriodNotOver(year, month, end, _now());
    }

    function _requireMonths(AnnualReport calldata act, bytes32 period, bytes32[12] calldata months) private view {
        for (uint8 i = 0; i < 12; i++) {
            bytes32 latest = _months[period][i + 1];
            if (latest == 0 || months[i] != latest) {
                revert ReportRegistryMonthMissing(act.year, i + 1, latest, months[i]);
            }
        }
        bytes32 digest = keccak256(abi.encode(months));
        if (digest != act.monthsDigest) revert ReportRegistryMonthsDiffer(act.monthsDigest, digest);
    }

    function _requireHead(AnnualReport calldata act) private view {
        ICheckpointRegistry checkpoints = ICheckpointRegistry(_located("CheckpointRegistry"));
        bytes32 owner = checkpoints.logOf(act.logId).member;
        if (owner != act.member) revert ReportRegistryLogForeign(act.logId, act.member, owner);
        if (!checkpoints.isAnchored(act.logId, act.logSize, act.logRoot)) {
            revert ReportRegistryHeadNotAnchored(act.logId, act.logSize, act.logRoot);
        }
    }

    function _emission(AnnualReport calldata act, Line[] calldata lines) private view returns (uint256 emission) {
        bytes memory encoded = abi.encode(lines);
        bytes32 digest;
        assembly ("memory-safe") {
            // after the length of the bytes: offset and number of lines, then the words of all lines
            digest := keccak256(add(encoded, 96), sub(mload(encoded), 64))
        }
        if (digest != act.linesDigest) revert ReportRegistryLinesDiffer(act.linesDigest, digest);
        bool draft;
        (emission, draft,) = _rules().calculate(act.ruleSetId, act.year, lines);
        if (draft) revert ReportRegistryDraft(act.ruleSetId);
    }

    function _outcome(uint8 outcome, uint8 good, uint8 returned) private pure returns (uint8) {
        if (outcome == 1) return good;
        if (outcome == 2) return returned;
        revert ReportRegistryOutcomeUnknown(outcome);
    }

    function _makeCurrent(Report storage report) private {
        bytes32 period = _period(report.member, report.year);
        bytes32 old = _current[period];
        if (old != 0) _replace(old, report.reportId);
        _current[period] = report.reportId;
        Current memory current = Current(report.member, report.year, report.reportId);
        _record(CURRENT_TAG, period, abi.encode(CURRENT_TAG, current));
        emit CurrentReportChanged(current.member, current.year, current.reportId);
    }

    function _replace(bytes32 old, bytes32 by) private {
        _reports[old].status = REPLACED;
        _recordReport(old);
        emit ReportReplaced(old, by);
    }

    function _known(bytes32 reportId) private view returns (Report storage report) {
        report = _reports[reportId];
        if (report.status == 0) revert ReportRegistryUnknown(reportId);
    }

    function _recordReport(bytes32 reportId) private {
        Report memory report = _reports[reportId];
        _record(REPORT_TAG, reportId, abi.encode(REPORT_TAG, report));
    }

    /// @dev Also the id of the record `current`.
    function _period(bytes32 member, uint16 year) private pure returns (bytes32) {
        return keccak256(abi.encode(member, uint256(year)));
    }
}
