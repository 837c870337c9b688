// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "./IRegistry.sol";
import {Checkpoint, LogRegistration, LogStatus} from "../Acts.sol";
import {Signed} from "../Signatures.sol";

/// @title Logs and the heads of them that are anchored: a log can only grow, and never have two heads of one size.
/// @dev Warning: an anchored head cannot be withdrawn.
interface ICheckpointRegistry is IRegistry {
    /// @notice The record `log`.
    struct Log {
        bytes32 logId;
        bytes32 member;
        bytes32 gateway;
        uint8 witnessQuorum;
        uint64 size;
        bytes32 root;
        uint64 anchoredAt;
        uint32 anchors;
        uint8 status;
    }

    /// @notice The record `anchor`.
    struct Anchor {
        bytes32 logId;
        uint64 size;
        bytes32 root;
        uint64 previousSize;
        uint64 time;
        uint64 blockNumber;
    }

    event LogRegistered(
        bytes32 indexed logId,
        bytes32 indexed member,
        bytes32 indexed gateway,
        string origin,
        uint8 witnessQuorum,
        bytes32 actId
    );
    event HeadAnchored(bytes32 indexed logId, uint64 size, bytes32 root, address gatewayKey, uint256 witnesses);
    event LogStatusChanged(bytes32 indexed logId, uint8 status, bytes32 reasonDigest, bytes32 actId);
    /// @notice Two heads of one size with different roots: the log is frozen.
    event ForkReported(bytes32 indexed logId, uint64 size, bytes32 firstRoot, bytes32 secondRoot, bool anchored);

    error CheckpointRegistryLogKnown(bytes32 logId);
    error CheckpointRegistryLogUnknown(bytes32 logId);
    error CheckpointRegistryOriginEmpty();
    error CheckpointRegistryGatewayEmpty();
    /// @notice The log is frozen (2) or closed (3).
    error CheckpointRegistryLogNotActive(bytes32 logId, uint8 status);
    error CheckpointRegistryNotGrowing(bytes32 logId, uint64 size, uint64 offered);
    error CheckpointRegistryRootDiffers(bytes32 logId, uint64 size, bytes32 anchored, bytes32 offered);
    error CheckpointRegistryNotConsistent(bytes32 logId, uint64 oldSize, uint64 newSize);
    /// @notice The signer's key is no gateway key of this log's gateway, valid then.
    error CheckpointRegistryNotTheGateway(bytes32 logId, address signer);
    error CheckpointRegistryWitnessesTooFew(bytes32 logId, uint256 expected, uint256 found);
    /// @notice The signer's key is no witness key, valid now, of a member other than the log's owner.
    error CheckpointRegistryNotAWitness(address signer);
    /// @notice Witnesses must be of distinct members, sorted by ascending member id.
    error CheckpointRegistryWitnessesNotAscending(bytes32 previous, bytes32 member);
    error CheckpointRegistryStatusUnchangeable(bytes32 logId, uint8 current, uint8 offered);
    /// @notice The two heads do not show a fork: another log or size, or the same root.
    error CheckpointRegistryNoFork(bytes32 logId, uint64 firstSize, uint64 secondSize);
    /// @notice The anchor shown is not recorded, or is not the first that covers the size.
    error CheckpointRegistryAnchorUnknown(bytes32 logId, uint64 size);

    /// @notice Registers a log. Signed by an act key of the member.
    function registerLog(LogRegistration calldata act, Signed calldata member) external;

    /// @notice Anchors a head. Signed by a gateway key of the log's gateway and by witnesses of as many distinct
    /// members as the log's quorum, ascending. `consistency` is the RFC 9162 proof from the anchored head; empty
    /// for the first. A head that is among the last 64 returns quietly.
    function anchor(
        Checkpoint calldata checkpoint,
        bytes32[] calldata consistency,
        Signed calldata gateway,
        Signed[] calldata witnesses
    ) external;

    /// @notice Freezes a log of which two heads of one size have different roots. The evidence is the authority.
    /// @param first a head signed by a gateway key of the log.
    /// @param second another; if `secondSignature.signer` is zero, the anchored head that `covering` records.
    /// @param covering the first anchor that covers the size: the key must have begun by its time, and not have been
    /// compromised by then. Not read where the size is beyond the anchored one: then the time is now.
    /// @dev A key that has ended counts: ending it does not undo what it signed. Warning: an owner that declares its
    /// key compromised from before that time escapes the freeze, and voids what the key signed since.
    function reportFork(
        Checkpoint calldata first,
        Signed calldata firstSignature,
        Checkpoint calldata second,
        Signed calldata secondSignature,
        Anchor calldata covering
    ) external;

    /// @notice Thaws a frozen log (status 1, by the quorum, `owner.signer` zero) or closes an active one (status 3,
    /// by an act key of the owner). A closed log stays closed.
    function setStatus(LogStatus calldata act, Signed calldata owner, Signed[] calldata quorum) external;

    /// @notice Whether this head is among the last 64 anchored of the log.
    function isAnchored(bytes32 logId, uint64 size, bytes32 root) external view returns (bool);

    /// @notice Whether a leaf hash is in the log's anchored tree.
    function isIncluded(bytes32 logId, bytes32 leafHash, uint64 index, bytes32[] calldata proof)
        external
        view
        returns (bool);

    function logOf(bytes32 logId) external view returns (Log memory);
}
