// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "./IRegistry.sol";
import {
    SupportApplication,
    SupportCheck,
    SupportFunding,
    SupportRefusal,
    SupportRepayment,
    SupportReplacement,
    SupportRollover
} from "../LoanActs.sol";
import {Signed} from "../Signatures.sol";

uint8 constant SUPPORT_APPLIED = 1;
uint8 constant SUPPORT_FUNDED = 2;
uint8 constant SUPPORT_REPAID = 3;
uint8 constant SUPPORT_REFUSED = 4;

/// @title The central bank's carbon-reduction support tool: lend first, borrow later.
/// @dev A loan of the LoanRegistry is checked, applied for, funded, rolled over, disclosed, and paid back or replaced.
/// Warning: a borrower's early repayment changes nothing here by itself; `excess` says what is to be reduced or replaced.
interface ISupportTool is IRegistry {
    /// @notice The record `supportcheck`: the third party's check of a loan's line in the bank's ledger.
    struct Check {
        bytes32 loan;
        bytes32 verifier;
        uint8 outcome;
        bytes32 findingsDigest;
        uint64 checkedAt;
    }

    /// @notice The record `support`. `member` is the bank. Money in fen.
    struct Support {
        bytes32 application;
        bytes32 member;
        bytes32 loan;
        bytes32 tool;
        uint16 year;
        uint8 quarter;
        uint64 applied;
        uint64 funded;
        uint64 outstanding;
        uint32 ratePpm;
        uint64 appliedAt;
        uint64 fundedAt;
        uint64 renewedAt;
        uint64 dueAt;
        uint8 rollovers;
        uint8 status;
    }

    event LoanChecked(bytes32 indexed loan, bytes32 indexed verifier, uint8 outcome, bytes32 actId);
    event SupportAppliedFor(bytes32 indexed application, bytes32 indexed bank, bytes32 indexed loan, uint64 amount);
    event SupportFunded(bytes32 indexed application, uint64 amount, uint32 ratePpm, uint64 dueAt, bytes32 actId);
    event SupportRefused(bytes32 indexed application, bytes32 reasonDigest, bytes32 actId);
    event SupportRolledOver(bytes32 indexed application, uint8 rollovers, uint32 ratePpm, uint64 dueAt, bytes32 actId);
    event SupportReplaced(bytes32 indexed application, bytes32 indexed before, bytes32 indexed loan, bytes32 actId);
    event SupportRepaid(bytes32 indexed application, uint64 amount, uint64 outstanding, bytes32 actId);

    error SupportToolUnknown(bytes32 application);
    error SupportToolStatusUnchangeable(bytes32 application, uint8 expected, uint8 found);
    error SupportToolOutcomeUnknown(uint8 outcome);
    error SupportToolConflictOfDuty(bytes32 verifier, bytes32 loan);
    error SupportToolLoanNotOfBank(bytes32 loan, bytes32 bank, bytes32 found);
    error SupportToolLoanEnded(bytes32 loan, uint64 endedAt);
    /// @notice The loan's line was not confirmed by a third party.
    error SupportToolNotChecked(bytes32 loan, uint8 outcome);
    /// @notice The project's field is not one that the tool supports.
    error SupportToolFieldNotSupported(bytes32 tool, uint8 field);
    error SupportToolProjectSuspended(bytes32 project);
    /// @notice The loan carries an application already.
    error SupportToolLoanTaken(bytes32 loan, bytes32 application);
    error SupportToolAmountWrong(uint64 amount, uint256 most);
    /// @notice The loan was drawn after the quarter that is applied for, or the quarter is not over.
    error SupportToolQuarterWrong(uint16 year, uint8 quarter, uint64 drawnAt, uint64 time);
    error SupportToolQuotaExceeded(bytes32 tool, uint16 year, uint64 quota, uint256 funded);
    error SupportToolTooManyRollovers(bytes32 application, uint8 most);
    /// @notice The term has passed: the funds are to be paid back.
    error SupportToolTermOver(bytes32 application, uint64 dueAt, uint64 time);
    /// @notice The bank has not disclosed the quarter in which the funds were last given.
    error SupportToolNotDisclosed(bytes32 application, uint16 year, uint8 quarter);

    /// @notice Checks a loan's line; the latest check counts. Signed by a verifier.
    function check(SupportCheck calldata act, Signed calldata verifier) external;

    /// @notice Applies for funds for a loan of a quarter that is over. Signed by the bank. The act's id is the application's.
    function applyFor(SupportApplication calldata act, Signed calldata bank) external;

    /// @notice Gives funds, for the term and at the rate in force now. Signed by the tool's operator.
    function fund(SupportFunding calldata act, Signed calldata operator) external;

    /// @notice Refuses an application. Signed by the tool's operator.
    function refuse(SupportRefusal calldata act, Signed calldata operator) external;

    /// @notice Gives the funds for one more term, at the rate in force now. Signed by the operator and the bank.
    function rollOver(SupportRollover calldata act, Signed calldata operator, Signed calldata bank) external;

    /// @notice Puts another checked loan of the bank behind the funds. Signed by the operator and the bank.
    function replace(SupportReplacement calldata act, Signed calldata operator, Signed calldata bank) external;

    /// @notice Funds came back. Signed by the tool's operator.
    function repay(SupportRepayment calldata act, Signed calldata operator) external;

    function supportOf(bytes32 application) external view returns (Support memory);
    function checkOf(bytes32 loan) external view returns (Check memory);

    /// @notice The application that a loan carries now; 0 if none.
    function applicationOf(bytes32 loan) external view returns (bytes32);

    /// @notice Funds given in a calendar year (UTC+08:00), roll-overs not counted again.
    function fundedIn(bytes32 tool, uint16 year) external view returns (uint64);

    /// @notice Funds above the tool's share of what is outstanding of the loan now: to be paid back or replaced.
    function excess(bytes32 application) external view returns (uint64);
}
