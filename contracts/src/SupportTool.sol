// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CHECK_CONFIRMED, CHECK_FAILED, ILoanRegistry, PROJECT_LIVE} from "./interfaces/ILoanRegistry.sol";
import {ILoanRules} from "./interfaces/ILoanRules.sol";
import {BANK, REGULATOR, VERIFIER} from "./interfaces/IMemberRegistry.sol";
import {
    ISupportTool,
    SUPPORT_APPLIED,
    SUPPORT_FUNDED,
    SUPPORT_REFUSED,
    SUPPORT_REPAID
} from "./interfaces/ISupportTool.sol";
import {Calendar} from "./libraries/Calendar.sol";
import {
    SupportApplication,
    SUPPORT_APPLICATION_TYPE,
    SupportCheck,
    SUPPORT_CHECK_TYPE,
    SupportFunding,
    SUPPORT_FUNDING_TYPE,
    SupportRefusal,
    SUPPORT_REFUSAL_TYPE,
    SupportRepayment,
    SUPPORT_REPAYMENT_TYPE,
    SupportReplacement,
    SUPPORT_REPLACEMENT_TYPE,
    SupportRollover,
    SUPPORT_ROLLOVER_TYPE
} from "./LoanActs.sol";
import {Registry} from "./Registry.sol";
import {Signed} from "./Signatures.sol";

contract SupportTool is ISupportTool, Registry {
    bytes32 private constant SUPPORT_TAG = keccak256("carbonledger/record/support/v1");
    bytes32 private constant CHECK_TAG = keccak256("carbonledger/record/supportcheck/v1");

    uint256 private constant MILLION = 1_000_000;

    mapping(bytes32 application => Support) private _supports;
    mapping(bytes32 loan => Check) private _checks;
    mapping(bytes32 loan => bytes32 application) private _carried;
    mapping(bytes32 tool => mapping(uint16 year => uint64 funds)) private _funded;

    constructor(address directory_) Registry(directory_) {}

    /* BEFORE THE FUNDS */

    /// @inheritdoc ISupportTool
    function check(SupportCheck calldata act, Signed calldata verifier) external {
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(SUPPORT_CHECK_TYPE, act), act.verifier);
        if (!fresh) return;
        _requireMember(act.verifier, verifier, digest);
        _requireKind(act.verifier, VERIFIER);
        if (act.outcome < CHECK_CONFIRMED || act.outcome > CHECK_FAILED) revert SupportToolOutcomeUnknown(act.outcome);
        ILoanRegistry.LoanRecord memory loan = _loans().loanOf(act.loan);
        if (act.verifier == loan.member || act.verifier == loan.bank) {
            revert SupportToolConflictOfDuty(act.verifier, act.loan);
        }
        Check memory words = Check(act.loan, act.verifier, act.outcome, act.findingsDigest, _now());
        _checks[act.loan] = words;
        _record(CHECK_TAG, act.loan, abi.encode(CHECK_TAG, words));
        emit LoanChecked(act.loan, act.verifier, act.outcome, actId);
    }

    /// @inheritdoc ISupportTool
    function applyFor(SupportApplication calldata act, Signed calldata bank) external {
        (bool fresh, bytes32 id, bytes32 digest) = _open(abi.encode(SUPPORT_APPLICATION_TYPE, act), act.bank);
        if (!fresh) return;
        _requireMember(act.bank, bank, digest);
        _requireKind(act.bank, BANK);
        ILoanRules.Tool memory rules = _loanRules().toolAt(act.tool, _now());
        ILoanRegistry.LoanRecord memory loan = _requireLoan(act.loan, act.bank, rules);
        _requireQuarter(act.year, act.quarter, loan.drawnAt);
        uint256 most = _most(rules, loan);
        if (act.amount == 0 || act.amount > most) revert SupportToolAmountWrong(act.amount, most);

        Support storage support = _supports[id];
        support.application = id;
        support.member = act.bank;
        support.loan = act.loan;
        support.tool = act.tool;
        support.year = act.year;
        support.quarter = act.quarter;
        support.applied = act.amount;
        support.appliedAt = _now();
        support.status = SUPPORT_APPLIED;
        _carried[act.loan] = id;
        _recordSupport(id);
        emit SupportAppliedFor(id, act.bank, act.loan, act.amount);
    }

    /* FUNDS */

    /// @inheritdoc ISupportTool
    function fund(SupportFunding calldata act, Signed calldata operator) external {
        (Support storage support, ILoanRules.Tool memory rules) = _known(act.application);
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(SUPPORT_FUNDING_TYPE, act), rules.operator);
        if (!fresh) return;
        _requireOperator(rules, operator, digest);
        _requireStatus(support, SUPPORT_APPLIED);
        _requireConfirmed(support.loan);
        ILoanRegistry.LoanRecord memory loan = _loans().loanOf(support.loan);
        uint256 most = _most(rules, loan);
        if (most > support.applied) most = support.applied;
        if (act.amount == 0 || act.amount > most) revert SupportToolAmountWrong(act.amount, most);
        uint16 year = Calendar.yearOf(_now());
        uint256 total = uint256(_funded[support.tool][year]) + act.amount;
        if ((rules.quota != 0 && total > rules.quota) || total > type(uint64).max) {
            revert SupportToolQuotaExceeded(support.tool, year, rules.quota, total);
        }

        _funded[support.tool][year] = uint64(total);
        support.funded = act.amount;
        support.outstanding = act.amount;
        support.ratePpm = rules.ratePpm;
        support.fundedAt = _now();
        support.renewedAt = _now();
        support.dueAt = _now() + uint64(rules.termDays) * 1 days;
        support.status = SUPPORT_FUNDED;
        _recordSupport(act.application);
        emit SupportFunded(act.application, act.amount, rules.ratePpm, support.dueAt, actId);
    }

    /// @inheritdoc ISupportTool
    function refuse(SupportRefusal calldata act, Signed calldata operator) external {
        (Support storage support, ILoanRules.Tool memory rules) = _known(act.application);
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(SUPPORT_REFUSAL_TYPE, act), rules.operator);
        if (!fresh) return;
        _requireOperator(rules, operator, digest);
        _requireStatus(support, SUPPORT_APPLIED);
        support.status = SUPPORT_REFUSED;
        delete _carried[support.loan];
        _recordSupport(act.application);
        emit SupportRefused(act.application, act.reasonDigest, actId);
    }

    /// @inheritdoc ISupportTool
    function rollOver(SupportRollover calldata act, Signed calldata operator, Signed calldata bank) external {
        (Support storage support, ILoanRules.Tool memory rules) = _known(act.application);
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(SUPPORT_ROLLOVER_TYPE, act), rules.operator);
        if (!fresh) return;
        _requireOperator(rules, operator, digest);
        _requireMember(support.member, bank, digest);
        _requireStatus(support, SUPPORT_FUNDED);
        if (support.rollovers >= rules.rollovers) revert SupportToolTooManyRollovers(act.application, rules.rollovers);
        if (block.timestamp > support.dueAt) revert SupportToolTermOver(act.application, support.dueAt, _now());
        uint256 most = _most(rules, _loans().loanOf(support.loan));
        if (support.outstanding > most) revert SupportToolAmountWrong(support.outstanding, most);
        _requireDisclosed(support);

        support.rollovers++;
        support.ratePpm = rules.ratePpm;
        support.renewedAt = _now();
        support.dueAt += uint64(rules.termDays) * 1 days;
        _recordSupport(act.application);
        emit SupportRolledOver(act.application, support.rollovers, rules.ratePpm, support.dueAt, actId);
    }

    /// @inheritdoc ISupportTool
    function replace(SupportReplacement calldata act, Signed calldata operator, Signed calldata bank) external {
        (Support storage support, ILoanRules.Tool memory rules) = _known(act.application);
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(SUPPORT_REPLACEMENT_TYPE, act), rules.operator);
        if (!fresh) return;
        _requireOperator(rules, operator, digest);
        _requireMember(support.member, bank, digest);
        _requireStatus(support, SUPPORT_FUNDED);
        uint256 most = _most(rules, _requireLoan(act.loan, support.member, rules));
        if (support.outstanding > most) revert SupportToolAmountWrong(support.outstanding, most);

        bytes32 before = support.loan;
        delete _carried[before];
        _carried[act.loan] = act.application;
        support.loan = act.loan;
        _recordSupport(act.application);
        emit SupportReplaced(act.application, before, act.loan, actId);
    }

    /// @inheritdoc ISupportTool
    function repay(SupportRepayment calldata act, Signed calldata operator) external {
        (Support storage support, ILoanRules.Tool memory rules) = _known(act.application);
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(SUPPORT_REPAYMENT_TYPE, act), rules.operator);
        if (!fresh) return;
        _requireOperator(rules, operator, digest);
        _requireStatus(support, SUPPORT_FUNDED);
        if (act.amount == 0 || act.amount > support.outstanding) {
            revert SupportToolAmountWrong(act.amount, support.outstanding);
        }
        support.outstanding -= act.amount;
        if (support.outstanding == 0) {
            support.status = SUPPORT_REPAID;
            delete _carried[support.loan];
        }
        _recordSupport(act.application);
        emit SupportRepaid(act.application, act.amount, support.outstanding, actId);
    }

    /* VIEWS */

    /// @inheritdoc ISupportTool
    function supportOf(bytes32 application) external view returns (Support memory) {
        if (_supports[application].status == 0) revert SupportToolUnknown(application);
        return _supports[application];
    }

    /// @inheritdoc ISupportTool
    function checkOf(bytes32 loan) external view returns (Check memory) {
        return _checks[loan];
    }

    /// @inheritdoc ISupportTool
    function applicationOf(bytes32 loan) external view returns (bytes32) {
        return _carried[loan];
    }

    /// @inheritdoc ISupportTool
    function fundedIn(bytes32 tool, uint16 year) external view returns (uint64) {
        return _funded[tool][year];
    }

    /// @inheritdoc ISupportTool
    function excess(bytes32 application) external view returns (uint64) {
        (Support storage support, ILoanRules.Tool memory rules) = _known(application);
        uint256 most = _most(rules, _loans().loanOf(support.loan));
        return support.outstanding > most ? uint64(support.outstanding - most) : 0;
    }

    /* INSIDE */

    function _loans() private view returns (ILoanRegistry) {
        return ILoanRegistry(_located("LoanRegistry"));
    }

    function _loanRules() private view returns (ILoanRules) {
        return ILoanRules(_located("LoanRules"));
    }

    function _known(bytes32 application) private view returns (Support storage support, ILoanRules.Tool memory rules) {
        support = _supports[application];
        if (support.status == 0) revert SupportToolUnknown(application);
        rules = _loanRules().toolAt(support.tool, _now());
    }

    function _requireOperator(ILoanRules.Tool memory rules, Signed calldata operator, bytes32 digest) private view {
        _requireMember(rules.operator, operator, digest);
        _requireKind(rules.operator, REGULATOR);
    }

    function _requireStatus(Support storage support, uint8 expected) private view {
        if (support.status != expected) {
            revert SupportToolStatusUnchangeable(support.application, expected, support.status);
        }
    }

    /// @dev A live, checked loan of the bank in a field of the tool, that carries no application yet.
    function _requireLoan(bytes32 id, bytes32 bank, ILoanRules.Tool memory rules)
        private
        view
        returns (ILoanRegistry.LoanRecord memory loan)
    {
        loan = _loans().loanOf(id);
        if (loan.bank != bank) revert SupportToolLoanNotOfBank(id, bank, loan.bank);
        if (loan.endedAt != 0) revert SupportToolLoanEnded(id, loan.endedAt);
        if (_carried[id] != 0) revert SupportToolLoanTaken(id, _carried[id]);
        _requireConfirmed(id);
        ILoanRegistry.Project memory project = _loans().projectOf(loan.project);
        if (project.status != PROJECT_LIVE) revert SupportToolProjectSuspended(loan.project);
        if (project.field == 0 || (rules.fields >> (project.field - 1)) & 1 == 0) {
            revert SupportToolFieldNotSupported(rules.tool, project.field);
        }
    }

    function _requireConfirmed(bytes32 loan) private view {
        uint8 outcome = _checks[loan].outcome;
        if (outcome != CHECK_CONFIRMED) revert SupportToolNotChecked(loan, outcome);
    }

    function _requireQuarter(uint16 year, uint8 quarter, uint64 drawnAt) private view {
        if (year < 1990 || year > 9998 || quarter == 0 || quarter > 4) {
            revert SupportToolQuarterWrong(year, quarter, drawnAt, _now());
        }
        uint64 end = Calendar.monthStart(year, quarter * 3 + 1);
        if (drawnAt >= end || block.timestamp < end) revert SupportToolQuarterWrong(year, quarter, drawnAt, _now());
    }

    /// @dev Funds are last given more than a quarter before a term ends, so that quarter's disclosure can be asked for.
    function _requireDisclosed(Support storage support) private view {
        uint16 year = Calendar.yearOf(support.renewedAt);
        uint8 quarter = 1;
        while (quarter < 4 && support.renewedAt >= Calendar.monthStart(year, quarter * 3 + 1)) quarter++;
        if (_loans().disclosureOf(support.member, support.tool, year, quarter) == 0) {
            revert SupportToolNotDisclosed(support.application, year, quarter);
        }
    }

    /// @dev The share of what is outstanding of the loan, whole fen, rounded down.
    function _most(ILoanRules.Tool memory rules, ILoanRegistry.LoanRecord memory loan) private pure returns (uint256) {
        return uint256(loan.outstanding) * rules.sharePpm / MILLION;
    }

    function _recordSupport(bytes32 id) private {
        Support memory words = _supports[id];
        _record(SUPPORT_TAG, id, abi.encode(SUPPORT_TAG, words));
    }
}
