// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DirectoryEntry, DIRECTORY_ENTRY_TYPE} from "../src/Acts.sol";
import {ILoanRegistry} from "../src/interfaces/ILoanRegistry.sol";
import {CatalogueItem} from "../src/interfaces/ILoanRules.sol";
import {ISupportTool, SUPPORT_APPLIED, SUPPORT_FUNDED} from "../src/interfaces/ISupportTool.sol";
import {
    CatalogueVersion,
    CATALOGUE_VERSION_TYPE,
    Loan,
    LOAN_TYPE,
    LoanProject,
    LOAN_PROJECT_TYPE,
    LoanRepayment,
    LOAN_REPAYMENT_TYPE,
    ProjectAmendment,
    PROJECT_AMENDMENT_TYPE,
    SupportApplication,
    SUPPORT_APPLICATION_TYPE,
    SupportCheck,
    SUPPORT_CHECK_TYPE,
    SupportFunding,
    SUPPORT_FUNDING_TYPE,
    SupportRepayment,
    SUPPORT_REPAYMENT_TYPE,
    SupportReplacement,
    SUPPORT_REPLACEMENT_TYPE,
    SupportToolRules,
    SUPPORT_TOOL_RULES_TYPE
} from "../src/LoanActs.sol";
import {LoanRegistry} from "../src/LoanRegistry.sol";
import {LoanRules} from "../src/LoanRules.sol";
import {SupportTool} from "../src/SupportTool.sol";
import {World} from "./World.sol";

/// @notice A borrower, a bank, a verifier and the central bank, who do anything in any order.
contract Lenders is World {
    uint256 private constant VERIFIER_KEY = 0xf1;
    bytes32 private constant VERIFIER_ID = keccak256("verifier");
    bytes32 private constant CATALOGUE = "catalogue";
    bytes32 private constant WIND = "wind";
    uint64 private constant QUOTA = 3000;
    uint64 private constant DRAWN = 1735000000 - 1;

    bytes32 public constant TOOL = "cerf";

    LoanRules private _rules;
    LoanRegistry public registry;
    SupportTool public tool;
    bytes32[] public projects;
    bytes32[] public loans;
    bytes32[] public applications;

    function setUp() public override {
        super.setUp();
        admit(VERIFIER_ID, 8, vm.addr(VERIFIER_KEY), VERIFIER_KEY);
        _rules = new LoanRules(address(directory));
        registry = new LoanRegistry(address(directory));
        tool = new SupportTool(address(directory));
        list("LoanRules", address(_rules));
        list("LoanRegistry", address(registry));
        list("SupportTool", address(tool));
        publish();
        register(0, 1000, 900);
        register(1, 7, 5000);
        draw(0, 300, 0);
        check(0, 1);
    }

    function list(bytes32 name, address where) private {
        DirectoryEntry memory act =
            DirectoryEntry(name, 1, where, where.codehash, uint64(block.timestamp), nextReference(), type(uint64).max);
        directory.set(act, quorum(keccak256(abi.encode(DIRECTORY_ENTRY_TYPE, act))));
    }

    function publish() private {
        CatalogueItem[] memory items = new CatalogueItem[](1);
        items[0] = CatalogueItem(WIND, 1);
        bytes32 digest = keccak256(abi.encode(bytes32(0), WIND, uint8(1)));
        for (uint8 rounding = 1; rounding <= 3; rounding++) {
            bytes32 catalogue = bytes32(uint256(CATALOGUE) + rounding);
            CatalogueVersion memory act =
                CatalogueVersion(catalogue, "key", 0, 0, rounding, digest, 1, 0, nextReference(), type(uint64).max);
            _rules.publishCatalogue(act, items, quorum(keccak256(abi.encode(CATALOGUE_VERSION_TYPE, act))));
        }
        SupportToolRules memory rules = SupportToolRules(
            TOOL, bytes32(uint256(1)), 0, 600_000, 17_500, 365, 2, QUOTA, 7, 60, 1, 0, nextReference(), type(uint64).max
        );
        _rules.publishTool(rules, quorum(keccak256(abi.encode(SUPPORT_TOOL_RULES_TYPE, rules))));
    }

    function countProjects() external view returns (uint256) {
        return projects.length;
    }

    function countLoans() external view returns (uint256) {
        return loans.length;
    }

    function countApplications() external view returns (uint256) {
        return applications.length;
    }

    function register(uint8 place, uint16 investment, uint16 reduction) public {
        if (projects.length > 3) return;
        bytes32 site = bytes32(uint256(place % 4) + 1);
        LoanProject memory act = LoanProject(
            ENTERPRISE_ID,
            BANK_ID,
            site,
            site,
            bytes32(uint256(CATALOGUE) + 1),
            WIND,
            DRAWN,
            investment,
            reduction,
            0,
            0,
            0,
            0,
            nextReference(),
            type(uint64).max
        );
        bytes32 structHash = keccak256(abi.encode(LOAN_PROJECT_TYPE, act));
        try registry.registerProject(act, signed(ENTERPRISE_KEY, structHash), signed(BANK_KEY, structHash)) {
            projects.push(registry.actOf(ENTERPRISE_ID, act.ref));
        } catch {}
    }

    function amend(uint8 which, uint16 investment, uint16 reduction) external {
        ProjectAmendment memory act = ProjectAmendment(
            projects[which % projects.length], investment, reduction, 0, 0, 0, 0, nextReference(), type(uint64).max
        );
        bytes32 structHash = keccak256(abi.encode(PROJECT_AMENDMENT_TYPE, act));
        try registry.amendProject(act, signed(ENTERPRISE_KEY, structHash), signed(BANK_KEY, structHash)) {} catch {}
    }

    function draw(uint8 which, uint16 principal, uint8 rounding) public {
        if (loans.length > 30) return;
        Loan memory act = Loan(
            BANK_ID,
            projects[which % projects.length],
            bytes32(uint256(CATALOGUE) + 1 + rounding % 3),
            WIND,
            principal % 600,
            DRAWN,
            DRAWN,
            DRAWN + 1,
            0,
            0,
            nextReference(),
            type(uint64).max
        );
        bytes32 structHash = keccak256(abi.encode(LOAN_TYPE, act));
        try registry.draw(act, signed(BANK_KEY, structHash), signed(ENTERPRISE_KEY, structHash)) {
            loans.push(registry.actOf(BANK_ID, act.ref));
        } catch {}
    }

    function repay(uint8 which, uint16 amount) public {
        if (loans.length == 0) return;
        LoanRepayment memory act = LoanRepayment(
            loans[which % loans.length], amount % 600, uint64(block.timestamp), nextReference(), type(uint64).max
        );
        try registry.repay(act, signed(BANK_KEY, keccak256(abi.encode(LOAN_REPAYMENT_TYPE, act)))) {} catch {}
    }

    function check(uint8 which, uint8 outcome) public {
        if (loans.length == 0) return;
        SupportCheck memory act =
            SupportCheck(VERIFIER_ID, loans[which % loans.length], outcome % 4, 0, nextReference(), type(uint64).max);
        try tool.check(act, signed(VERIFIER_KEY, keccak256(abi.encode(SUPPORT_CHECK_TYPE, act)))) {} catch {}
    }

    function applyFor(uint8 which, uint16 amount) external {
        if (loans.length == 0 || applications.length > 20) return;
        bytes32 loan = loans[which % loans.length];
        // the quarter of the draw, over by then
        vm.warp(1736000000);
        SupportApplication memory act =
            SupportApplication(BANK_ID, loan, TOOL, 2024, 4, amount % 400, nextReference(), type(uint64).max);
        try tool.applyFor(act, signed(BANK_KEY, keccak256(abi.encode(SUPPORT_APPLICATION_TYPE, act)))) {
            applications.push(tool.actOf(BANK_ID, act.ref));
        } catch {}
    }

    function fund(uint8 which, uint16 amount) external {
        if (applications.length == 0) return;
        SupportFunding memory act = SupportFunding(pick(which), amount % 400, nextReference(), type(uint64).max);
        try tool.fund(act, signed(REGULATOR_A, keccak256(abi.encode(SUPPORT_FUNDING_TYPE, act)))) {} catch {}
    }

    function payBack(uint8 which, uint16 amount) external {
        if (applications.length == 0) return;
        SupportRepayment memory act = SupportRepayment(pick(which), amount % 400, nextReference(), type(uint64).max);
        try tool.repay(act, signed(REGULATOR_A, keccak256(abi.encode(SUPPORT_REPAYMENT_TYPE, act)))) {} catch {}
    }

    function replace(uint8 which, uint8 loan) external {
        if (applications.length == 0) return;
        SupportReplacement memory act =
            SupportReplacement(pick(which), loans[loan % loans.length], nextReference(), type(uint64).max);
        bytes32 structHash = keccak256(abi.encode(SUPPORT_REPLACEMENT_TYPE, act));
        try tool.replace(act, signed(REGULATOR_A, structHash), signed(BANK_KEY, structHash)) {} catch {}
    }

    function pick(uint8 which) private view returns (bytes32) {
        return applications[which % applications.length];
    }
}

contract LendersTest {
    /// @dev The handlers catch what is refused: this shows that they are not refused all the time.
    function test_the_lenders_of_the_invariants_get_funds_and_pay_them_back() public {
        Lenders lenders = new Lenders();
        lenders.setUp();
        lenders.applyFor(0, 180);
        lenders.fund(0, 100);
        require(lenders.tool().supportOf(lenders.applications(0)).outstanding == 100, "no funds");
        lenders.draw(0, 400, 1);
        lenders.check(1, 1);
        lenders.replace(0, 1);
        require(lenders.tool().supportOf(lenders.applications(0)).loan == lenders.loans(1), "not replaced");
        lenders.payBack(0, 100);
        lenders.repay(0, 300);
        lenders.amend(0, 500, 700);
        require(lenders.registry().projectOf(lenders.projects(0)).lent == 400, "not repaid");
        require(lenders.registry().projectOf(lenders.projects(0)).attributed == 560, "not attributed again");
    }
}

contract LoanInvariants {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    Lenders private _lenders;

    function setUp() public {
        _lenders = new Lenders();
        _lenders.setUp();
    }

    function targetContracts() public view returns (address[] memory) {
        address[] memory all = new address[](1);
        all[0] = address(_lenders);
        return all;
    }

    function targetSelectors() public view returns (FuzzSelector[] memory all) {
        bytes4[] memory selectors = new bytes4[](9);
        selectors[0] = Lenders.register.selector;
        selectors[1] = Lenders.amend.selector;
        selectors[2] = Lenders.draw.selector;
        selectors[3] = Lenders.repay.selector;
        selectors[4] = Lenders.check.selector;
        selectors[5] = Lenders.applyFor.selector;
        selectors[6] = Lenders.fund.selector;
        selectors[7] = Lenders.payBack.selector;
        selectors[8] = Lenders.replace.selector;
        all = new FuzzSelector[](1);
        all[0] = FuzzSelector(address(_lenders), selectors);
    }

    function invariant_no_more_is_lent_than_the_project_costs() public view {
        for (uint256 i = 0; i < _lenders.countProjects(); i++) {
            ILoanRegistry.Project memory project = _lenders.registry().projectOf(_lenders.projects(i));
            uint256 lent;
            uint256 attributed;
            for (uint256 j = 0; j < _lenders.countLoans(); j++) {
                ILoanRegistry.LoanRecord memory loan = _lenders.registry().loanOf(_lenders.loans(j));
                if (loan.project != project.project || loan.endedAt != 0) continue;
                lent += loan.principal;
                attributed += loan.attributed;
                require(loan.outstanding > 0 && loan.outstanding <= loan.principal, "a loan is not what is owed");
            }
            require(lent == project.lent && lent <= project.investment, "more is lent than the project costs");
            require(attributed == project.attributed, "the parts are not the sum");
            require(attributed <= project.reduction, "more is claimed than is reduced");
        }
    }

    function invariant_no_two_projects_are_in_one_place() public view {
        for (uint256 i = 0; i < _lenders.countProjects(); i++) {
            for (uint256 j = 0; j < i; j++) {
                ILoanRegistry.Project memory one = _lenders.registry().projectOf(_lenders.projects(i));
                ILoanRegistry.Project memory other = _lenders.registry().projectOf(_lenders.projects(j));
                require(one.site != other.site && one.permit != other.permit, "one project twice");
            }
        }
    }

    function invariant_funds_stand_behind_one_loan_each_and_within_the_quota() public view {
        SupportTool tool = _lenders.tool();
        uint256 funded;
        for (uint256 i = 0; i < _lenders.countApplications(); i++) {
            bytes32 id = _lenders.applications(i);
            ISupportTool.Support memory support = tool.supportOf(id);
            funded += support.funded;
            require(support.outstanding <= support.funded && support.funded <= support.applied, "funds from nowhere");
            bool live = support.status == SUPPORT_APPLIED || support.status == SUPPORT_FUNDED;
            bool carried = tool.applicationOf(support.loan) == id;
            require(live == carried, "a loan carries another application, or none");
            require((support.status == SUPPORT_FUNDED) == (support.outstanding > 0), "the status is not the funds'");
        }
        require(funded == tool.fundedIn(_lenders.TOOL(), 2025), "the year's funds are not the sum");
        require(funded <= 3000, "above the quota");
    }
}
