// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice One call of a contract: where, and with which data.
struct Call {
    address to;
    bytes data;
}

/// @title Many acts in one transaction: what their calls read in common is paid for once.
/// @dev Whoever sends an act has no part in it, so whoever passes it on has none: this contract keeps nothing, holds no
/// right, and may be used by anyone for any call.
/// @dev Warning: all or nothing. One call that is refused takes the others back.
interface IBatch {
    /// @notice The call at `index` was refused, with these revert data.
    error BatchCallRefused(uint256 index, bytes reason);
    /// @notice There is no contract at this address: a call there would do nothing, and seem done.
    error BatchNoContract(uint256 index, address to);

    function carry(Call[] calldata calls) external;

    function version() external pure returns (uint32);
}
