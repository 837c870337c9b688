// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "./interfaces/IRegistry.sol";
import {IDirectory} from "./interfaces/IDirectory.sol";
import {IMemberRegistry} from "./interfaces/IMemberRegistry.sol";
import {Signatures, Signed} from "./Signatures.sol";

/// @dev Base of every state-holding contract. Slots 0 and 1 are part of the record format (docs/formats/records.md).
abstract contract Registry is IRegistry {
    mapping(bytes32 recordKey => bytes32 digest) private _records; // slot 0
    address private _directory; // slot 1
    mapping(bytes32 actorAndReference => bytes32 actId) private _acts; // slot 2

    bytes32 internal constant QUORUM = 0;

    constructor(address directory_) {
        _directory = directory_;
    }

    /// @inheritdoc IRegistry
    function recordOf(bytes32 recordKey) external view returns (bytes32) {
        return _records[recordKey];
    }

    /// @inheritdoc IRegistry
    function directory() external view returns (address) {
        return _directory;
    }

    /// @inheritdoc IRegistry
    function actOf(bytes32 actor, bytes32 ref) external view returns (bytes32) {
        return _acts[_actKey(actor, ref)];
    }

    /// @inheritdoc IRegistry
    function version() external pure virtual returns (uint32) {
        return 1;
    }

    /* RECORDS */

    /// @param tagAndWords the kind's tag and the field words: abi.encode(TAG, record).
    function _record(bytes32 tag, bytes32 id, bytes memory tagAndWords) internal {
        _records[keccak256(abi.encode(tag, id))] = keccak256(tagAndWords);
        bytes memory words;
        assembly ("memory-safe") {
            // the same memory without its first word: the tag, no longer needed, gives way to the length
            words := add(tagAndWords, 32)
            mstore(words, sub(mload(tagAndWords), 32))
        }
        emit RecordWritten(tag, id, words);
    }

    function _recordDigest(bytes32 tag, bytes32 id) internal view returns (bytes32) {
        return _records[keccak256(abi.encode(tag, id))];
    }

    /* OTHER CONTRACTS */

    function _located(bytes32 name) internal view virtual returns (address location) {
        location = IDirectory(_directory).locationOf(name);
        if (location == address(0)) revert RegistryContractUnknown(name);
    }

    function _members() internal view virtual returns (IMemberRegistry) {
        return IMemberRegistry(_located("MemberRegistry"));
    }

    /* ACTS */

    /// @dev Claims the act's id for its reference, before the signatures are checked (a failure there takes it back).
    /// @param encoded abi.encode(TYPE, act) whose last two words are the reference and the deadline.
    /// @param actor the member that acts, or QUORUM.
    /// @return fresh false if this very act was done before: then nothing may change.
    function _open(bytes memory encoded, bytes32 actor) internal returns (bool fresh, bytes32 actId, bytes32 digest) {
        bytes32 structHash;
        bytes32 ref;
        uint256 deadline;
        assembly ("memory-safe") {
            let size := mload(encoded)
            let start := add(encoded, 32)
            structHash := keccak256(start, size)
            actId := keccak256(start, sub(size, 32))
            ref := mload(add(start, sub(size, 64)))
            deadline := mload(add(start, sub(size, 32)))
        }
        bytes32 key = _actKey(actor, ref);
        bytes32 usedBy = _acts[key];
        if (usedBy == actId) return (false, actId, 0);
        if (usedBy != 0) revert RegistryReferenceUsed(actor, ref, usedBy, actId);
        if (block.timestamp > deadline) revert RegistryActExpired(uint64(deadline), _now());
        _acts[key] = actId;
        return (true, actId, Signatures.digest(structHash));
    }

    function _requireSigned(Signed calldata signed, bytes32 digest) internal view {
        if (!Signatures.isValid(signed, digest)) revert RegistrySignatureInvalid(signed.signer, digest);
    }

    /// @dev An act key of `member`, admitted and valid now, signed.
    function _requireMember(bytes32 member, Signed calldata signed, bytes32 digest) internal view {
        bytes32 found = _members().actKeyMember(signed.signer);
        if (found != member || member == 0) revert RegistryNotTheMember(signed.signer, member, found);
        _requireSigned(signed, digest);
    }

    /// @dev `member` is admitted as one of `kinds`.
    function _requireKind(bytes32 member, uint16 kinds) internal view {
        if (!_members().isAdmitted(member, kinds)) revert RegistryNotOfKind(member, kinds);
    }

    function _now() internal view returns (uint64) {
        return uint64(block.timestamp);
    }

    function _actKey(bytes32 actor, bytes32 ref) private pure returns (bytes32) {
        return keccak256(abi.encode(actor, ref));
    }
}
