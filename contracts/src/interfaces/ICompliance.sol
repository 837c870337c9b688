// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "./IRegistry.sol";
import {
    CarryOver,
    Cancellation,
    Closing,
    Decision,
    Deduction,
    ForcedSurrender,
    Obligation,
    Surrender
} from "../QuotaActs.sol";
import {Signed} from "../Signatures.sol";
import {Authority} from "./IPlanRegistry.sol";

uint8 constant PURPOSE_SURRENDER = 1;
uint8 constant PURPOSE_CANCELLATION = 2;
uint8 constant PURPOSE_CARRY_OVER = 3;
uint8 constant PURPOSE_FORCED = 4;

uint8 constant YEAR_OPEN = 1;
uint8 constant YEAR_COMPLIANT = 2;
uint8 constant YEAR_SHORT = 3;

uint8 constant DISPOSAL_PENDING = 1;
uint8 constant DISPOSAL_DONE = 2;
uint8 constant DISPOSAL_RETURNED = 3;

/// @title A year's obligation of an enterprise, and what meets it: surrender, carry-over, cancellation, closing.
/// @dev A holder's request makes units pending; a decision of the quorum, or a step of its plan, ends or returns them.
/// @dev Warning: the average price of a closing is stated by who decides, with the digest of its source; it is not
/// computed here.
interface ICompliance is IRegistry {
    /// @notice The record `year`: where an enterprise stands. Amounts in tonnes; `settled` is the obligation that was
    /// closed before, `arrears` the closed part that is still owed, `deduction` what of it will be taken from the
    /// next allocation.
    struct YearRecord {
        bytes32 member;
        uint16 year;
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

    /// @notice The record `obligation`: one for each part; the first, and one for each restatement after a closing.
    struct ObligationRecord {
        bytes32 obligationId;
        bytes32 member;
        uint16 year;
        uint32 part;
        uint64 tonnes;
        bytes32 report;
        bytes32 rulesId;
        uint64 dueAt;
        uint64 fixedAt;
    }

    /// @notice The record `disposal`: a surrender, cancellation or carry-over. Done, it is the certificate that the
    /// units have ended. `year` is the compliance year, of a carry-over the new vintage; `note` the beneficiary's or
    /// the decision's digest.
    struct Disposal {
        bytes32 disposalId;
        bytes32 member;
        bytes32 lot;
        uint64 amount;
        uint8 purpose;
        uint16 year;
        bytes32 note;
        uint64 requestedAt;
        bool late;
        uint8 status;
        uint64 decidedAt;
    }

    /// @notice The record `closing`: a closed part of a year; never rewritten. Penalties in fen.
    struct ClosingRecord {
        bytes32 closingId;
        bytes32 member;
        uint16 year;
        uint32 part;
        uint64 shortfall;
        uint64 uncorrected;
        bytes32 law;
        uint64 price;
        bytes32 priceDigest;
        uint256 penaltyFrom;
        uint256 penaltyTo;
        bytes32 deductionLaw;
        uint64 deduction;
        uint64 closedAt;
    }

    event ObligationFixed(bytes32 indexed member, uint16 indexed year, uint32 part, uint64 tonnes, bytes32 report);
    event DisposalRequested(
        bytes32 indexed disposalId, bytes32 indexed member, uint8 purpose, uint16 year, uint64 amount
    );
    event DisposalDecided(bytes32 indexed disposalId, bytes32 indexed member, uint8 status, bytes32 actId);
    event YearClosed(bytes32 indexed member, uint16 indexed year, uint32 part, uint64 shortfall, uint64 deduction);
    event ArrearsDeducted(bytes32 indexed member, uint16 indexed year, uint64 amount, bytes32 decision);

    error ComplianceReportNotCurrent(bytes32 member, uint16 year, bytes32 current, bytes32 found);
    /// @notice The report is the one by which the obligation was fixed already.
    error ComplianceAlreadyFixed(bytes32 member, uint16 year, bytes32 report);
    /// @notice A closed year can only gain an additional obligation.
    error ComplianceNothingAdditional(uint64 settled, uint64 found);
    /// @notice The first part is due when the rules say (0 in the act); an additional one later than now.
    error ComplianceDueOutOfRange(uint64 dueAt, uint64 time);
    error ComplianceNoObligation(bytes32 member, uint16 year);
    error ComplianceMoreThanOwed(uint64 owed, uint64 asked);
    error ComplianceVintageRefused(uint16 vintage, uint16 from, uint16 to);
    /// @notice The offsets are of a project under the allowance scheme, or registered before `from`.
    error ComplianceOffsetIneligible(bytes32 project, bool covered, uint64 registeredAt, uint64 from);
    error ComplianceOffsetsAboveCap(uint64 cap, uint64 asked);
    error ComplianceBorrowingAboveCap(uint64 cap, uint64 asked);
    error ComplianceStateRefused(uint8 state);
    error ComplianceNotYetDue(uint64 dueAt, uint64 time);
    error ComplianceTooLate(uint64 until, uint64 time);
    error ComplianceYearNotCompliant(uint16 year, uint8 status);
    error ComplianceCarryOverAboveLimit(uint64 limit, uint64 asked);
    error ComplianceDisposalUnknown(bytes32 disposalId);
    error ComplianceDisposalDecided(bytes32 disposalId, uint8 status);
    error ComplianceOutcomeUnknown(uint8 outcome);
    /// @notice Requests wait for a decision.
    error ComplianceRequestsPending(uint64 pending);
    error ComplianceYearClosed(bytes32 member, uint16 year, uint32 part);
    error CompliancePriceMissing(bytes32 law);
    error ComplianceDeductionAboveArrears(uint64 deductible, uint64 asked);

    /// @notice Fixes the obligation by the approved report in force; after a restatement again: a year that is open
    /// changes, a closed one gains a part. Signed by the quorum or a step of a plan.
    function fix(Obligation calldata act, Authority calldata authority) external;

    /// @notice Asks to surrender registered units. Signed by an act key of the enterprise.
    function surrender(Surrender calldata act, Signed calldata holder) external;

    /// @notice Surrenders units for the member: of its provincial account, or after the deadline registered or trading
    /// ones. Signed by the quorum or a step of a plan.
    function forceSurrender(ForcedSurrender calldata act, Authority calldata authority) external;

    /// @notice Asks to cancel registered units for good. Signed by an act key of the holder.
    function cancel(Cancellation calldata act, Signed calldata holder) external;

    /// @notice Asks to turn allowances of old vintages into a new one. Signed by an act key of the holder.
    function carryOver(CarryOver calldata act, Signed calldata holder) external;

    /// @notice Carries a request out (outcome 1) or returns its units (2). Signed by the quorum or a step of a plan.
    function decide(Decision calldata act, Authority calldata authority) external;

    /// @notice Closes the open part of a year after its deadline: what is short, the penalty by the law in force then,
    /// the deduction if the law in force now knows one. Signed by the quorum or a step of a plan.
    /// @dev `price`: average in fen a tonne of the month before the deadline; asked for where the law multiplies it.
    function close(Closing calldata act, Authority calldata authority) external;

    /// @notice Notes that an allocation was made less by arrears. Signed by the quorum or a step of a plan.
    function deduct(Deduction calldata act, Authority calldata authority) external;

    function yearOf(bytes32 member, uint16 year) external view returns (YearRecord memory);

    function disposalOf(bytes32 disposalId) external view returns (Disposal memory);

    /// @notice What is owed and not asked to be surrendered.
    function owed(bytes32 member, uint16 year) external view returns (uint64);

    /// @notice Most that the member may carry over to the vintage in all, and what it asked for already.
    function carryOverLimit(bytes32 member, uint16 toVintage) external view returns (uint64 limit, uint64 used);
}
