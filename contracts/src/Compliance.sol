// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    END_CANCELLED,
    END_SURRENDERED,
    IAllowanceLedger,
    KIND_CCER,
    KIND_CEA,
    PENDING,
    PROVINCIAL,
    REGISTERED,
    TRADING
} from "./interfaces/IAllowanceLedger.sol";
import {
    DISPOSAL_DONE,
    DISPOSAL_PENDING,
    DISPOSAL_RETURNED,
    ICompliance,
    PURPOSE_CANCELLATION,
    PURPOSE_CARRY_OVER,
    PURPOSE_FORCED,
    PURPOSE_SURRENDER,
    YEAR_COMPLIANT,
    YEAR_OPEN,
    YEAR_SHORT
} from "./interfaces/ICompliance.sol";
import {Authority} from "./interfaces/IPlanRegistry.sol";
import {IQuotaRules, PENALTY_TIMES_PRICE, ROUND_DOWN, ROUND_UP} from "./interfaces/IQuotaRules.sol";
import {IReportRegistry} from "./interfaces/IReportRegistry.sol";
import {Planned} from "./Planned.sol";
import {
    CarryOver,
    CARRY_OVER_TYPE,
    Cancellation,
    CANCELLATION_TYPE,
    Closing,
    CLOSING_TYPE,
    Decision,
    DECISION_TYPE,
    Deduction,
    DEDUCTION_TYPE,
    ForcedSurrender,
    FORCED_SURRENDER_TYPE,
    Obligation,
    OBLIGATION_TYPE,
    Surrender,
    SURRENDER_TYPE
} from "./QuotaActs.sol";
import {Registry} from "./Registry.sol";
import {Signed} from "./Signatures.sol";

contract Compliance is ICompliance, Planned {
    bytes32 private constant YEAR_TAG = keccak256("carbonledger/record/year/v1");
    bytes32 private constant OBLIGATION_TAG = keccak256("carbonledger/record/obligation/v1");
    bytes32 private constant DISPOSAL_TAG = keccak256("carbonledger/record/disposal/v1");
    bytes32 private constant CLOSING_TAG = keccak256("carbonledger/record/closing/v1");

    bytes32 private constant NAME = "Compliance";
    uint256 private constant MILLION = 1_000_000;
    uint256 private constant GRAMS = 1_000_000; // in a tonne

    struct Year {
        uint64 obligation;
        uint64 settled;
        uint64 surrendered;
        uint64 pending;
        uint64 offsets;
        uint64 borrowed;
        uint64 late;
        uint64 arrears;
        uint64 deduction;
        uint64 deducted;
        uint64 dueAt;
        uint32 part;
        uint8 status;
        bytes32 report;
    }

    struct StoredDisposal {
        bytes32 member;
        bytes32 lot;
        bytes32 note;
        uint64 amount;
        uint40 requestedAt;
        uint40 decidedAt;
        uint16 year;
        uint8 purpose;
        uint8 status;
        bool late;
    }

    mapping(bytes32 memberAndYear => Year) private _years;
    mapping(bytes32 disposalId => StoredDisposal) private _disposals;
    mapping(bytes32 memberAndVintage => uint64 amount) private _carried;

    constructor(address directory_) Registry(directory_) {}

    /* OBLIGATION */

    /// @inheritdoc ICompliance
    function fix(Obligation calldata act, Authority calldata authority) external {
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(OBLIGATION_TYPE, act), QUORUM);
        if (!fresh) return;
        _requireAuthority(actId, digest, authority);
        IReportRegistry reports = IReportRegistry(_located("ReportRegistry"));
        bytes32 current = reports.currentReport(act.member, act.year);
        if (act.report == 0 || act.report != current) {
            revert ComplianceReportNotCurrent(act.member, act.year, current, act.report);
        }
        Year storage year = _years[_key(act.member, act.year)];
        if (year.report == act.report) revert ComplianceAlreadyFixed(act.member, act.year, act.report);
        IQuotaRules.YearRules memory rules = _rules().complianceRules(act.year);
        uint64 tonnes = _tonnes(reports.reportOf(act.report).emission, rules.rounding);
        if (year.status == YEAR_COMPLIANT || year.status == YEAR_SHORT) {
            if (tonnes <= year.obligation) revert ComplianceNothingAdditional(year.obligation, tonnes);
            if (act.dueAt <= block.timestamp) revert ComplianceDueOutOfRange(act.dueAt, _now());
            year.settled = year.obligation;
            year.dueAt = act.dueAt;
            year.part++;
        } else if (year.status == 0) {
            if (act.dueAt != 0) revert ComplianceDueOutOfRange(act.dueAt, _now());
            year.dueAt = rules.dueAt;
        } else if (tonnes < year.settled) {
            revert ComplianceNothingAdditional(year.settled, tonnes);
        }
        year.status = YEAR_OPEN;
        year.obligation = tonnes;
        year.report = act.report;
        _recordObligation(act, year, actId, rules.rulesId);
        _recordYear(act.member, act.year);
    }

    /* REQUESTS OF HOLDERS */

    /// @inheritdoc ICompliance
    function surrender(Surrender calldata act, Signed calldata holder) external {
        (bool fresh, bytes32 disposalId, bytes32 digest) = _open(abi.encode(SURRENDER_TYPE, act), act.member);
        if (!fresh) return;
        _requireMember(act.member, holder, digest);
        bool late = _meet(act.member, act.year, act.lot, act.amount);
        _years[_key(act.member, act.year)].pending += act.amount;
        StoredDisposal memory asked;
        (asked.member, asked.lot, asked.amount) = (act.member, act.lot, act.amount);
        (asked.purpose, asked.year, asked.late) = (PURPOSE_SURRENDER, act.year, late);
        _request(disposalId, asked);
        _recordYear(act.member, act.year);
    }

    /// @inheritdoc ICompliance
    function cancel(Cancellation calldata act, Signed calldata holder) external {
        (bool fresh, bytes32 disposalId, bytes32 digest) = _open(abi.encode(CANCELLATION_TYPE, act), act.member);
        if (!fresh) return;
        _requireMember(act.member, holder, digest);
        StoredDisposal memory asked;
        (asked.member, asked.lot, asked.amount) = (act.member, act.lot, act.amount);
        (asked.purpose, asked.note) = (PURPOSE_CANCELLATION, act.beneficiary);
        _request(disposalId, asked);
    }

    /// @inheritdoc ICompliance
    function carryOver(CarryOver calldata act, Signed calldata holder) external {
        (bool fresh, bytes32 disposalId, bytes32 digest) = _open(abi.encode(CARRY_OVER_TYPE, act), act.member);
        if (!fresh) return;
        _requireMember(act.member, holder, digest);
        IQuotaRules.CarryRules memory rules = _rules().carryOverRules(act.toVintage);
        if (block.timestamp > rules.applyUntil) revert ComplianceTooLate(rules.applyUntil, _now());
        (uint8 kind, uint16 vintage,,) = _ledger().lotOf(act.lot);
        if (kind != KIND_CEA || vintage < rules.vintageFrom || vintage > rules.vintageTo) {
            revert ComplianceVintageRefused(vintage, rules.vintageFrom, rules.vintageTo);
        }
        if (rules.compliantTo != 0) {
            for (uint16 y = rules.compliantFrom; y <= rules.compliantTo; y++) {
                uint8 status = _years[_key(act.member, y)].status;
                // 0: the enterprise owed nothing for that year
                if (status != 0 && status != YEAR_COMPLIANT) revert ComplianceYearNotCompliant(y, status);
            }
        }
        bytes32 key = _key(act.member, act.toVintage);
        uint64 limit = _carryLimit(act.member, rules);
        uint64 asked = _carried[key] + act.amount;
        if (asked > limit) revert ComplianceCarryOverAboveLimit(limit, asked);
        _carried[key] = asked;
        StoredDisposal memory request;
        (request.member, request.lot, request.amount) = (act.member, act.lot, act.amount);
        (request.purpose, request.year) = (PURPOSE_CARRY_OVER, act.toVintage);
        _request(disposalId, request);
    }

    /* DECISIONS */

    /// @inheritdoc ICompliance
    function forceSurrender(ForcedSurrender calldata act, Authority calldata authority) external {
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(FORCED_SURRENDER_TYPE, act), QUORUM);
        if (!fresh) return;
        _requireAuthority(actId, digest, authority);
        bool late = _meet(act.member, act.year, act.lot, act.amount);
        Year storage year = _years[_key(act.member, act.year)];
        if (act.source != PROVINCIAL) {
            if (act.source != REGISTERED && act.source != TRADING) revert ComplianceStateRefused(act.source);
            if (!late) revert ComplianceNotYetDue(year.dueAt, _now());
        }
        StoredDisposal memory made;
        (made.member, made.lot, made.amount) = (act.member, act.lot, act.amount);
        (made.purpose, made.year, made.note, made.late) = (PURPOSE_FORCED, act.year, act.decision, late);
        (made.requestedAt, made.decidedAt) = (uint40(block.timestamp), uint40(block.timestamp));
        made.status = DISPOSAL_DONE;
        _disposals[actId] = made;
        _count(year, act.amount, late);
        _recordDisposal(actId);
        _recordYear(act.member, act.year);
        emit DisposalDecided(actId, act.member, DISPOSAL_DONE, actId);
        _ledger().retire(act.member, act.lot, act.source, act.amount, END_SURRENDERED, actId);
    }

    /// @inheritdoc ICompliance
    function decide(Decision calldata act, Authority calldata authority) external {
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(DECISION_TYPE, act), QUORUM);
        if (!fresh) return;
        _requireAuthority(actId, digest, authority);
        StoredDisposal storage asked = _disposals[act.disposal];
        if (asked.status == 0) revert ComplianceDisposalUnknown(act.disposal);
        if (asked.status != DISPOSAL_PENDING) revert ComplianceDisposalDecided(act.disposal, asked.status);
        if (act.outcome != 1 && act.outcome != 2) revert ComplianceOutcomeUnknown(act.outcome);
        asked.decidedAt = uint40(block.timestamp);
        asked.status = act.outcome == 1 ? DISPOSAL_DONE : DISPOSAL_RETURNED;
        _recordDisposal(act.disposal);
        emit DisposalDecided(act.disposal, asked.member, asked.status, actId);
        if (act.outcome == 1) _carryOut(asked, act.disposal);
        else _giveBack(asked, act.disposal);
    }

    /// @inheritdoc ICompliance
    function close(Closing calldata act, Authority calldata authority) external {
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(CLOSING_TYPE, act), QUORUM);
        if (!fresh) return;
        _requireAuthority(actId, digest, authority);
        Year storage year = _known(act.member, act.year);
        if (year.status != YEAR_OPEN) revert ComplianceYearClosed(act.member, act.year, year.part);
        if (block.timestamp <= year.dueAt) revert ComplianceNotYetDue(year.dueAt, _now());
        if (year.pending != 0) revert ComplianceRequestsPending(year.pending);

        // what was surrendered late is short too, but corrected
        uint64 uncorrected = _less(year.obligation, year.surrendered + year.deducted + year.arrears);
        uint64 shortfall = uncorrected + year.late;
        ClosingRecord memory closing;
        closing.closingId = actId;
        closing.member = act.member;
        closing.year = act.year;
        closing.part = year.part;
        closing.shortfall = shortfall;
        closing.uncorrected = uncorrected;
        closing.closedAt = _now();
        if (shortfall != 0) {
            _assess(closing, year.dueAt, act.price, act.priceDigest);
            year.deduction += closing.deduction;
        }
        year.arrears += uncorrected;
        year.late = 0;
        year.status = shortfall == 0 ? YEAR_COMPLIANT : YEAR_SHORT;
        _record(CLOSING_TAG, actId, abi.encode(CLOSING_TAG, closing));
        _recordYear(act.member, act.year);
        emit YearClosed(act.member, act.year, year.part, shortfall, closing.deduction);
    }

    /// @inheritdoc ICompliance
    function deduct(Deduction calldata act, Authority calldata authority) external {
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(DEDUCTION_TYPE, act), QUORUM);
        if (!fresh) return;
        _requireAuthority(actId, digest, authority);
        Year storage year = _known(act.member, act.year);
        // what was corrected by surrender meanwhile, or is asked to be, is not deducted as well
        uint64 open = _less(year.arrears, year.pending);
        uint64 deductible = year.deduction < open ? year.deduction : open;
        if (act.amount == 0 || act.amount > deductible) {
            revert ComplianceDeductionAboveArrears(deductible, act.amount);
        }
        year.deduction -= act.amount;
        year.arrears -= act.amount;
        year.deducted += act.amount;
        _recordYear(act.member, act.year);
        emit ArrearsDeducted(act.member, act.year, act.amount, act.decision);
    }

    /* VIEWS */

    /// @inheritdoc ICompliance
    function yearOf(bytes32 member, uint16 year) public view returns (YearRecord memory record) {
        Year storage y = _years[_key(member, year)];
        record.member = member;
        record.year = year;
        record.obligation = y.obligation;
        record.settled = y.settled;
        record.surrendered = y.surrendered;
        record.pending = y.pending;
        record.offsets = y.offsets;
        record.borrowed = y.borrowed;
        record.late = y.late;
        record.arrears = y.arrears;
        record.deduction = y.deduction;
        record.deducted = y.deducted;
        record.dueAt = y.dueAt;
        record.part = y.part;
        record.status = y.status;
        record.report = y.report;
    }

    /// @inheritdoc ICompliance
    function disposalOf(bytes32 disposalId) public view returns (Disposal memory record) {
        StoredDisposal storage d = _disposals[disposalId];
        if (d.status == 0) revert ComplianceDisposalUnknown(disposalId);
        record.disposalId = disposalId;
        record.member = d.member;
        record.lot = d.lot;
        record.amount = d.amount;
        record.purpose = d.purpose;
        record.year = d.year;
        record.note = d.note;
        record.requestedAt = d.requestedAt;
        record.late = d.late;
        record.status = d.status;
        record.decidedAt = d.decidedAt;
    }

    /// @inheritdoc ICompliance
    function owed(bytes32 member, uint16 year) external view returns (uint64) {
        return _owed(_known(member, year));
    }

    /// @inheritdoc ICompliance
    function carryOverLimit(bytes32 member, uint16 toVintage) external view returns (uint64 limit, uint64 used) {
        return (_carryLimit(member, _rules().carryOverRules(toVintage)), _carried[_key(member, toVintage)]);
    }

    /* INSIDE */

    function _rules() private view returns (IQuotaRules) {
        return IQuotaRules(_located("QuotaRules"));
    }

    function _ledger() private view returns (IAllowanceLedger) {
        return IAllowanceLedger(_located("AllowanceLedger"));
    }

    function _tonnes(uint256 emission, uint8 rounding) private pure returns (uint64) {
        uint256 tonnes = emission / GRAMS;
        uint256 rest = emission % GRAMS;
        if (rounding == ROUND_UP) tonnes += rest == 0 ? 0 : 1;
        else if (rounding != ROUND_DOWN) tonnes += 2 * rest >= GRAMS ? 1 : 0;
        return uint64(tonnes); // 2^64 t is beyond any emission in grams that a report sums from 256-bit lines of a plant
    }

    function _known(bytes32 member, uint16 year) private view returns (Year storage y) {
        y = _years[_key(member, year)];
        if (y.status == 0) revert ComplianceNoObligation(member, year);
    }

    function _owed(Year storage y) private view returns (uint64) {
        return _less(y.obligation, y.surrendered + y.pending + y.deducted);
    }

    /// @dev Whether these units may meet the obligation; counts offsets and borrowed ones.
    /// @return late the deadline has passed.
    function _meet(bytes32 member, uint16 year, bytes32 lot, uint64 amount) private returns (bool late) {
        Year storage y = _known(member, year);
        uint64 open = _owed(y);
        if (amount > open) revert ComplianceMoreThanOwed(open, amount);
        IQuotaRules.YearRules memory rules = _rules().complianceRules(year);
        (uint8 kind, uint16 vintage,,) = _ledger().lotOf(lot);
        if (kind == KIND_CCER) {
            _countOffsets(y, rules, lot, amount);
        } else if (vintage != 0 && vintage == rules.borrowVintage) {
            uint64 cap = _borrowCap(y.obligation, member, rules);
            y.borrowed += amount;
            if (y.borrowed > cap) revert ComplianceBorrowingAboveCap(cap, y.borrowed);
        } else if (vintage < rules.vintageFrom || vintage > rules.vintageTo) {
            revert ComplianceVintageRefused(vintage, rules.vintageFrom, rules.vintageTo);
        }
        return block.timestamp > y.dueAt;
    }

    function _countOffsets(Year storage y, IQuotaRules.YearRules memory rules, bytes32 lot, uint64 amount) private {
        (,, bytes32 project, uint64 registeredAt) = _ledger().lotOf(lot);
        bool covered = _ledger().projectOf(project).covered;
        if (covered || registeredAt < rules.offsetFrom) {
            revert ComplianceOffsetIneligible(project, covered, registeredAt, rules.offsetFrom);
        }
        uint64 cap = uint64(uint256(y.obligation) * rules.offsetPpm / MILLION);
        y.offsets += amount;
        if (y.offsets > cap) revert ComplianceOffsetsAboveCap(cap, y.offsets);
    }

    function _borrowCap(uint64 obligation, bytes32 member, IQuotaRules.YearRules memory rules)
        private
        view
        returns (uint64)
    {
        bytes32 class = _ledger().classOf(KIND_CEA, rules.year, 0);
        uint256 gap = _less(obligation, _ledger().accountOf(member, class).issued);
        if (gap * MILLION < uint256(rules.borrowGapPpm) * obligation) return 0;
        return uint64(gap * rules.borrowPpm / MILLION);
    }

    function _carryLimit(bytes32 member, IQuotaRules.CarryRules memory rules) private view returns (uint64) {
        (uint64 sold, uint64 bought, uint64 held) = _ledger()
            .carryBasis(member, rules.vintageFrom, rules.vintageTo, rules.salesFrom, rules.salesTo, rules.holdingsYear);
        uint256 limit = (uint256(rules.base) * MILLION + uint256(_less(sold, bought)) * rules.ratePpm) / MILLION;
        return limit < held ? uint64(limit) : held;
    }

    /// @dev Keeps a holder's request and makes its units pending.
    function _request(bytes32 disposalId, StoredDisposal memory asked) private {
        asked.requestedAt = uint40(block.timestamp);
        asked.status = DISPOSAL_PENDING;
        _disposals[disposalId] = asked;
        _recordDisposal(disposalId);
        emit DisposalRequested(disposalId, asked.member, asked.purpose, asked.year, asked.amount);
        _ledger().shift(NAME, asked.member, asked.lot, REGISTERED, PENDING, asked.amount, disposalId);
    }

    function _carryOut(StoredDisposal storage asked, bytes32 disposalId) private {
        (bytes32 member, bytes32 lot, uint64 amount) = (asked.member, asked.lot, asked.amount);
        if (asked.purpose == PURPOSE_CARRY_OVER) {
            _ledger().carry(member, lot, amount, asked.year, disposalId);
            return;
        }
        uint8 end = END_CANCELLED;
        if (asked.purpose == PURPOSE_SURRENDER) {
            Year storage year = _years[_key(member, asked.year)];
            year.pending -= amount;
            _count(year, amount, asked.late);
            _recordYear(member, asked.year);
            end = END_SURRENDERED;
        }
        _ledger().retire(member, lot, PENDING, amount, end, disposalId);
    }

    function _giveBack(StoredDisposal storage asked, bytes32 disposalId) private {
        (bytes32 member, bytes32 lot, uint64 amount) = (asked.member, asked.lot, asked.amount);
        IAllowanceLedger ledger = _ledger();
        if (asked.purpose == PURPOSE_CARRY_OVER) {
            _carried[_key(member, asked.year)] -= amount;
        } else if (asked.purpose == PURPOSE_SURRENDER) {
            Year storage year = _years[_key(member, asked.year)];
            year.pending -= amount;
            (uint8 kind, uint16 vintage,,) = ledger.lotOf(lot);
            // counted as borrowed or not by the edition in force when it was asked: never below zero
            if (kind == KIND_CCER) {
                year.offsets -= amount;
            } else if (vintage == _rules().complianceRules(asked.year).borrowVintage) {
                year.borrowed = _less(year.borrowed, amount);
            }
            _recordYear(member, asked.year);
        }
        ledger.shift(NAME, member, lot, PENDING, REGISTERED, amount, disposalId);
    }

    /// @dev Surrender first corrects what an earlier closing left; the rest counts for the open part.
    function _count(Year storage year, uint64 amount, bool late) private {
        year.surrendered += amount;
        uint64 corrects = amount < year.arrears ? amount : year.arrears;
        if (corrects != 0) {
            year.arrears -= corrects;
            if (year.deduction > year.arrears) year.deduction = year.arrears;
        }
        if (late && year.status == YEAR_OPEN) year.late += amount - corrects;
    }

    /// @dev The penalty is of the law in force when the breach was made, the deduction of the one in force now.
    function _assess(ClosingRecord memory closing, uint64 dueAt, uint64 price, bytes32 priceDigest) private view {
        IQuotaRules rules = _rules();
        IQuotaRules.Law memory law = rules.lawAt(dueAt + 1);
        closing.law = law.law;
        (closing.penaltyFrom, closing.penaltyTo) = (law.minimum, law.maximum);
        if (law.basis == PENALTY_TIMES_PRICE) {
            if (price == 0) revert CompliancePriceMissing(law.law);
            closing.price = price;
            closing.priceDigest = priceDigest;
            uint256 value = uint256(price) * closing.shortfall;
            closing.penaltyFrom *= value;
            closing.penaltyTo *= value;
        }
        law = rules.lawAt(_now());
        closing.deductionLaw = law.law;
        if (law.deducts) closing.deduction = closing.uncorrected;
    }

    function _recordObligation(Obligation calldata act, Year storage year, bytes32 actId, bytes32 rulesId) private {
        ObligationRecord memory record = ObligationRecord(
            actId,
            act.member,
            act.year,
            year.part,
            year.obligation - year.settled,
            act.report,
            rulesId,
            year.dueAt,
            _now()
        );
        _record(OBLIGATION_TAG, actId, abi.encode(OBLIGATION_TAG, record));
        emit ObligationFixed(act.member, act.year, record.part, record.tonnes, act.report);
    }

    function _recordYear(bytes32 member, uint16 year) private {
        _record(YEAR_TAG, _key(member, year), abi.encode(YEAR_TAG, yearOf(member, year)));
    }

    function _recordDisposal(bytes32 disposalId) private {
        _record(DISPOSAL_TAG, disposalId, abi.encode(DISPOSAL_TAG, disposalOf(disposalId)));
    }

    function _less(uint64 a, uint64 b) private pure returns (uint64) {
        return a > b ? a - b : 0;
    }

    function _key(bytes32 member, uint16 number) private pure returns (bytes32) {
        return keccak256(abi.encode(member, uint256(number)));
    }
}
