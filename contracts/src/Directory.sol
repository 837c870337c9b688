// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DirectoryEntry, DIRECTORY_ENTRY_TYPE} from "./Acts.sol";
import {IDirectory} from "./interfaces/IDirectory.sol";
import {Registry} from "./Registry.sol";
import {Signed} from "./Signatures.sol";

contract Directory is IDirectory, Registry {
    bytes32 private constant TAG = keccak256("carbonledger/record/contract/v1");

    mapping(bytes32 name => Listing) private _listings;

    /// @param table the first contracts, at the addresses where they will be created; `since` is the block's time.
    constructor(Listing[] memory table) Registry(address(0)) {
        for (uint256 i = 0; i < table.length; i++) {
            table[i].since = _now();
            if (_listings[table[i].name].version != 0) revert DirectoryVersionNotNewer(table[i].name, 1, 1);
            _list(table[i], 0);
        }
    }

    /// @inheritdoc IDirectory
    function set(DirectoryEntry calldata act, Signed[] calldata quorum) external {
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(DIRECTORY_ENTRY_TYPE, act), QUORUM);
        if (!fresh) return;
        _members().requireQuorum(digest, quorum);

        Listing storage old = _listings[act.name];
        if (act.version <= old.version) revert DirectoryVersionNotNewer(act.name, old.version, act.version);
        if (act.since < old.since || act.since > block.timestamp) {
            revert DirectorySinceOutOfRange(act.name, act.since, old.since, _now());
        }
        bytes32 found = act.location.codehash;
        if (found != act.codeHash || act.location.code.length == 0) {
            revert DirectoryCodeDiffers(act.location, act.codeHash, found);
        }
        _list(Listing(act.name, act.version, act.location, act.codeHash, act.since), actId);
    }

    /// @inheritdoc IDirectory
    function locationOf(bytes32 name) external view returns (address) {
        return _listings[name].location;
    }

    /// @inheritdoc IDirectory
    function listingOf(bytes32 name) external view returns (Listing memory) {
        return _listings[name];
    }

    function _located(bytes32 name) internal view override returns (address location) {
        location = _listings[name].location;
        if (location == address(0)) revert RegistryContractUnknown(name);
    }

    function _list(Listing memory listing, bytes32 actId) private {
        if (listing.name == 0) revert DirectoryNameEmpty();
        _listings[listing.name] = listing;
        _record(TAG, listing.name, abi.encode(TAG, listing));
        emit ContractListed(listing.name, listing.version, listing.location, listing.codeHash, listing.since, actId);
    }
}
