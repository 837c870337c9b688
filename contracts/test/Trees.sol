// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MerkleSha256} from "../src/libraries/MerkleSha256.sol";

/// @notice Trees and proofs by the recursive definitions of RFC 9162 2.1, which the library does not use.
library Trees {
    function leaf(uint256 seed, uint256 index) internal pure returns (bytes32) {
        return sha256(abi.encodePacked(hex"00", seed, index));
    }

    /// @dev MTH(D[from:to]), 2.1.1.
    function root(uint256 seed, uint256 from, uint256 to) internal view returns (bytes32) {
        if (to - from == 1) return leaf(seed, from);
        uint256 k = split(to - from);
        return MerkleSha256.nodeHash(root(seed, from, from + k), root(seed, from + k, to));
    }

    /// @dev PATH(m, D[from:to]), 2.1.3.1; m counts from `from`.
    function path(uint256 seed, uint256 m, uint256 from, uint256 to) internal view returns (bytes32[] memory) {
        if (to - from == 1) return new bytes32[](0);
        uint256 k = split(to - from);
        if (m < k) return append(path(seed, m, from, from + k), root(seed, from + k, to));
        return append(path(seed, m - k, from + k, to), root(seed, from, from + k));
    }

    /// @dev PROOF(m, D[0:n]), 2.1.4.1.
    function consistency(uint256 seed, uint256 m, uint256 n) internal view returns (bytes32[] memory) {
        return subproof(seed, m, 0, n, true);
    }

    function subproof(uint256 seed, uint256 m, uint256 from, uint256 to, bool known)
        private
        view
        returns (bytes32[] memory)
    {
        if (m == to - from) {
            return known ? new bytes32[](0) : append(new bytes32[](0), root(seed, from, to));
        }
        uint256 k = split(to - from);
        if (m <= k) return append(subproof(seed, m, from, from + k, known), root(seed, from + k, to));
        return append(subproof(seed, m - k, from + k, to, false), root(seed, from, from + k));
    }

    function split(uint256 n) private pure returns (uint256 k) {
        k = 1;
        while (k * 2 < n) k *= 2;
    }

    function append(bytes32[] memory list, bytes32 item) private pure returns (bytes32[] memory longer) {
        longer = new bytes32[](list.length + 1);
        for (uint256 i = 0; i < list.length; i++) {
            longer[i] = list[i];
        }
        longer[list.length] = item;
    }
}
