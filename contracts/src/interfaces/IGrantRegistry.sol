// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "./IRegistry.sol";
import {Grant, GrantEnd} from "../Acts.sol";
import {Signed} from "../Signatures.sol";

/// @title By which a member may receive opened statements and audit packages of another.
/// @dev Warning: what was handed out under a grant cannot be taken back by ending it.
interface IGrantRegistry is IRegistry {
    /// @notice The record `grant`.
    struct GrantRecord {
        bytes32 grantId;
        bytes32 owner;
        bytes32 grantee;
        bytes32 scope;
        bytes32 purpose;
        uint64 validFrom;
        uint64 expires;
        uint64 revokedAt;
    }

    event Granted(bytes32 indexed grantId, bytes32 indexed owner, bytes32 indexed grantee);
    event GrantRevoked(bytes32 indexed grantId, uint64 revokedAt, bytes32 actId);

    error GrantRegistryUnknown(bytes32 grantId);
    error GrantRegistryGranteeRefused(bytes32 grantee);
    error GrantRegistryTermOutOfRange(uint64 validFrom, uint64 expires, uint64 time);
    error GrantRegistryAlreadyRevoked(bytes32 grantId, uint64 revokedAt);

    /// @notice Grants. Signed by an act key of the owner. The act's id is the grant's.
    function grant(Grant calldata act, Signed calldata owner) external;

    /// @notice Ends a grant now. Signed by an act key of the owner.
    function revoke(GrantEnd calldata act, Signed calldata owner) external;

    /// @notice Whether the grant is in force at `time` (s), as far as is known now.
    function isGrantedAt(bytes32 grantId, uint64 time) external view returns (bool);

    function grantOf(bytes32 grantId) external view returns (GrantRecord memory);
}
