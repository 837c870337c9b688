// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What every state-holding contract has in common: record digests, the Directory, idempotent acts.
interface IRegistry {
    /// @notice The act's deadline has passed; sign it again with a later one: its id stays the same.
    error RegistryActExpired(uint64 deadline, uint64 time);
    /// @notice The actor used this reference for an act of other content.
    error RegistryReferenceUsed(bytes32 actor, bytes32 ref, bytes32 usedBy, bytes32 actId);
    /// @notice The signature is not one of `signer` over `digest`.
    error RegistrySignatureInvalid(address signer, bytes32 digest);
    /// @notice The signer's key is no act key, valid now, of the admitted member `expected`; it is one of `found` (0: of nobody).
    error RegistryNotTheMember(address signer, bytes32 expected, bytes32 found);
    /// @notice The member is not admitted now, or not as any of `kinds`.
    error RegistryNotOfKind(bytes32 member, uint16 kinds);
    /// @notice The Directory names no contract `name`.
    error RegistryContractUnknown(bytes32 name);

    /// @notice A record was written; `words` are its field words (docs/formats/records.md). Emitted for every record there is.
    event RecordWritten(bytes32 indexed tag, bytes32 indexed id, bytes words);

    /// @notice Digest of a record, 0 if there is none. Lies in storage slot keccak256(recordKey ‖ uint256(0)).
    function recordOf(bytes32 recordKey) external view returns (bytes32 digest);

    /// @notice The Directory that this contract asks (storage slot 1); zero in the Directory itself.
    function directory() external view returns (address);

    /// @notice Id of the act that `actor` gave this reference (0: none). The quorum's actor is 0.
    function actOf(bytes32 actor, bytes32 ref) external view returns (bytes32 actId);

    /// @notice Version of this contract's code, counted from 1.
    function version() external pure returns (uint32);
}
