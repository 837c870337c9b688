// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice The cheatcodes that these tests use.
interface Vm {
    function sign(uint256 privateKey, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);
    function addr(uint256 privateKey) external pure returns (address);
    function warp(uint256 timestamp) external;
    function expectRevert(bytes4 selector) external;
    function expectRevert(bytes calldata data) external;
    function expectPartialRevert(bytes4 selector) external;
    function getNonce(address account) external view returns (uint64);
    function computeCreateAddress(address deployer, uint256 nonce) external pure returns (address);
    function assume(bool condition) external pure;
}

abstract contract Test {
    Vm internal constant vm = Vm(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);

    error Differs(bytes32 found, bytes32 expected);

    function equal(uint256 found, uint256 expected) internal pure {
        if (found != expected) revert Differs(bytes32(found), bytes32(expected));
    }

    function equal(bytes32 found, bytes32 expected) internal pure {
        if (found != expected) revert Differs(found, expected);
    }

    function isTrue(bool condition) internal pure {
        if (!condition) revert Differs(0, bytes32(uint256(1)));
    }
}
