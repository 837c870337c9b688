// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPlanRegistry} from "./interfaces/IPlanRegistry.sol";
import {MerkleSha256} from "./libraries/MerkleSha256.sol";
import {Plan, PLAN_TYPE, PlanEnd, PLAN_END_TYPE} from "./QuotaActs.sol";
import {Registry} from "./Registry.sol";
import {Signed} from "./Signatures.sol";

contract PlanRegistry is IPlanRegistry, Registry {
    bytes32 private constant TAG = keccak256("carbonledger/record/plan/v1");

    mapping(bytes32 planId => PlanRecord) private _plans;

    constructor(address directory_) Registry(directory_) {}

    /// @inheritdoc IPlanRegistry
    function publish(Plan calldata act, Signed[] calldata quorum) external {
        (bool fresh, bytes32 planId, bytes32 digest) = _open(abi.encode(PLAN_TYPE, act), QUORUM);
        if (!fresh) return;
        _members().requireQuorum(digest, quorum);
        if (act.root == 0 || act.size == 0) revert PlanRegistryEmpty(act.root, act.size);
        _plans[planId] = PlanRecord(planId, act.root, act.size, act.year, act.statementDigest, _now(), 0);
        _recordPlan(planId);
        emit PlanPublished(planId, act.root, act.size, act.year);
    }

    /// @inheritdoc IPlanRegistry
    function end(PlanEnd calldata act, Signed[] calldata quorum) external {
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(PLAN_END_TYPE, act), QUORUM);
        if (!fresh) return;
        _members().requireQuorum(digest, quorum);
        PlanRecord storage plan = _inForce(act.planId);
        plan.endedAt = _now();
        _recordPlan(act.planId);
        emit PlanEnded(act.planId, act.reasonDigest, actId);
    }

    /// @inheritdoc IPlanRegistry
    function requireStep(bytes32 planId, uint64 index, bytes32 actId, bytes32[] calldata proof) external view {
        PlanRecord storage plan = _inForce(planId);
        bytes32 leaf = MerkleSha256.leafHash(bytes.concat(actId));
        if (!MerkleSha256.isIncluded(leaf, index, plan.size, proof, plan.root)) {
            revert PlanRegistryNotAStep(planId, index, actId);
        }
    }

    /// @inheritdoc IPlanRegistry
    function planOf(bytes32 planId) external view returns (PlanRecord memory) {
        if (_plans[planId].size == 0) revert PlanRegistryUnknown(planId);
        return _plans[planId];
    }

    function _inForce(bytes32 planId) private view returns (PlanRecord storage plan) {
        plan = _plans[planId];
        if (plan.size == 0) revert PlanRegistryUnknown(planId);
        if (plan.endedAt != 0) revert PlanRegistryEnded(planId, plan.endedAt);
    }

    function _recordPlan(bytes32 planId) private {
        PlanRecord memory plan = _plans[planId];
        _record(TAG, planId, abi.encode(TAG, plan));
    }
}
