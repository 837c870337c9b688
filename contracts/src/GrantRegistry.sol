// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Grant, GRANT_TYPE, GrantEnd, GRANT_END_TYPE} from "./Acts.sol";
import {IGrantRegistry} from "./interfaces/IGrantRegistry.sol";
import {Registry} from "./Registry.sol";
import {Signed} from "./Signatures.sol";

contract GrantRegistry is IGrantRegistry, Registry {
    bytes32 private constant TAG = keccak256("carbonledger/record/grant/v1");
    uint16 private constant ANY_KIND = 255;

    mapping(bytes32 grantId => GrantRecord) private _grants;

    constructor(address directory_) Registry(directory_) {}

    /// @inheritdoc IGrantRegistry
    function grant(Grant calldata act, Signed calldata owner) external {
        (bool fresh, bytes32 grantId, bytes32 digest) = _open(abi.encode(GRANT_TYPE, act), act.owner);
        if (!fresh) return;
        _requireMember(act.owner, owner, digest);
        if (act.grantee == act.owner || !_members().isAdmitted(act.grantee, ANY_KIND)) {
            revert GrantRegistryGranteeRefused(act.grantee);
        }
        if (act.expires <= act.validFrom || act.expires <= block.timestamp) {
            revert GrantRegistryTermOutOfRange(act.validFrom, act.expires, _now());
        }
        _grants[grantId] =
            GrantRecord(grantId, act.owner, act.grantee, act.scope, act.purpose, act.validFrom, act.expires, 0);
        _recordGrant(grantId);
        emit Granted(grantId, act.owner, act.grantee);
    }

    /// @inheritdoc IGrantRegistry
    function revoke(GrantEnd calldata act, Signed calldata owner) external {
        GrantRecord storage held = _grants[act.grantId];
        if (held.grantId == 0) revert GrantRegistryUnknown(act.grantId);
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(GRANT_END_TYPE, act), held.owner);
        if (!fresh) return;
        _requireMember(held.owner, owner, digest);
        if (held.revokedAt != 0) revert GrantRegistryAlreadyRevoked(act.grantId, held.revokedAt);
        held.revokedAt = _now();
        _recordGrant(act.grantId);
        emit GrantRevoked(act.grantId, _now(), actId);
    }

    /// @inheritdoc IGrantRegistry
    function isGrantedAt(bytes32 grantId, uint64 time) external view returns (bool) {
        GrantRecord storage held = _grants[grantId];
        return held.grantId != 0 && held.validFrom <= time && time < held.expires
            && (held.revokedAt == 0 || time < held.revokedAt);
    }

    /// @inheritdoc IGrantRegistry
    function grantOf(bytes32 grantId) external view returns (GrantRecord memory) {
        if (_grants[grantId].grantId == 0) revert GrantRegistryUnknown(grantId);
        return _grants[grantId];
    }

    function _recordGrant(bytes32 grantId) private {
        GrantRecord memory held = _grants[grantId];
        _record(TAG, grantId, abi.encode(TAG, held));
    }
}
