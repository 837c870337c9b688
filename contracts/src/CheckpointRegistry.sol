// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    Checkpoint,
    CHECKPOINT_TYPE,
    LogRegistration,
    LOG_REGISTRATION_TYPE,
    LogStatus,
    LOG_STATUS_TYPE
} from "./Acts.sol";
import {ICheckpointRegistry} from "./interfaces/ICheckpointRegistry.sol";
import {IMemberRegistry, PURPOSE_GATEWAY, PURPOSE_WITNESS} from "./interfaces/IMemberRegistry.sol";
import {MerkleSha256} from "./libraries/MerkleSha256.sol";
import {Registry} from "./Registry.sol";
import {Signatures, Signed} from "./Signatures.sol";

contract CheckpointRegistry is ICheckpointRegistry, Registry {
    bytes32 private constant LOG_TAG = keccak256("carbonledger/record/log/v1");
    bytes32 private constant ANCHOR_TAG = keccak256("carbonledger/record/anchor/v1");

    uint8 private constant ACTIVE = 1;
    uint8 private constant FROZEN = 2;
    uint8 private constant CLOSED = 3;
    uint256 private constant RING = 64;

    struct StoredLog {
        bytes32 member;
        bytes32 gateway;
        bytes32 root;
        uint64 size;
        uint64 anchoredAt;
        uint32 anchors;
        uint8 witnessQuorum;
        uint8 status;
    }

    mapping(bytes32 logId => StoredLog) private _logs;
    /// @dev keccak256(size, root) of anchor n at n % RING: one word a head.
    mapping(bytes32 logId => mapping(uint256 position => bytes32 head)) private _ring;

    constructor(address directory_) Registry(directory_) {}

    /// @inheritdoc ICheckpointRegistry
    function registerLog(LogRegistration calldata act, Signed calldata member) external {
        bytes memory encoded = abi.encode(
            LOG_REGISTRATION_TYPE,
            keccak256(bytes(act.origin)),
            act.member,
            act.gateway,
            act.witnessQuorum,
            act.ref,
            act.deadline
        );
        (bool fresh, bytes32 actId, bytes32 digest) = _open(encoded, act.member);
        if (!fresh) return;
        _requireMember(act.member, member, digest);
        if (bytes(act.origin).length == 0) revert CheckpointRegistryOriginEmpty();
        if (act.gateway == 0) revert CheckpointRegistryGatewayEmpty();
        bytes32 logId = sha256(bytes(act.origin));
        StoredLog storage log = _logs[logId];
        if (log.status != 0) revert CheckpointRegistryLogKnown(logId);
        log.member = act.member;
        log.gateway = act.gateway;
        log.witnessQuorum = act.witnessQuorum;
        log.status = ACTIVE;
        _recordLog(logId);
        emit LogRegistered(logId, act.member, act.gateway, act.origin, act.witnessQuorum, actId);
    }

    /// @inheritdoc ICheckpointRegistry
    function anchor(
        Checkpoint calldata checkpoint,
        bytes32[] calldata consistency,
        Signed calldata gateway,
        Signed[] calldata witnesses
    ) external {
        bytes32 logId = sha256(bytes(checkpoint.origin));
        Log memory log = logOf(logId);
        if (log.status == 0) revert CheckpointRegistryLogUnknown(logId);
        if (checkpoint.size <= log.size) {
            if (_inRing(logId, log.anchors, _head(checkpoint.size, checkpoint.root))) return;
            if (checkpoint.size == log.size && log.anchors != 0) {
                revert CheckpointRegistryRootDiffers(logId, log.size, log.root, checkpoint.root);
            }
            revert CheckpointRegistryNotGrowing(logId, log.size, checkpoint.size);
        }
        if (log.status != ACTIVE) revert CheckpointRegistryLogNotActive(logId, log.status);
        if (log.size == 0
                ? consistency.length != 0
                : !MerkleSha256.isConsistent(log.size, log.root, checkpoint.size, checkpoint.root, consistency)) {
            revert CheckpointRegistryNotConsistent(logId, log.size, checkpoint.size);
        }
        bytes32 digest = _checkpointDigest(checkpoint);
        {
            IMemberRegistry members = _members();
            (bytes32 member, bytes32 subject) = members.validKey(gateway.signer, PURPOSE_GATEWAY);
            if (member != log.member || subject != log.gateway) {
                revert CheckpointRegistryNotTheGateway(logId, gateway.signer);
            }
            _requireSigned(gateway, digest);
            _requireWitnesses(members, log, digest, witnesses);
        }

        _append(log, checkpoint.size, checkpoint.root, gateway.signer, witnesses.length);
    }

    /// @inheritdoc ICheckpointRegistry
    function reportFork(
        Checkpoint calldata first,
        Signed calldata firstSignature,
        Checkpoint calldata second,
        Signed calldata secondSignature,
        Anchor calldata covering
    ) external {
        bytes32 logId = sha256(bytes(first.origin));
        Log memory log = logOf(logId);
        if (log.status == 0) revert CheckpointRegistryLogUnknown(logId);
        if (sha256(bytes(second.origin)) != logId || first.size != second.size || first.root == second.root) {
            revert CheckpointRegistryNoFork(logId, first.size, second.size);
        }
        uint64 then = _now();
        if (first.size <= log.size) {
            _requireCovering(logId, first.size, covering);
            then = covering.time;
        }
        _requireGatewayAt(log, first, firstSignature, then);
        bool anchored = secondSignature.signer == address(0);
        if (anchored) {
            if (first.size > log.size || covering.size != second.size || covering.root != second.root) {
                revert CheckpointRegistryAnchorUnknown(logId, second.size);
            }
        } else {
            _requireGatewayAt(log, second, secondSignature, then);
        }
        if (log.status == FROZEN) return;
        if (log.status != ACTIVE) revert CheckpointRegistryLogNotActive(logId, log.status);
        _setStatus(logId, FROZEN, 0, 0);
        emit ForkReported(logId, first.size, first.root, second.root, anchored);
    }

    /// @inheritdoc ICheckpointRegistry
    function setStatus(LogStatus calldata act, Signed calldata owner, Signed[] calldata quorum) external {
        StoredLog storage log = _logs[act.logId];
        if (log.status == 0) revert CheckpointRegistryLogUnknown(act.logId);
        bool byOwner = owner.signer != address(0);
        (bool fresh, bytes32 actId, bytes32 digest) =
            _open(abi.encode(LOG_STATUS_TYPE, act), byOwner ? log.member : QUORUM);
        if (!fresh) return;
        if (byOwner) _requireMember(log.member, owner, digest);
        else _members().requireQuorum(digest, quorum);
        bool allowed =
            byOwner ? (log.status == ACTIVE && act.status == CLOSED) : (log.status == FROZEN && act.status == ACTIVE);
        if (!allowed) revert CheckpointRegistryStatusUnchangeable(act.logId, log.status, act.status);
        _setStatus(act.logId, act.status, act.reasonDigest, actId);
    }

    /// @inheritdoc ICheckpointRegistry
    function isAnchored(bytes32 logId, uint64 size, bytes32 root) external view returns (bool) {
        return _inRing(logId, _logs[logId].anchors, _head(size, root));
    }

    /// @inheritdoc ICheckpointRegistry
    function isIncluded(bytes32 logId, bytes32 leafHash, uint64 index, bytes32[] calldata proof)
        external
        view
        returns (bool)
    {
        StoredLog storage log = _logs[logId];
        return MerkleSha256.isIncluded(leafHash, index, log.size, proof, log.root);
    }

    /// @inheritdoc ICheckpointRegistry
    function logOf(bytes32 logId) public view returns (Log memory) {
        StoredLog storage log = _logs[logId];
        return Log(
            logId,
            log.member,
            log.gateway,
            log.witnessQuorum,
            log.size,
            log.root,
            log.anchoredAt,
            log.anchors,
            log.status
        );
    }

    /* INSIDE */

    function _requireWitnesses(IMemberRegistry members, Log memory log, bytes32 digest, Signed[] calldata witnesses)
        private
        view
    {
        if (witnesses.length < log.witnessQuorum) {
            revert CheckpointRegistryWitnessesTooFew(log.logId, log.witnessQuorum, witnesses.length);
        }
        bytes32 previous = 0;
        for (uint256 i = 0; i < witnesses.length; i++) {
            (bytes32 member,) = members.validKey(witnesses[i].signer, PURPOSE_WITNESS);
            if (member == 0 || member == log.member) revert CheckpointRegistryNotAWitness(witnesses[i].signer);
            if (member <= previous) revert CheckpointRegistryWitnessesNotAscending(previous, member);
            _requireSigned(witnesses[i], digest);
            previous = member;
        }
    }

    function _requireCovering(bytes32 logId, uint64 size, Anchor calldata covering) private view {
        bytes32 recorded = _recordDigest(ANCHOR_TAG, keccak256(abi.encode(logId, uint256(covering.size))));
        if (
            covering.logId != logId || recorded != keccak256(abi.encode(ANCHOR_TAG, covering)) || recorded == 0
                || size <= covering.previousSize || size > covering.size
        ) {
            revert CheckpointRegistryAnchorUnknown(logId, size);
        }
    }

    /// @dev The end of a key does not matter: who has signed two heads must not get rid of them by a new key.
    function _requireGatewayAt(Log memory log, Checkpoint calldata checkpoint, Signed calldata signed, uint64 then)
        private
        view
    {
        IMemberRegistry.Key memory key = _members().keyOf(bytes32(uint256(uint160(signed.signer))));
        bool counts = key.validFrom <= then && (key.compromisedSince == 0 || then < key.compromisedSince);
        if (key.purpose != PURPOSE_GATEWAY || key.member != log.member || key.subject != log.gateway || !counts) {
            revert CheckpointRegistryNotTheGateway(log.logId, signed.signer);
        }
        _requireSigned(signed, _checkpointDigest(checkpoint));
    }

    function _checkpointDigest(Checkpoint calldata checkpoint) private view returns (bytes32) {
        return Signatures.digest(
            keccak256(
                abi.encode(
                    CHECKPOINT_TYPE, keccak256(bytes(checkpoint.origin)), uint256(checkpoint.size), checkpoint.root
                )
            )
        );
    }

    function _setStatus(bytes32 logId, uint8 status, bytes32 reasonDigest, bytes32 actId) private {
        _logs[logId].status = status;
        _recordLog(logId);
        emit LogStatusChanged(logId, status, reasonDigest, actId);
    }

    function _append(Log memory log, uint64 size, bytes32 root, address gatewayKey, uint256 witnesses) private {
        Anchor memory entry = Anchor(log.logId, size, root, log.size, _now(), uint64(block.number));
        _ring[log.logId][log.anchors % RING] = _head(size, root);
        log.size = size;
        log.root = root;
        log.anchoredAt = entry.time;
        log.anchors++;
        _store(log);
        _record(ANCHOR_TAG, keccak256(abi.encode(log.logId, uint256(size))), abi.encode(ANCHOR_TAG, entry));
        emit HeadAnchored(log.logId, size, root, gatewayKey, witnesses);
    }

    function _store(Log memory log) private {
        StoredLog storage stored = _logs[log.logId];
        stored.root = log.root;
        stored.size = log.size;
        stored.anchoredAt = log.anchoredAt;
        stored.anchors = log.anchors;
        _record(LOG_TAG, log.logId, abi.encode(LOG_TAG, log));
    }

    function _recordLog(bytes32 logId) private {
        _record(LOG_TAG, logId, abi.encode(LOG_TAG, logOf(logId)));
    }

    function _inRing(bytes32 logId, uint256 anchors, bytes32 head) private view returns (bool) {
        uint256 oldest = anchors > RING ? anchors - RING : 0;
        for (uint256 n = anchors; n > oldest; n--) {
            if (_ring[logId][(n - 1) % RING] == head) return true;
        }
        return false;
    }

    function _head(uint64 size, bytes32 root) private pure returns (bytes32) {
        return keccak256(abi.encode(size, root));
    }
}
