// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "./IRegistry.sol";
import {Admission, KeyEnd, KeyEnrolment, MemberStatus} from "../Acts.sol";
import {Signed} from "../Signatures.sol";

uint16 constant REGULATOR = 1;
uint16 constant ENTERPRISE = 2;
uint16 constant PREPARER = 4;
uint16 constant VERIFIER = 8;
uint16 constant BANK = 16;
uint16 constant AUDITOR = 32;
uint16 constant EXCHANGE = 64;
uint16 constant METROLOGY_LAB = 128;

uint8 constant PURPOSE_ACT = 1;
uint8 constant PURPOSE_GATEWAY = 2;
uint8 constant PURPOSE_WITNESS = 4;
uint8 constant PURPOSE_DEVICE = 6;

/// @title Organisations, what they are, and their keys.
/// @dev Warning: the threshold cannot be changed; a quorum that loses its keys cannot be restored.
/// @dev Warning: an Ed25519 or P-256 key signs nothing here, so whoever enrols its id first holds it.
interface IMemberRegistry is IRegistry {
    struct Founder {
        bytes32 member;
        bytes32 province;
        address key;
    }

    /// @notice The record `governance`.
    struct Governance {
        uint16 threshold;
        uint16 regulators;
        bytes32 founders;
    }

    /// @notice The record `member`.
    struct Member {
        bytes32 member;
        uint16 kinds;
        uint8 status;
        bytes32 province;
        uint64 since;
        bytes32 nameDigest;
    }

    /// @notice The record `key`.
    struct Key {
        bytes32 keyId;
        bytes32 member;
        uint8 purpose;
        bytes32 subject;
        uint8 algorithm;
        uint64 validFrom;
        uint64 validTo;
        uint64 compromisedSince;
    }

    event GovernanceChanged(uint16 threshold, uint16 regulators);
    event MemberAdmitted(bytes32 indexed member, uint16 kinds, bytes32 province, bytes32 actId);
    event MemberStatusChanged(bytes32 indexed member, uint8 status, bytes32 reasonDigest, bytes32 actId);
    event KeyEnrolled(
        bytes32 indexed keyId, bytes32 indexed member, uint8 purpose, bytes32 subject, bytes32 supersedes, bytes32 actId
    );
    /// @notice `validTo` and `compromisedSince` as they now stand (0: open, never).
    event KeyEnded(bytes32 indexed keyId, uint64 validTo, uint64 compromisedSince, bytes32 actId);

    error MemberRegistryThresholdOutOfRange(uint16 threshold, uint256 founders);
    error MemberRegistryQuorumTooSmall(uint256 expected, uint256 found);
    /// @notice Signers must be of distinct members, sorted by ascending member id.
    error MemberRegistryQuorumNotAscending(bytes32 previous, bytes32 member);
    error MemberRegistryNotARegulator(address signer, bytes32 member);
    /// @notice The status would leave fewer admitted regulators than the threshold.
    error MemberRegistryQuorumWouldBeLost(uint16 threshold, uint16 regulators);
    error MemberRegistryMemberKnown(bytes32 member);
    error MemberRegistryMemberUnknown(bytes32 member);
    /// @notice A conflict of duty: `kinds` and `forbidden` may not be one member; or no kind, or an unknown one.
    error MemberRegistryKindsForbidden(uint16 kinds, uint16 forbidden);
    error MemberRegistryStatusUnchangeable(bytes32 member, uint8 current, uint8 offered);
    error MemberRegistryKeyKnown(bytes32 keyId);
    error MemberRegistryKeyUnknown(bytes32 keyId);
    /// @notice Keys of purposes act, gateway and witness are secp256k1 keys named by their address.
    error MemberRegistryKeyFormWrong(bytes32 keyId, uint8 purpose, uint8 algorithm);
    /// @notice The key itself must sign its enrolment.
    error MemberRegistryKeyDidNotSign(bytes32 keyId, address signer);
    /// @notice `supersedes` is not a key of the same member, purpose and subject.
    error MemberRegistrySupersedesForeignKey(bytes32 keyId, bytes32 supersedes);
    /// @notice An end of a key can only come nearer, a compromise only move back, and it lies not in the future.
    error MemberRegistryKeyEndOutOfRange(bytes32 keyId, uint64 validTo, uint64 compromisedSince);

    /// @notice Admits an organisation. Signed by its first act key and by the quorum.
    function admit(Admission calldata act, Signed calldata applicant, Signed[] calldata quorum) external;

    /// @notice Suspends, expels or re-admits a member. Signed by the quorum. An expulsion is final.
    function setStatus(MemberStatus calldata act, Signed[] calldata quorum) external;

    /// @notice Enrols a key. Signed by an act key of the member; for purposes 1, 2 and 4 by the new key too
    /// (else `newKey` is not read). The key is valid from `validFrom`, but never from before this block.
    function enrolKey(KeyEnrolment calldata act, Signed calldata member, Signed calldata newKey) external;

    /// @notice Ends a key. Signed by an act key of its member; or, if `member.signer` is zero, by the quorum.
    /// The key ends at `validTo`, but never before this block; what it signed since `compromisedSince` does not count.
    function endKey(KeyEnd calldata act, Signed calldata member, Signed[] calldata quorum) external;

    /// @notice The admitted member whose act key this is, valid now; else 0.
    function actKeyMember(address signer) external view returns (bytes32 member);

    /// @notice Member and subject of a key of this purpose, valid now, of an admitted member; else zeros.
    function validKey(address signer, uint8 purpose) external view returns (bytes32 member, bytes32 subject);

    /// @notice Whether the key was valid, and not compromised, at `time` (s); whatever its member's status.
    function keyValidAt(bytes32 keyId, uint64 time) external view returns (bool);

    /// @notice Whether the member is admitted now, as one of `kinds`.
    function isAdmitted(bytes32 member, uint16 kinds) external view returns (bool);

    /// @notice Reverts unless admitted regulators, at least the threshold, signed `digest`.
    function requireQuorum(bytes32 digest, Signed[] calldata quorum) external view;

    function memberOf(bytes32 member) external view returns (Member memory);

    function keyOf(bytes32 keyId) external view returns (Key memory);

    function governance() external view returns (Governance memory);
}
