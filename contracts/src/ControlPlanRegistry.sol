// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IControlPlanRegistry} from "./interfaces/IControlPlanRegistry.sol";
import {ENTERPRISE, REGULATOR, VERIFIER} from "./interfaces/IMemberRegistry.sol";
import {ControlPlan, CONTROL_PLAN_TYPE, ControlPlanReview, CONTROL_PLAN_REVIEW_TYPE} from "./MrvActs.sol";
import {Registry} from "./Registry.sol";
import {Signed} from "./Signatures.sol";

contract ControlPlanRegistry is IControlPlanRegistry, Registry {
    bytes32 private constant TAG = keccak256("carbonledger/record/controlplan/v1");

    uint8 private constant FILED = 1;
    uint8 private constant ACKNOWLEDGED = 2;
    uint8 private constant RETURNED = 3;
    uint8 private constant REPLACED = 4;

    mapping(bytes32 planId => ControlPlanRecord) private _plans;
    mapping(bytes32 memberAndYear => bytes32 planId) private _latest;
    mapping(bytes32 memberAndYear => bytes32 planId) private _inForce;

    constructor(address directory_) Registry(directory_) {}

    /// @inheritdoc IControlPlanRegistry
    function file(ControlPlan calldata act, Signed calldata member) external {
        (bool fresh, bytes32 planId, bytes32 digest) = _open(abi.encode(CONTROL_PLAN_TYPE, act), act.member);
        if (!fresh) return;
        _requireMember(act.member, member, digest);
        _requireKind(act.member, ENTERPRISE);
        if (act.year < 1971 || act.year > 9999) revert ControlPlanRegistryYearUnknown(act.year);
        bytes32 period = _period(act.member, act.year);
        bytes32 latest = _latest[period];
        if (act.replaces != latest) revert ControlPlanRegistryReplacesOther(latest, act.replaces);
        ControlPlanRecord storage before = _plans[latest];
        if (act.version != before.version + 1) revert ControlPlanRegistryVersionNotNext(before.version, act.version);
        if (act.planDigest == before.planDigest) revert ControlPlanRegistryUnchanged(act.planDigest);
        if ((act.reasonDigest == 0) != (latest == 0)) revert ControlPlanRegistryReasonMissing(planId);

        _latest[period] = planId;
        // one that is in force stays so until its successor is acknowledged
        if (latest != 0 && before.status != ACKNOWLEDGED) _replace(latest, planId);
        ControlPlanRecord storage plan = _plans[planId];
        plan.planId = planId;
        plan.member = act.member;
        plan.year = act.year;
        plan.version = act.version;
        plan.planDigest = act.planDigest;
        plan.replaces = act.replaces;
        plan.changeDigest = act.reasonDigest;
        plan.filedAt = _now();
        plan.status = FILED;
        _recordPlan(planId);
        emit ControlPlanFiled(planId, act.member, act.year, act.version);
    }

    /// @inheritdoc IControlPlanRegistry
    function review(ControlPlanReview calldata act, Signed calldata reviewer) external {
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(CONTROL_PLAN_REVIEW_TYPE, act), act.reviewer);
        if (!fresh) return;
        _requireMember(act.reviewer, reviewer, digest);
        _requireKind(act.reviewer, REGULATOR | VERIFIER);
        ControlPlanRecord storage plan = _plans[act.plan];
        if (plan.status == 0) revert ControlPlanRegistryUnknown(act.plan);
        if (act.reviewer == plan.member) revert ControlPlanRegistryConflictOfDuty(act.reviewer);
        if (plan.status != FILED) revert ControlPlanRegistryStatusUnchangeable(act.plan, plan.status);
        if (act.outcome != 1 && act.outcome != 2) revert ControlPlanRegistryOutcomeUnknown(act.outcome);
        bool acknowledged = act.outcome == 1;
        if (!acknowledged && act.reasonDigest == 0) revert ControlPlanRegistryReasonMissing(act.plan);

        plan.status = acknowledged ? ACKNOWLEDGED : RETURNED;
        plan.reviewer = act.reviewer;
        plan.reviewedAt = _now();
        plan.reasonDigest = act.reasonDigest;
        _recordPlan(act.plan);
        emit ControlPlanReviewed(act.plan, act.reviewer, plan.status, actId);
        if (acknowledged) {
            bytes32 period = _period(plan.member, plan.year);
            bytes32 old = _inForce[period];
            _inForce[period] = act.plan;
            if (old != 0) _replace(old, act.plan);
        }
    }

    /// @inheritdoc IControlPlanRegistry
    function planOf(bytes32 planId) external view returns (ControlPlanRecord memory) {
        if (_plans[planId].status == 0) revert ControlPlanRegistryUnknown(planId);
        return _plans[planId];
    }

    /// @inheritdoc IControlPlanRegistry
    function latestPlan(bytes32 member, uint16 year) external view returns (bytes32) {
        return _latest[_period(member, year)];
    }

    /// @inheritdoc IControlPlanRegistry
    function planInForce(bytes32 member, uint16 year) external view returns (bytes32) {
        return _inForce[_period(member, year)];
    }

    function _replace(bytes32 old, bytes32 by) private {
        _plans[old].status = REPLACED;
        _recordPlan(old);
        emit ControlPlanReplaced(old, by);
    }

    function _recordPlan(bytes32 planId) private {
        ControlPlanRecord memory plan = _plans[planId];
        _record(TAG, planId, abi.encode(TAG, plan));
    }

    function _period(bytes32 member, uint16 year) private pure returns (bytes32) {
        return keccak256(abi.encode(member, uint256(year)));
    }
}
