// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DirectoryEntry, DIRECTORY_ENTRY_TYPE} from "../src/Acts.sol";
import {AllowanceLedger} from "../src/AllowanceLedger.sol";
import {Compliance} from "../src/Compliance.sol";
import {IAllowanceLedger, KIND_CCER, KIND_CEA, PROVINCIAL, REGISTERED} from "../src/interfaces/IAllowanceLedger.sol";
import {ICompliance, YEAR_COMPLIANT, YEAR_OPEN, YEAR_SHORT} from "../src/interfaces/ICompliance.sol";
import {Authority} from "../src/interfaces/IPlanRegistry.sol";
import {IReportRegistry} from "../src/interfaces/IReportRegistry.sol";
import {
    Closing,
    CLOSING_TYPE,
    ComplianceRules,
    COMPLIANCE_RULES_TYPE,
    Decision,
    DECISION_TYPE,
    Deduction,
    DEDUCTION_TYPE,
    ForcedSurrender,
    FORCED_SURRENDER_TYPE,
    Issuance,
    ISSUANCE_TYPE,
    Obligation,
    OBLIGATION_TYPE,
    OffsetProject,
    OFFSET_PROJECT_TYPE,
    PenaltyLaw,
    PENALTY_LAW_TYPE,
    Surrender,
    SURRENDER_TYPE
} from "../src/QuotaActs.sol";
import {QuotaRules} from "../src/QuotaRules.sol";
import {World} from "./World.sol";

/// @notice Approved reports as this test says them, in the place of the ReportRegistry.
contract Reports {
    mapping(bytes32 report => uint256 emission) private _emissions;
    bytes32 public current;

    function approve(bytes32 report, uint256 emission) external {
        _emissions[report] = emission;
        current = report;
    }

    function currentReport(bytes32, uint16) external view returns (bytes32) {
        return current;
    }

    function reportOf(bytes32 report) external view returns (IReportRegistry.Report memory found) {
        found.emission = _emissions[report];
    }
}

/// @notice An enterprise's year by acts of chance, with restatements, requests, force, closings, and acts done again.
contract AYear is World {
    uint16 public constant YEAR = 2024;
    uint64 private constant DUE = 1740000000;
    uint64 private constant FOREVER = type(uint64).max;

    AllowanceLedger public ledger;
    Compliance public compliance;
    bytes32[] public lots;
    bytes32[] private _asked;
    bytes private _lastCall;
    bool public aboveCap;
    bool public repeated;
    Reports private _reports;

    function setUp() public override {
        super.setUp();
        ledger = new AllowanceLedger(address(directory));
        compliance = new Compliance(address(directory));
        QuotaRules rules = new QuotaRules(address(directory));
        _reports = new Reports();
        list("AllowanceLedger", address(ledger));
        list("Compliance", address(compliance));
        list("QuotaRules", address(rules));
        list("ReportRegistry", address(_reports));
        ComplianceRules memory year = ComplianceRules(
            YEAR, 1, DUE, 3, 2023, YEAR, 50_000, 0, YEAR + 1, 100_000, 500_000, 1, 0, nextReference(), FOREVER
        );
        rules.publishCompliance(year, quorum(keccak256(abi.encode(COMPLIANCE_RULES_TYPE, year))));
        PenaltyLaw memory law = PenaltyLaw("law", 1, 2, 5, 10, 1, 1, 0, nextReference(), FOREVER);
        rules.publishPenalty(law, quorum(keccak256(abi.encode(PENALTY_LAW_TYPE, law))));
        OffsetProject memory project = OffsetProject("wind", ENTERPRISE_ID, 0, 0, 0, nextReference(), FOREVER);
        ledger.registerProject(project, quorum(keccak256(abi.encode(OFFSET_PROJECT_TYPE, project))));
        for (uint8 i = 0; i < 4; i++) {
            issue(800, i);
        }
        restate(1000);
        fix(0);
    }

    function list(bytes32 name, address where) private {
        DirectoryEntry memory act =
            DirectoryEntry(name, 1, where, where.codehash, uint64(block.timestamp), nextReference(), FOREVER);
        directory.set(act, quorum(keccak256(abi.encode(DIRECTORY_ENTRY_TYPE, act))));
    }

    function authority(bytes32 structHash) private view returns (Authority memory) {
        return Authority(quorum(structHash), 0, 0, new bytes32[](0));
    }

    /* WHAT HAPPENS */

    /// @param which the year's vintage, the next one, offsets, or the year's in the provincial account.
    function issue(uint16 amount, uint8 which) public {
        if (lots.length > 10) return;
        which %= 4;
        Issuance memory act = Issuance(
            ENTERPRISE_ID,
            which == 2 ? KIND_CCER : KIND_CEA,
            which == 1 ? YEAR + 1 : which == 2 ? 0 : YEAR,
            which == 2 ? bytes32("wind") : bytes32(0),
            amount,
            which == 3 ? PROVINCIAL : REGISTERED,
            0,
            bytes32(lots.length),
            nextReference(),
            FOREVER
        );
        bytes32 lot = keccak256(
            abi.encode(
                ISSUANCE_TYPE,
                act.member,
                act.kind,
                act.vintage,
                act.project,
                act.amount,
                act.state,
                act.registeredAt,
                act.decision,
                act.ref
            )
        );
        bytes memory data = abi.encodeCall(ledger.issue, (act, authority(keccak256(abi.encode(ISSUANCE_TYPE, act)))));
        (bool done,) = address(ledger).call(data);
        if (done) lots.push(lot);
    }

    function restate(uint16 tonnes) public {
        _reports.approve(nextReference(), uint256(tonnes) * 1e6);
    }

    function wait(uint24 time) external {
        vm.warp(block.timestamp + time);
    }

    function fix(uint24 more) public {
        bool first = compliance.yearOf(ENTERPRISE_ID, YEAR).status <= YEAR_OPEN;
        uint64 due = first ? 0 : uint64(block.timestamp) + more;
        Obligation memory act = Obligation(ENTERPRISE_ID, YEAR, _reports.current(), due, nextReference(), FOREVER);
        carry(abi.encodeCall(compliance.fix, (act, authority(keccak256(abi.encode(OBLIGATION_TYPE, act))))));
    }

    function surrender(uint8 which, uint16 amount) external {
        Surrender memory act = Surrender(ENTERPRISE_ID, YEAR, pick(which), amount % 400, nextReference(), FOREVER);
        bytes32 structHash = keccak256(abi.encode(SURRENDER_TYPE, act));
        if (carry(abi.encodeCall(compliance.surrender, (act, signed(ENTERPRISE_KEY, structHash))))) {
            _asked.push(keccak256(abi.encode(SURRENDER_TYPE, act.member, act.year, act.lot, act.amount, act.ref)));
            checkCaps();
        }
    }

    function decide(uint8 which, bool returns_) external {
        if (_asked.length == 0) return;
        Decision memory act = Decision(_asked[which % _asked.length], returns_ ? 2 : 1, nextReference(), FOREVER);
        carry(abi.encodeCall(compliance.decide, (act, authority(keccak256(abi.encode(DECISION_TYPE, act))))));
    }

    function force(uint8 which, uint8 source, uint16 amount) external {
        ForcedSurrender memory act = ForcedSurrender(
            ENTERPRISE_ID,
            YEAR,
            pick(which),
            source % 2 == 0 ? PROVINCIAL : REGISTERED,
            amount % 400,
            "decision",
            nextReference(),
            FOREVER
        );
        bytes32 structHash = keccak256(abi.encode(FORCED_SURRENDER_TYPE, act));
        if (carry(abi.encodeCall(compliance.forceSurrender, (act, authority(structHash))))) checkCaps();
    }

    function close() external {
        Closing memory act = Closing(ENTERPRISE_ID, YEAR, 9000, 0, nextReference(), FOREVER);
        carry(abi.encodeCall(compliance.close, (act, authority(keccak256(abi.encode(CLOSING_TYPE, act))))));
    }

    function deduct(uint16 amount) external {
        Deduction memory act = Deduction(ENTERPRISE_ID, YEAR, amount % 400, 0, nextReference(), FOREVER);
        carry(abi.encodeCall(compliance.deduct, (act, authority(keccak256(abi.encode(DEDUCTION_TYPE, act))))));
    }

    /// @notice What was done last, once more: it returns quietly, and nothing is other than it was.
    function again() external {
        if (_lastCall.length == 0) return;
        bytes32 before = everything();
        (bool done,) = address(compliance).call(_lastCall);
        if (!done || everything() != before) repeated = true;
    }

    /* WHAT IS LOOKED AT */

    function carry(bytes memory data) private returns (bool done) {
        (done,) = address(compliance).call(data);
        if (done) _lastCall = data;
    }

    function pick(uint8 which) private view returns (bytes32) {
        return lots[which % lots.length];
    }

    function checkCaps() private {
        ICompliance.YearRecord memory y = compliance.yearOf(ENTERPRISE_ID, YEAR);
        if (y.surrendered + y.pending + y.deducted > y.obligation) aboveCap = true;
    }

    function everything() public view returns (bytes32 digest) {
        digest = keccak256(abi.encode(compliance.yearOf(ENTERPRISE_ID, YEAR)));
        for (uint256 i = 0; i < lots.length; i++) {
            digest = keccak256(abi.encode(digest, ledger.tallyOf(lots[i]), ledger.positionOf(ENTERPRISE_ID, lots[i])));
        }
    }

    function count() external view returns (uint256) {
        return lots.length;
    }

    function year() external view returns (ICompliance.YearRecord memory) {
        return compliance.yearOf(ENTERPRISE_ID, YEAR);
    }

    function held(bytes32 lot) external view returns (IAllowanceLedger.Position memory) {
        return ledger.positionOf(ENTERPRISE_ID, lot);
    }
}

contract ComplianceInvariants {
    AYear private _year;
    address[] private _targets;

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function setUp() public {
        _year = new AYear();
        _year.setUp();
        _targets.push(address(_year));
    }

    function targetContracts() public view returns (address[] memory) {
        return _targets;
    }

    function targetSelectors() public view returns (FuzzSelector[] memory all) {
        all = new FuzzSelector[](1);
        bytes4[] memory selectors = new bytes4[](10);
        selectors[0] = AYear.issue.selector;
        selectors[1] = AYear.restate.selector;
        selectors[2] = AYear.wait.selector;
        selectors[3] = AYear.fix.selector;
        selectors[4] = AYear.surrender.selector;
        selectors[5] = AYear.decide.selector;
        selectors[6] = AYear.force.selector;
        selectors[7] = AYear.close.selector;
        selectors[8] = AYear.deduct.selector;
        selectors[9] = AYear.again.selector;
        all[0] = FuzzSelector(address(_year), selectors);
    }

    function invariant_every_unit_is_held_or_has_ended_and_what_was_surrendered_counts_for_the_year() public view {
        uint256 surrendered;
        uint256 pending;
        for (uint256 i = 0; i < _year.count(); i++) {
            bytes32 lot = _year.lots(i);
            IAllowanceLedger.Tally memory tally = _year.ledger().tallyOf(lot);
            IAllowanceLedger.Position memory p = _year.held(lot);
            uint256 held = uint256(p.registered) + p.trading + p.frozen + p.pledged + p.pending + p.provincial;
            require(held + tally.surrendered + tally.cancelled + tally.carried == tally.issued, "units made or lost");
            surrendered += tally.surrendered;
            pending += p.pending;
        }
        require(_year.year().surrendered == surrendered, "surrendered units do not count");
        require(_year.year().pending == pending, "pending units do not count");
    }

    function invariant_no_surrender_passes_the_obligation() public view {
        require(!_year.aboveCap(), "more was surrendered than is owed");
    }

    function invariant_a_step_done_again_changes_nothing() public view {
        require(!_year.repeated(), "a step done again was refused or changed something");
    }

    /// @dev A closed year is met, or what is missing is in arrears; only arrears are deducted.
    function invariant_a_closed_year_is_met_or_in_arrears() public view {
        ICompliance.YearRecord memory y = _year.year();
        require(y.deduction <= y.arrears, "a deduction above the arrears");
        if (y.status != YEAR_COMPLIANT && y.status != YEAR_SHORT) return;
        uint256 met = uint256(y.surrendered) + y.deducted;
        uint256 missing = y.obligation > met ? y.obligation - met : 0;
        require(y.arrears == missing, "what is missing is not in arrears");
    }
}
