// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Calendar} from "../src/libraries/Calendar.sol";
import {MerkleSha256} from "../src/libraries/MerkleSha256.sol";
import {Uint512, Wide} from "../src/libraries/Uint512.sol";

/// @notice The libraries behind an ABI, so that the tests in Python reach them. Never deployed.
contract Harness {
    function isIncluded(bytes32 leaf, uint64 index, uint64 size, bytes32[] calldata proof, bytes32 root)
        external
        view
        returns (bool)
    {
        return MerkleSha256.isIncluded(leaf, index, size, proof, root);
    }

    function isConsistent(uint64 oldSize, bytes32 oldRoot, uint64 newSize, bytes32 newRoot, bytes32[] calldata proof)
        external
        view
        returns (bool)
    {
        return MerkleSha256.isConsistent(oldSize, oldRoot, newSize, newRoot, proof);
    }

    function mulWide(Wide calldata a, uint256 b) external pure returns (Wide memory) {
        return Uint512.mul(a, b);
    }

    function addWide(Wide calldata a, Wide calldata b) external pure returns (Wide memory) {
        return Uint512.add(a, b);
    }

    function subWide(Wide calldata a, Wide calldata b) external pure returns (Wide memory) {
        return Uint512.sub(a, b);
    }

    function divWide(Wide calldata a, uint256 d) external pure returns (uint256) {
        return Uint512.div(a, d);
    }

    function monthStart(uint16 year, uint8 month) external pure returns (uint64) {
        return Calendar.monthStart(year, month);
    }
}
