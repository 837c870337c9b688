// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "./IRegistry.sol";
import {Loan, LoanDisclosure, LoanProject, LoanRepayment, ProjectAmendment, ProjectCheckup} from "../LoanActs.sol";
import {Signed} from "../Signatures.sol";

uint8 constant PROJECT_LIVE = 1;
uint8 constant PROJECT_SUSPENDED = 2;

uint8 constant CHECK_CONFIRMED = 1;
uint8 constant CHECK_DOUBTED = 2;
uint8 constant CHECK_FAILED = 3;

/// @title Projects that banks lend for, their loans, check-ups and disclosures; money in fen, reductions in g a year.
/// @dev Warning: amounts, dates and reductions are seen by all members. The loan's rate and contract are not here: `terms`
/// is a commitment, opened off the chain. `site` and `permit` are digests of names that can be guessed.
interface ILoanRegistry is IRegistry {
    /// @notice The record `loanproject`. `lent` and `attributed` are sums over its loans that have not ended.
    struct Project {
        bytes32 project;
        bytes32 member;
        bytes32 bank;
        bytes32 site;
        bytes32 permit;
        uint8 field;
        bytes32 catalogue;
        bytes32 item;
        uint64 approvedAt;
        uint64 investment;
        uint64 reduction;
        uint64 lent;
        uint64 attributed;
        bytes32 method;
        bytes32 factor;
        uint16 factorYear;
        bytes32 documents;
        uint32 amendments;
        uint8 status;
    }

    /// @notice The record `loan`. `member` is the borrower; `attributed` the loan's part of the project's reduction.
    struct LoanRecord {
        bytes32 loan;
        bytes32 member;
        bytes32 bank;
        bytes32 project;
        bytes32 catalogue;
        bytes32 item;
        uint8 rounding;
        uint64 principal;
        uint64 outstanding;
        uint64 attributed;
        uint64 approvedAt;
        uint64 drawnAt;
        uint64 dueAt;
        bytes32 terms;
        bytes32 pledge;
        uint64 endedAt;
    }

    /// @notice The record `checkup`. `member` is the borrower.
    struct Checkup {
        bytes32 checkupId;
        bytes32 member;
        bytes32 project;
        bytes32 verifier;
        uint16 year;
        uint8 quarter;
        uint8 outcome;
        uint64 reduction;
        bytes32 findingsDigest;
        bytes32 replaces;
        uint64 checkedAt;
    }

    /// @notice The record `loandisclosure`. `member` is the bank.
    struct Disclosure {
        bytes32 disclosureId;
        bytes32 member;
        bytes32 tool;
        uint16 year;
        uint8 quarter;
        bytes32 document;
        bytes32 ledger;
        bytes32 replaces;
        uint64 publishedAt;
        bool late;
    }

    event ProjectRegistered(bytes32 indexed project, bytes32 indexed borrower, bytes32 indexed bank);
    event ProjectAmended(bytes32 indexed project, uint64 investment, uint64 reduction, bytes32 actId);
    event LoanDrawn(bytes32 indexed loan, bytes32 indexed project, bytes32 indexed bank, uint64 attributed);
    event LoanRepaid(bytes32 indexed loan, uint64 amount, uint64 paidAt, bytes32 actId);
    event ProjectChecked(bytes32 indexed project, uint16 year, uint8 quarter, uint8 outcome, bytes32 actId);
    event LoansDisclosed(bytes32 indexed bank, bytes32 indexed tool, uint16 year, uint8 quarter, bytes32 disclosureId);

    error LoanRegistryFieldWrong(bytes32 field, uint256 value);
    error LoanRegistryProjectUnknown(bytes32 project);
    /// @notice The same site or permit belongs to another project: one project is registered once, whoever lends.
    error LoanRegistryProjectTwice(bytes32 digest, bytes32 project);
    error LoanRegistryLoanUnknown(bytes32 loan);
    error LoanRegistryLoanEnded(bytes32 loan, uint64 endedAt);
    /// @notice The loans of all lenders would be more than the project costs.
    error LoanRegistryAboveInvestment(bytes32 project, uint64 investment, uint256 lent);
    /// @notice The loans would claim more than the project reduces.
    error LoanRegistryAboveReduction(bytes32 project, uint64 reduction, uint256 attributed);
    error LoanRegistryFieldDiffers(bytes32 project, uint8 expected, uint8 found);
    error LoanRegistryTooManyLoans(bytes32 project, uint256 most);
    error LoanRegistryTimesWrong(uint64 approvedAt, uint64 drawnAt, uint64 dueAt, uint64 time);
    error LoanRegistryRepaysTooMuch(bytes32 loan, uint64 outstanding, uint64 amount);
    /// @notice The latest check-up failed: no loan is drawn until a check-up of a later quarter, or its replacement, is not failed.
    error LoanRegistryProjectSuspended(bytes32 project);
    error LoanRegistryNothingChanges(bytes32 project);
    error LoanRegistryPeriodUnknown(uint16 year, uint8 quarter);
    error LoanRegistryPeriodNotOver(uint16 year, uint8 quarter, uint64 end, uint64 time);
    error LoanRegistryOutcomeUnknown(uint8 outcome);
    error LoanRegistryReplacesOther(bytes32 latest, bytes32 replaces);
    /// @notice A verifier does not check a project that it borrows for, or lends to.
    error LoanRegistryConflictOfDuty(bytes32 verifier, bytes32 project);

    /// @notice Registers a project with its cost, frozen as it was approved. Signed by the borrower and by the bank.
    /// The act's id is the project's.
    function registerProject(LoanProject calldata act, Signed calldata borrower, Signed calldata bank) external;

    /// @notice Changes cost, reduction or method; every loan's part is computed again. Signed by the borrower and the bank.
    function amendProject(ProjectAmendment calldata act, Signed calldata borrower, Signed calldata bank) external;

    /// @notice A loan, drawn. Signed by the bank and by the project's borrower. The act's id is the loan's.
    function draw(Loan calldata act, Signed calldata bank, Signed calldata borrower) external;

    /// @notice Principal paid back; at nothing outstanding the loan ends, and its part is free. Signed by the bank.
    function repay(LoanRepayment calldata act, Signed calldata bank) external;

    /// @notice The quarterly check-up of a project, after the quarter. Signed by a verifier.
    function checkUp(ProjectCheckup calldata act, Signed calldata verifier) external;

    /// @notice Digests of a quarter's disclosure and of the ledger lines behind it. Signed by the bank.
    function disclose(LoanDisclosure calldata act, Signed calldata bank) external;

    function projectOf(bytes32 project) external view returns (Project memory);
    function loanOf(bytes32 loan) external view returns (LoanRecord memory);

    /// @notice The loans of a project that have not ended.
    function loansOf(bytes32 project) external view returns (bytes32[] memory);

    /// @notice The latest check-up of a project's quarter; 0 if there is none.
    function checkupOf(bytes32 project, uint16 year, uint8 quarter) external view returns (bytes32);

    /// @notice The latest disclosure of a bank's quarter; 0 if there is none.
    function disclosureOf(bytes32 bank, bytes32 tool, uint16 year, uint8 quarter) external view returns (bytes32);
}
