// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    CHECK_CONFIRMED,
    CHECK_FAILED,
    ILoanRegistry,
    PROJECT_LIVE,
    PROJECT_SUSPENDED
} from "./interfaces/ILoanRegistry.sol";
import {ILoanRules} from "./interfaces/ILoanRules.sol";
import {BANK, ENTERPRISE, VERIFIER} from "./interfaces/IMemberRegistry.sol";
import {ROUND_HALF_UP, ROUND_UP} from "./interfaces/IQuotaRules.sol";
import {Calendar} from "./libraries/Calendar.sol";
import {
    Loan,
    LOAN_TYPE,
    LoanDisclosure,
    LOAN_DISCLOSURE_TYPE,
    LoanProject,
    LOAN_PROJECT_TYPE,
    LoanRepayment,
    LOAN_REPAYMENT_TYPE,
    ProjectAmendment,
    PROJECT_AMENDMENT_TYPE,
    ProjectCheckup,
    PROJECT_CHECKUP_TYPE
} from "./LoanActs.sol";
import {Registry} from "./Registry.sol";
import {Signed} from "./Signatures.sol";

contract LoanRegistry is ILoanRegistry, Registry {
    bytes32 private constant PROJECT_TAG = keccak256("carbonledger/record/loanproject/v1");
    bytes32 private constant LOAN_TAG = keccak256("carbonledger/record/loan/v1");
    bytes32 private constant CHECKUP_TAG = keccak256("carbonledger/record/checkup/v1");
    bytes32 private constant DISCLOSURE_TAG = keccak256("carbonledger/record/loandisclosure/v1");

    /// @dev An amendment writes every loan of its project again: this bounds what one costs.
    uint256 private constant MOST_LOANS = 24;

    mapping(bytes32 project => Project) private _projects;
    mapping(bytes32 siteOrPermit => bytes32 project) private _places;
    mapping(bytes32 project => bytes32[] loans) private _loansOf;
    mapping(bytes32 loan => LoanRecord) private _loans;
    mapping(bytes32 projectAndQuarter => bytes32 checkupId) private _checkups;
    mapping(bytes32 project => uint32 quarter) private _lastChecked;
    mapping(bytes32 bankToolAndQuarter => bytes32 disclosureId) private _disclosures;

    constructor(address directory_) Registry(directory_) {}

    /* PROJECTS */

    /// @inheritdoc ILoanRegistry
    function registerProject(LoanProject calldata act, Signed calldata borrower, Signed calldata bank) external {
        (bool fresh, bytes32 id, bytes32 digest) = _open(abi.encode(LOAN_PROJECT_TYPE, act), act.borrower);
        if (!fresh) return;
        _requireBoth(act.borrower, borrower, act.bank, bank, digest);
        if (act.investment == 0) revert LoanRegistryFieldWrong("investment", 0);
        if (act.reduction == 0) revert LoanRegistryFieldWrong("reduction", 0);
        if (act.approvedAt > block.timestamp) revert LoanRegistryFieldWrong("approvedAt", act.approvedAt);
        _takePlace("site", act.site, id);
        _takePlace("permit", act.permit, id);

        Project storage project = _projects[id];
        (project.field,) = _loanRules().requireItem(act.catalogue, act.item, act.approvedAt);
        project.project = id;
        project.member = act.borrower;
        project.bank = act.bank;
        project.site = act.site;
        project.permit = act.permit;
        project.catalogue = act.catalogue;
        project.item = act.item;
        project.approvedAt = act.approvedAt;
        project.investment = act.investment;
        project.reduction = act.reduction;
        project.method = act.method;
        project.factor = act.factor;
        project.factorYear = act.factorYear;
        project.documents = act.documents;
        project.status = PROJECT_LIVE;
        _recordProject(id);
        emit ProjectRegistered(id, act.borrower, act.bank);
    }

    /// @inheritdoc ILoanRegistry
    function amendProject(ProjectAmendment calldata act, Signed calldata borrower, Signed calldata bank) external {
        Project storage project = _known(act.project);
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(PROJECT_AMENDMENT_TYPE, act), project.member);
        if (!fresh) return;
        _requireBoth(project.member, borrower, project.bank, bank, digest);
        if (act.reduction == 0) revert LoanRegistryFieldWrong("reduction", 0);
        if (act.investment == 0 || act.investment < project.lent) {
            revert LoanRegistryAboveInvestment(act.project, act.investment, project.lent);
        }
        if (
            act.investment == project.investment && act.reduction == project.reduction && act.method == project.method
                && act.factor == project.factor && act.factorYear == project.factorYear
                && act.documents == project.documents
        ) revert LoanRegistryNothingChanges(act.project);

        project.investment = act.investment;
        project.reduction = act.reduction;
        project.method = act.method;
        project.factor = act.factor;
        project.factorYear = act.factorYear;
        project.documents = act.documents;
        project.amendments++;
        _attributeAgain(project);
        _recordProject(act.project);
        emit ProjectAmended(act.project, act.investment, act.reduction, actId);
    }

    /* LOANS */

    /// @inheritdoc ILoanRegistry
    function draw(Loan calldata act, Signed calldata bank, Signed calldata borrower) external {
        (bool fresh, bytes32 id, bytes32 digest) = _open(abi.encode(LOAN_TYPE, act), act.bank);
        if (!fresh) return;
        Project storage project = _known(act.project);
        _requireBoth(project.member, borrower, act.bank, bank, digest);
        if (project.status == PROJECT_SUSPENDED) revert LoanRegistryProjectSuspended(act.project);
        if (act.principal == 0) revert LoanRegistryFieldWrong("principal", 0);
        if (act.approvedAt > act.drawnAt || act.drawnAt > block.timestamp || act.dueAt <= act.drawnAt) {
            revert LoanRegistryTimesWrong(act.approvedAt, act.drawnAt, act.dueAt, _now());
        }
        if (_loansOf[act.project].length == MOST_LOANS) revert LoanRegistryTooManyLoans(act.project, MOST_LOANS);
        uint256 lent = uint256(project.lent) + act.principal;
        if (lent > project.investment) revert LoanRegistryAboveInvestment(act.project, project.investment, lent);
        (uint8 field, uint8 rounding) = _loanRules().requireItem(act.catalogue, act.item, act.approvedAt);
        if (field != project.field) revert LoanRegistryFieldDiffers(act.project, project.field, field);

        LoanRecord storage loan = _loans[id];
        loan.loan = id;
        loan.member = project.member;
        loan.bank = act.bank;
        loan.project = act.project;
        loan.catalogue = act.catalogue;
        loan.item = act.item;
        loan.rounding = rounding;
        loan.principal = act.principal;
        loan.outstanding = act.principal;
        loan.attributed = _part(project, act.principal, rounding);
        loan.approvedAt = act.approvedAt;
        loan.drawnAt = act.drawnAt;
        loan.dueAt = act.dueAt;
        loan.terms = act.terms;
        loan.pledge = act.pledge;
        _loansOf[act.project].push(id);
        project.lent = uint64(lent); // at most the investment
        project.attributed = _withinReduction(project, uint256(project.attributed) + loan.attributed);
        _recordLoan(id);
        _recordProject(act.project);
        emit LoanDrawn(id, act.project, act.bank, loan.attributed);
    }

    /// @inheritdoc ILoanRegistry
    function repay(LoanRepayment calldata act, Signed calldata bank) external {
        LoanRecord storage loan = _loans[act.loan];
        if (loan.loan == 0) revert LoanRegistryLoanUnknown(act.loan);
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(LOAN_REPAYMENT_TYPE, act), loan.bank);
        if (!fresh) return;
        _requireMember(loan.bank, bank, digest);
        _requireKind(loan.bank, BANK);
        if (loan.endedAt != 0) revert LoanRegistryLoanEnded(act.loan, loan.endedAt);
        if (act.amount == 0) revert LoanRegistryFieldWrong("amount", 0);
        if (act.amount > loan.outstanding) {
            revert LoanRegistryRepaysTooMuch(act.loan, loan.outstanding, act.amount);
        }
        if (act.paidAt < loan.drawnAt || act.paidAt > block.timestamp) {
            revert LoanRegistryFieldWrong("paidAt", act.paidAt);
        }
        loan.outstanding -= act.amount;
        if (loan.outstanding == 0) _end(loan, act.paidAt);
        _recordLoan(act.loan);
        emit LoanRepaid(act.loan, act.amount, act.paidAt, actId);
    }

    /* CHECK-UPS AND DISCLOSURES */

    /// @inheritdoc ILoanRegistry
    function checkUp(ProjectCheckup calldata act, Signed calldata verifier) external {
        (bool fresh, bytes32 id, bytes32 digest) = _open(abi.encode(PROJECT_CHECKUP_TYPE, act), act.verifier);
        if (!fresh) return;
        _requireMember(act.verifier, verifier, digest);
        _requireKind(act.verifier, VERIFIER);
        Project storage project = _known(act.project);
        _requireNoDuty(act.verifier, project);
        if (act.outcome < CHECK_CONFIRMED || act.outcome > CHECK_FAILED) {
            revert LoanRegistryOutcomeUnknown(act.outcome);
        }
        _quarterEnd(act.year, act.quarter);
        uint32 quarter = uint32(act.year) * 4 + act.quarter;
        bytes32 key = keccak256(abi.encode(act.project, quarter));
        if (act.replaces != _checkups[key]) revert LoanRegistryReplacesOther(_checkups[key], act.replaces);
        _checkups[key] = id;

        Checkup memory words = Checkup(
            id,
            project.member,
            act.project,
            act.verifier,
            act.year,
            act.quarter,
            act.outcome,
            act.reduction,
            act.findingsDigest,
            act.replaces,
            _now()
        );
        _record(CHECKUP_TAG, id, abi.encode(CHECKUP_TAG, words));
        if (quarter >= _lastChecked[act.project]) {
            // what an earlier quarter's check-up says does not change what a later one said
            _lastChecked[act.project] = quarter;
            _setStatus(project, act.outcome == CHECK_FAILED ? PROJECT_SUSPENDED : PROJECT_LIVE);
        }
        emit ProjectChecked(act.project, act.year, act.quarter, act.outcome, id);
    }

    /// @inheritdoc ILoanRegistry
    function disclose(LoanDisclosure calldata act, Signed calldata bank) external {
        (bool fresh, bytes32 id, bytes32 digest) = _open(abi.encode(LOAN_DISCLOSURE_TYPE, act), act.bank);
        if (!fresh) return;
        _requireMember(act.bank, bank, digest);
        _requireKind(act.bank, BANK);
        uint64 end = _quarterEnd(act.year, act.quarter);
        uint16 dueDays = _loanRules().toolAt(act.tool, end).disclosureDays;
        bytes32 key = _disclosureKey(act.bank, act.tool, act.year, act.quarter);
        if (act.replaces != _disclosures[key]) revert LoanRegistryReplacesOther(_disclosures[key], act.replaces);
        _disclosures[key] = id;
        Disclosure memory words = Disclosure(
            id,
            act.bank,
            act.tool,
            act.year,
            act.quarter,
            act.document,
            act.ledger,
            act.replaces,
            _now(),
            block.timestamp > uint256(end) + uint256(dueDays) * 1 days
        );
        _record(DISCLOSURE_TAG, id, abi.encode(DISCLOSURE_TAG, words));
        emit LoansDisclosed(act.bank, act.tool, act.year, act.quarter, id);
    }

    /* VIEWS */

    /// @inheritdoc ILoanRegistry
    function projectOf(bytes32 project) external view returns (Project memory) {
        return _known(project);
    }

    /// @inheritdoc ILoanRegistry
    function loanOf(bytes32 loan) external view returns (LoanRecord memory) {
        if (_loans[loan].loan == 0) revert LoanRegistryLoanUnknown(loan);
        return _loans[loan];
    }

    /// @inheritdoc ILoanRegistry
    function loansOf(bytes32 project) external view returns (bytes32[] memory) {
        return _loansOf[project];
    }

    /// @inheritdoc ILoanRegistry
    function checkupOf(bytes32 project, uint16 year, uint8 quarter) external view returns (bytes32) {
        return _checkups[keccak256(abi.encode(project, uint32(year) * 4 + quarter))];
    }

    /// @inheritdoc ILoanRegistry
    function disclosureOf(bytes32 bank, bytes32 tool, uint16 year, uint8 quarter) external view returns (bytes32) {
        return _disclosures[_disclosureKey(bank, tool, year, quarter)];
    }

    /* INSIDE */

    function _loanRules() private view returns (ILoanRules) {
        return ILoanRules(_located("LoanRules"));
    }

    function _requireBoth(
        bytes32 borrower,
        Signed calldata borrowerSigned,
        bytes32 bank,
        Signed calldata bankSigned,
        bytes32 digest
    ) private view {
        _requireMember(borrower, borrowerSigned, digest);
        _requireKind(borrower, ENTERPRISE);
        _requireMember(bank, bankSigned, digest);
        _requireKind(bank, BANK);
    }

    function _takePlace(bytes32 what, bytes32 place, bytes32 project) private {
        if (place == 0) revert LoanRegistryFieldWrong(what, 0);
        bytes32 key = keccak256(abi.encode(what, place));
        if (_places[key] != 0) revert LoanRegistryProjectTwice(place, _places[key]);
        _places[key] = project;
    }

    /// @dev reduction × principal / investment, in whole grams; both factors are below 2^64.
    function _part(Project storage project, uint64 principal, uint8 rounding) private view returns (uint64) {
        uint256 product = uint256(project.reduction) * principal;
        uint256 part = product / project.investment;
        uint256 rest = product % project.investment;
        if (rounding == ROUND_UP && rest != 0) part++;
        if (rounding == ROUND_HALF_UP && 2 * rest >= project.investment) part++;
        return uint64(part); // principal is at most the investment, so part is at most the reduction
    }

    function _withinReduction(Project storage project, uint256 attributed) private view returns (uint64) {
        if (attributed > project.reduction) {
            revert LoanRegistryAboveReduction(project.project, project.reduction, attributed);
        }
        return uint64(attributed);
    }

    function _attributeAgain(Project storage project) private {
        bytes32[] storage ids = _loansOf[project.project];
        uint256 total = 0;
        for (uint256 i = 0; i < ids.length; i++) {
            LoanRecord storage loan = _loans[ids[i]];
            uint64 part = _part(project, loan.principal, loan.rounding);
            total += part;
            if (part == loan.attributed) continue;
            loan.attributed = part;
            _recordLoan(ids[i]);
        }
        project.attributed = _withinReduction(project, total);
    }

    function _end(LoanRecord storage loan, uint64 paidAt) private {
        loan.endedAt = paidAt;
        bytes32[] storage ids = _loansOf[loan.project];
        for (uint256 i = 0; i < ids.length; i++) {
            if (ids[i] != loan.loan) continue;
            ids[i] = ids[ids.length - 1];
            ids.pop();
            break;
        }
        Project storage project = _projects[loan.project];
        project.lent -= loan.principal;
        project.attributed -= loan.attributed;
        _recordProject(loan.project);
    }

    function _requireNoDuty(bytes32 verifier, Project storage project) private view {
        bool conflict = verifier == project.member || verifier == project.bank;
        bytes32[] storage ids = _loansOf[project.project];
        for (uint256 i = 0; i < ids.length; i++) {
            conflict = conflict || _loans[ids[i]].bank == verifier;
        }
        if (conflict) revert LoanRegistryConflictOfDuty(verifier, project.project);
    }

    function _setStatus(Project storage project, uint8 status) private {
        if (project.status == status) return;
        project.status = status;
        _recordProject(project.project);
    }

    /// @return end the first instant after the quarter, at UTC+08:00; reverts unless it has passed.
    function _quarterEnd(uint16 year, uint8 quarter) private view returns (uint64 end) {
        if (year < 1990 || year > 9998 || quarter == 0 || quarter > 4) revert LoanRegistryPeriodUnknown(year, quarter);
        end = Calendar.monthStart(year, quarter * 3 + 1);
        if (block.timestamp < end) revert LoanRegistryPeriodNotOver(year, quarter, end, _now());
    }

    function _disclosureKey(bytes32 bank, bytes32 tool, uint16 year, uint8 quarter) private pure returns (bytes32) {
        return keccak256(abi.encode(bank, tool, uint256(year) * 4 + quarter));
    }

    function _known(bytes32 id) private view returns (Project storage project) {
        project = _projects[id];
        if (project.status == 0) revert LoanRegistryProjectUnknown(id);
    }

    function _recordProject(bytes32 id) private {
        Project memory words = _projects[id];
        _record(PROJECT_TAG, id, abi.encode(PROJECT_TAG, words));
    }

    function _recordLoan(bytes32 id) private {
        LoanRecord memory words = _loans[id];
        _record(LOAN_TAG, id, abi.encode(LOAN_TAG, words));
    }
}
