// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "./IRegistry.sol";
import {DirectoryEntry} from "../Acts.sol";
import {Signed} from "../Signatures.sol";

/// @title Which contract is which.
/// @dev Warning: the table given to the constructor is not checked (the contracts are created after it); a reader
/// compares each address's code with `codeHash`, and pins the Directory's address.
interface IDirectory is IRegistry {
    /// @notice The record `contract`.
    struct Listing {
        bytes32 name;
        uint32 version;
        address location;
        bytes32 codeHash;
        uint64 since;
    }

    event ContractListed(
        bytes32 indexed name, uint32 version, address location, bytes32 codeHash, uint64 since, bytes32 actId
    );

    error DirectoryVersionNotNewer(bytes32 name, uint32 current, uint32 offered);
    /// @notice `since` must lie between the predecessor's and now.
    error DirectorySinceOutOfRange(bytes32 name, uint64 since, uint64 earliest, uint64 latest);
    /// @notice The code at the location has another hash than the act says.
    error DirectoryCodeDiffers(address location, bytes32 expected, bytes32 found);
    error DirectoryNameEmpty();

    /// @notice Lists a contract under a name, or a newer version of it. Signed by the quorum.
    function set(DirectoryEntry calldata act, Signed[] calldata quorum) external;

    /// @notice Address in force of the contract `name` (ASCII, right-padded); zero if there is none.
    function locationOf(bytes32 name) external view returns (address);

    function listingOf(bytes32 name) external view returns (Listing memory);
}
