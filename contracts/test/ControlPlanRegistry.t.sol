// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ControlPlanRegistry} from "../src/ControlPlanRegistry.sol";
import {Directory} from "../src/Directory.sol";
import {IControlPlanRegistry} from "../src/interfaces/IControlPlanRegistry.sol";
import {IDirectory} from "../src/interfaces/IDirectory.sol";
import {IRegistry} from "../src/interfaces/IRegistry.sol";
import {ControlPlan, CONTROL_PLAN_TYPE, ControlPlanReview, CONTROL_PLAN_REVIEW_TYPE} from "../src/MrvActs.sol";
import {Signed} from "../src/Signatures.sol";
import {World} from "./World.sol";

/// @notice A register of members that lets one member be an enterprise and a verifier, as the present one never does.
contract EveryKind {
    bytes32 private immutable _member;

    constructor(bytes32 member) {
        _member = member;
    }

    function actKeyMember(address) external view returns (bytes32) {
        return _member;
    }

    function isAdmitted(bytes32 member, uint16) external view returns (bool) {
        return member == _member;
    }
}

contract ControlPlanRegistryTest is World {
    ControlPlanRegistry private plans;

    function setUp() public override {
        super.setUp();
        plans = new ControlPlanRegistry(address(directory));
    }

    function test_a_plan_is_in_force_once_it_is_acknowledged_and_until_its_successor_is() public {
        bytes32 first = file(1, "one", 0);
        equal(plans.planInForce(ENTERPRISE_ID, 2025), bytes32(0));
        review(first, 1);
        equal(plans.planInForce(ENTERPRISE_ID, 2025), first);
        bytes32 second = file(2, "two", first);
        equal(plans.planInForce(ENTERPRISE_ID, 2025), first);
        equal(plans.latestPlan(ENTERPRISE_ID, 2025), second);
        review(second, 1);
        equal(plans.planInForce(ENTERPRISE_ID, 2025), second);
        isTrue(plans.planOf(first).status == 4);
    }

    function test_a_returned_plan_is_filed_again_and_never_overwritten() public {
        bytes32 first = file(1, "one", 0);
        review(first, 2);
        isTrue(plans.planOf(first).status == 3);
        refused(
            act(2, "one", first),
            abi.encodeWithSelector(IControlPlanRegistry.ControlPlanRegistryUnchanged.selector, bytes32("one"))
        );
        refused(
            act(3, "two", first),
            abi.encodeWithSelector(IControlPlanRegistry.ControlPlanRegistryVersionNotNext.selector, 1, 3)
        );
        refused(
            act(1, "two", 0),
            abi.encodeWithSelector(IControlPlanRegistry.ControlPlanRegistryReplacesOther.selector, first, bytes32(0))
        );
        bytes32 second = file(2, "two", first);
        isTrue(plans.planOf(first).status == 4);
        isTrue(plans.planOf(second).status == 1);
        equal(plans.planOf(first).planDigest, "one");
    }

    function test_the_same_act_twice_is_quiet() public {
        ControlPlan memory first = act(1, "one", 0);
        Signed memory mine = signed(ENTERPRISE_KEY, hash(first));
        plans.file(first, mine);
        plans.file(first, mine);
        equal(plans.latestPlan(ENTERPRISE_ID, 2025), idOf(first));
    }

    function test_a_bank_reviews_nothing_and_a_return_says_why() public {
        bytes32 first = file(1, "one", 0);
        ControlPlanReview memory by = ControlPlanReview(first, BANK_ID, 1, 0, nextReference(), type(uint64).max);
        Signed memory bank = signed(BANK_KEY, keccak256(abi.encode(CONTROL_PLAN_REVIEW_TYPE, by)));
        vm.expectPartialRevert(IRegistry.RegistryNotOfKind.selector);
        plans.review(by, bank);
        by = ControlPlanReview(first, bytes32(uint256(1)), 2, 0, nextReference(), type(uint64).max);
        Signed memory regulator = signed(REGULATOR_A, keccak256(abi.encode(CONTROL_PLAN_REVIEW_TYPE, by)));
        vm.expectPartialRevert(IControlPlanRegistry.ControlPlanRegistryReasonMissing.selector);
        plans.review(by, regulator);
    }

    function test_a_plan_that_was_reviewed_is_not_reviewed_again() public {
        bytes32 first = file(1, "one", 0);
        review(first, 1);
        ControlPlanReview memory by =
            ControlPlanReview(first, bytes32(uint256(2)), 2, "why", nextReference(), type(uint64).max);
        Signed memory regulator = signed(REGULATOR_B, keccak256(abi.encode(CONTROL_PLAN_REVIEW_TYPE, by)));
        vm.expectRevert(
            abi.encodeWithSelector(IControlPlanRegistry.ControlPlanRegistryStatusUnchangeable.selector, first, 2)
        );
        plans.review(by, regulator);
    }

    function test_a_year_outside_the_calendar_is_refused() public {
        uint16[3] memory outside = [uint16(0), 1970, 10_000];
        for (uint256 i = 0; i < outside.length; i++) {
            ControlPlan memory made = act(1, "one", 0);
            made.year = outside[i];
            refused(
                made, abi.encodeWithSelector(IControlPlanRegistry.ControlPlanRegistryYearUnknown.selector, outside[i])
            );
        }
    }

    function test_a_plan_that_nobody_filed_is_unknown() public {
        refused(
            ControlPlanReview("none", bytes32(uint256(1)), 1, "why", nextReference(), type(uint64).max),
            abi.encodeWithSelector(IControlPlanRegistry.ControlPlanRegistryUnknown.selector, bytes32("none"))
        );
        vm.expectRevert(
            abi.encodeWithSelector(IControlPlanRegistry.ControlPlanRegistryUnknown.selector, bytes32("none"))
        );
        plans.planOf("none");
    }

    function test_a_review_acknowledges_or_returns_and_nothing_else() public {
        bytes32 first = file(1, "one", 0);
        uint8[2] memory outcomes = [uint8(0), 3];
        for (uint256 i = 0; i < outcomes.length; i++) {
            refused(
                ControlPlanReview(first, bytes32(uint256(1)), outcomes[i], "why", nextReference(), type(uint64).max),
                abi.encodeWithSelector(IControlPlanRegistry.ControlPlanRegistryOutcomeUnknown.selector, outcomes[i])
            );
        }
        review(first, 1);
    }

    function test_nobody_reviews_its_own_plan_whatever_register_of_members_is_listed() public {
        IDirectory.Listing[] memory table = new IDirectory.Listing[](1);
        table[0] = IDirectory.Listing("MemberRegistry", 1, address(new EveryKind(ENTERPRISE_ID)), 0, 0);
        plans = new ControlPlanRegistry(address(new Directory(table)));
        bytes32 first = file(1, "one", 0);
        ControlPlanReview memory own = ControlPlanReview(first, ENTERPRISE_ID, 1, 0, nextReference(), type(uint64).max);
        Signed memory mine = signed(ENTERPRISE_KEY, keccak256(abi.encode(CONTROL_PLAN_REVIEW_TYPE, own)));
        vm.expectRevert(
            abi.encodeWithSelector(IControlPlanRegistry.ControlPlanRegistryConflictOfDuty.selector, ENTERPRISE_ID)
        );
        plans.review(own, mine);
    }

    function testFuzz_the_version_counts_up_by_one(uint16 version) public {
        bytes32 first = file(1, "one", 0);
        ControlPlan memory next = act(version, "two", first);
        Signed memory mine = signed(ENTERPRISE_KEY, hash(next));
        if (version != 2) vm.expectPartialRevert(IControlPlanRegistry.ControlPlanRegistryVersionNotNext.selector);
        plans.file(next, mine);
    }

    function act(uint16 version, bytes32 digest, bytes32 replaces) private returns (ControlPlan memory) {
        bytes32 reason = replaces == 0 ? bytes32(0) : bytes32("a new boiler");
        return ControlPlan(ENTERPRISE_ID, 2025, version, digest, replaces, reason, nextReference(), type(uint64).max);
    }

    function file(uint16 version, bytes32 digest, bytes32 replaces) private returns (bytes32) {
        ControlPlan memory made = act(version, digest, replaces);
        plans.file(made, signed(ENTERPRISE_KEY, hash(made)));
        return idOf(made);
    }

    function refused(ControlPlan memory made, bytes memory expected) private {
        Signed memory mine = signed(ENTERPRISE_KEY, hash(made));
        vm.expectRevert(expected);
        plans.file(made, mine);
    }

    function refused(ControlPlanReview memory made, bytes memory expected) private {
        Signed memory regulator = signed(REGULATOR_A, keccak256(abi.encode(CONTROL_PLAN_REVIEW_TYPE, made)));
        vm.expectRevert(expected);
        plans.review(made, regulator);
    }

    function review(bytes32 plan, uint8 outcome) private {
        ControlPlanReview memory made =
            ControlPlanReview(plan, bytes32(uint256(1)), outcome, "seen", nextReference(), type(uint64).max);
        plans.review(made, signed(REGULATOR_A, keccak256(abi.encode(CONTROL_PLAN_REVIEW_TYPE, made))));
    }

    function hash(ControlPlan memory made) private pure returns (bytes32) {
        return keccak256(abi.encode(CONTROL_PLAN_TYPE, made));
    }

    function idOf(ControlPlan memory made) private pure returns (bytes32) {
        return keccak256(
            abi.encode(
                CONTROL_PLAN_TYPE,
                made.member,
                made.year,
                made.version,
                made.planDigest,
                made.replaces,
                made.reasonDigest,
                made.ref
            )
        );
    }
}
