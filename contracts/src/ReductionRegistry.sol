// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAllowanceLedger} from "./interfaces/IAllowanceLedger.sol";
import {VERIFIER} from "./interfaces/IMemberRegistry.sol";
import {IReductionRegistry} from "./interfaces/IReductionRegistry.sol";
import {Calendar} from "./libraries/Calendar.sol";
import {Reduction, REDUCTION_TYPE} from "./ReductionActs.sol";
import {Registry} from "./Registry.sol";
import {Signed} from "./Signatures.sol";

contract ReductionRegistry is IReductionRegistry, Registry {
    bytes32 private constant TAG = keccak256("carbonledger/record/reduction/v1");

    mapping(bytes32 reductionId => ReductionRecord) private _reductions;
    mapping(bytes32 project => uint64 time) private _creditedTo;

    constructor(address directory_) Registry(directory_) {}

    /// @inheritdoc IReductionRegistry
    function approve(Reduction calldata act, Signed calldata verifier, Signed[] calldata quorum) external {
        (bool fresh, bytes32 reductionId, bytes32 digest) = _open(abi.encode(REDUCTION_TYPE, act), QUORUM);
        if (!fresh) return;
        _members().requireQuorum(digest, quorum);
        _requireMember(act.verifier, verifier, digest);
        _requireKind(act.verifier, VERIFIER);
        bytes32 owner = IAllowanceLedger(_located("AllowanceLedger")).projectOf(act.project).owner;
        if (owner == act.verifier) revert ReductionRegistryVerifierRefused(act.verifier, owner);
        if (act.amount == 0) revert ReductionRegistryNothingReduced(act.project);
        uint64 credited = _creditedTo[act.project];
        if (act.periodFrom < credited || act.periodTo <= act.periodFrom || act.periodTo > block.timestamp) {
            revert ReductionRegistryPeriodRefused(act.periodFrom, act.periodTo, credited, _now());
        }
        _creditedTo[act.project] = act.periodTo;
        ReductionRecord memory made = ReductionRecord(
            reductionId,
            act.project,
            owner,
            act.periodFrom,
            act.periodTo,
            // a period is told by its end: midnight closes the year before
            Calendar.yearOf(act.periodTo - 1),
            act.amount,
            act.statementDigest,
            act.verifier,
            _now()
        );
        _reductions[reductionId] = made;
        _record(TAG, reductionId, abi.encode(TAG, made));
        emit ReductionApproved(reductionId, act.project, act.periodFrom, act.periodTo, act.amount);
    }

    /// @inheritdoc IReductionRegistry
    function requireIssue(bytes32 reductionId, bytes32 project, uint16 vintage, uint64 amount) external view {
        ReductionRecord storage found = _known(reductionId);
        if (found.project != project || found.vintage != vintage || found.amount != amount) {
            revert ReductionRegistryIssueDiffers(reductionId, found.vintage, found.amount);
        }
    }

    /// @inheritdoc IReductionRegistry
    function creditedTo(bytes32 project) external view returns (uint64) {
        return _creditedTo[project];
    }

    /// @inheritdoc IReductionRegistry
    function reductionOf(bytes32 reductionId) external view returns (ReductionRecord memory) {
        return _known(reductionId);
    }

    function _known(bytes32 reductionId) private view returns (ReductionRecord storage found) {
        found = _reductions[reductionId];
        if (found.reductionId == 0) revert ReductionRegistryUnknown(reductionId);
    }
}
