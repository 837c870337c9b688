// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    Assignment,
    ASSIGNMENT_TYPE,
    ASSESSMENT_PUBLICATION_TYPE,
    AssessmentPublication,
    Clearance,
    CLEARANCE_TYPE,
    CodeList,
    CODE_LIST_TYPE,
    Explanation,
    EXPLANATION_TYPE,
    Finding,
    FINDING_TYPE
} from "../src/AssessmentActs.sol";
import {DirectoryEntry, DIRECTORY_ENTRY_TYPE} from "../src/Acts.sol";
import {AssessmentRules} from "../src/AssessmentRules.sol";
import {CodeRegistry} from "../src/CodeRegistry.sol";
import {AssessmentForm, GradeRow} from "../src/interfaces/IAssessmentRules.sol";
import {CodeItem, COLOUR_RED, ICodeRegistry, STATE_CONFIRMED, STATE_OPENED} from "../src/interfaces/ICodeRegistry.sol";
import {Signed} from "../src/Signatures.sol";
import {World} from "./World.sol";

/// @notice Everyone about one enterprise at once: the assessor, the enterprise, the bank that inspects, a second.
contract Everyone is World {
    bytes32 private constant REGULATOR_ID = bytes32(uint256(1));
    bytes32 private constant SECOND_ID = bytes32(uint256(2));
    bytes32 private constant SECRET = "secret";
    bytes private constant SET = "{}";

    CodeRegistry public codes;
    AssessmentRules public rules;
    bytes32[] public assessments;
    mapping(bytes32 => bytes32) public digests;
    uint8 public state;
    bool public leftRedUnproven;
    bool public rewritten;
    uint64 private _time = 1735000000;

    function setUp() public override {
        super.setUp();
        rules = new AssessmentRules(address(directory));
        codes = new CodeRegistry(address(directory));
        list("AssessmentRules", address(rules));
        list("CodeRegistry", address(codes));
        AssessmentForm memory form =
            AssessmentForm("code", 1, 0, 1, 0, 1, 5, 20, 30, 2, 4, 50_000, 0, new GradeRow[](0));
        AssessmentPublication memory act =
            AssessmentPublication(sha256(SET), formDigest(form), nextReference(), type(uint64).max);
        rules.publish(act, SET, form, quorum(keccak256(abi.encode(ASSESSMENT_PUBLICATION_TYPE, act))));
    }

    function formDigest(AssessmentForm memory f) private pure returns (bytes32) {
        bytes memory head = abi.encode(uint256(0), f.key, f.kind, f.region, f.validFrom, f.validTo, f.status);
        bytes memory numbers = abi.encode(
            f.explainDays,
            f.inspectDays,
            f.rectifyDays,
            f.silentQuarters,
            f.vetoQuarters,
            f.clearChangePpm,
            f.upgradeMargin
        );
        return keccak256(bytes.concat(head, numbers));
    }

    function list(bytes32 name, address where) private {
        DirectoryEntry memory act =
            DirectoryEntry(name, 1, where, where.codehash, uint64(block.timestamp), nextReference(), type(uint64).max);
        directory.set(act, quorum(keccak256(abi.encode(DIRECTORY_ENTRY_TYPE, act))));
    }

    function candidates() private pure returns (bytes32[] memory all) {
        all = new bytes32[](1);
        all[0] = BANK_ID;
    }

    function assess(uint8 quarter, uint8 colour, uint8 reason) external {
        quarter = quarter % 4 + 1;
        colour = colour % 3 + 1;
        (uint16 revision,,) = codes.quarterOf(ENTERPRISE_ID, 0, 2024, quarter);
        bool red = colour == COLOUR_RED;
        CodeItem[] memory items = new CodeItem[](1);
        items[0] = CodeItem(
            ENTERPRISE_ID,
            0,
            revision + 1,
            colour,
            0,
            red ? uint64(1) << (reason % 40) : 0,
            0,
            0,
            0,
            red ? keccak256(abi.encode(SECRET)) : bytes32(0),
            red ? keccak256(abi.encodePacked(candidates())) : bytes32(0)
        );
        CodeList memory act = CodeList(
            REGULATOR_ID, 2024, quarter, sha256(SET), keccak256(abi.encode(items[0])), nextReference(), type(uint64).max
        );
        bytes32 assessmentId = keccak256(abi.encode(ENTERPRISE_ID, bytes32(0), uint16(2024), quarter, revision + 1));
        Signed memory by = signed(REGULATOR_A, keccak256(abi.encode(CODE_LIST_TYPE, act)));
        try codes.file(act, items, by) {
            bytes32 key = keccak256(abi.encode(keccak256("carbonledger/record/assessment/v1"), assessmentId));
            assessments.push(key);
            digests[key] = codes.recordOf(key);
        } catch {}
        watch(false);
    }

    function explain() external {
        Explanation memory act = Explanation(caseId(), ENTERPRISE_ID, "because", nextReference(), type(uint64).max);
        try codes.explain(act, signed(ENTERPRISE_KEY, keccak256(abi.encode(EXPLANATION_TYPE, act)))) {} catch {}
        watch(false);
    }

    function assign() external {
        Assignment memory act = Assignment(caseId(), REGULATOR_ID, SECRET, nextReference(), type(uint64).max);
        Signed memory by = signed(REGULATOR_A, keccak256(abi.encode(ASSIGNMENT_TYPE, act)));
        try codes.assign(act, candidates(), by) {} catch {}
        watch(false);
    }

    function find(uint8 outcome, bool alone) external {
        outcome = outcome % 3 + 1;
        bytes32 second = outcome == 1 || alone ? bytes32(0) : SECOND_ID;
        Finding memory act = Finding(caseId(), BANK_ID, outcome, "found", second, nextReference(), type(uint64).max);
        bytes32 hash = keccak256(abi.encode(FINDING_TYPE, act));
        bool done;
        try codes.find(act, signed(BANK_KEY, hash), signed(REGULATOR_B, hash)) {
            done = !alone;
        } catch {}
        watch(done);
    }

    function clear(uint8 quarter, bool alone) external {
        (uint16 revision,,) = codes.quarterOf(ENTERPRISE_ID, 0, 2024, quarter % 4 + 1);
        bytes32 rerun = keccak256(abi.encode(ENTERPRISE_ID, bytes32(0), uint16(2024), quarter % 4 + 1, revision));
        Clearance memory act = Clearance(
            caseId(), BANK_ID, alone ? BANK_ID : SECOND_ID, rerun, 0, 0, "cleared", nextReference(), type(uint64).max
        );
        bytes32 hash = keccak256(abi.encode(CLEARANCE_TYPE, act));
        bool done;
        try codes.clear(act, signed(BANK_KEY, hash), signed(REGULATOR_B, hash), signed(REGULATOR_B, hash)) {
            done = !alone;
        } catch {}
        watch(done);
    }

    function escalate() external {
        try codes.escalate(caseId()) {} catch {}
        watch(false);
    }

    function wait_(uint32 seconds_) external {
        _time += seconds_ % 60 days;
        vm.warp(_time);
    }

    function count() external view returns (uint256) {
        return assessments.length;
    }

    function code() public view returns (ICodeRegistry.Code memory) {
        return codes.codeOf(ENTERPRISE_ID, 0);
    }

    function redQuarters() external view returns (uint16 found) {
        for (uint8 quarter = 1; quarter <= 4; quarter++) {
            (, uint8 colour, uint64 suppressed) = codes.quarterOf(ENTERPRISE_ID, 0, 2024, quarter);
            // a quarter found without fault is red in its history, and counts no more
            if (colour == COLOUR_RED && suppressed == 0) found++;
        }
    }

    function caseId() private view returns (bytes32) {
        return code().caseId;
    }

    /// @param proven two members signed, and the contract took it.
    function watch(bool proven) private {
        uint8 now_ = code().state;
        if (state >= STATE_OPENED && now_ < STATE_OPENED && !proven) leftRedUnproven = true;
        state = now_;
        for (uint256 i = 0; i < assessments.length; i++) {
            if (codes.recordOf(assessments[i]) != digests[assessments[i]]) rewritten = true;
        }
    }
}

contract CodeRegistryInvariants {
    Everyone private _everyone;
    address[] private _targets;

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function setUp() public {
        _everyone = new Everyone();
        _everyone.setUp();
        _targets.push(address(_everyone));
    }

    function targetContracts() public view returns (address[] memory) {
        return _targets;
    }

    function targetSelectors() public view returns (FuzzSelector[] memory all) {
        all = new FuzzSelector[](1);
        bytes4[] memory selectors = new bytes4[](8);
        selectors[0] = Everyone.assess.selector;
        selectors[1] = Everyone.explain.selector;
        selectors[2] = Everyone.assign.selector;
        selectors[3] = Everyone.find.selector;
        selectors[4] = Everyone.clear.selector;
        selectors[5] = Everyone.escalate.selector;
        selectors[6] = Everyone.wait_.selector;
        selectors[7] = Everyone.assess.selector;
        all[0] = FuzzSelector(address(_everyone), selectors);
    }

    function invariant_red_ends_by_two_signatures_only() public view {
        require(!_everyone.leftRedUnproven(), "a red code ended by itself");
    }

    function invariant_what_was_assessed_is_never_rewritten() public view {
        require(!_everyone.rewritten(), "history was rewritten");
    }

    function invariant_a_case_is_open_while_the_code_is_red() public view {
        ICodeRegistry.Code memory code = _everyone.code();
        require((code.state >= STATE_OPENED) == (code.caseId != 0), "a case without a red code, or the other way");
        require(code.vetoUntil == 0 || code.state == STATE_CONFIRMED, "a veto without a verdict");
    }

    function invariant_red_quarters_are_counted() public view {
        // a suppressed quarter may turn red again by other rules, so the contract may count more, never fewer
        require(_everyone.code().redQuarters >= _everyone.redQuarters(), "a red quarter was lost");
    }

    function invariant_green_means_that_no_quarter_is_red() public view {
        ICodeRegistry.Code memory code = _everyone.code();
        require(code.state >= STATE_OPENED || code.redQuarters == 0, "green or grey with a red quarter");
    }
}
