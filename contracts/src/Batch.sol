// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Call, IBatch} from "./interfaces/IBatch.sol";

contract Batch is IBatch {
    /// @inheritdoc IBatch
    function carry(Call[] calldata calls) external {
        for (uint256 i = 0; i < calls.length; i++) {
            address to = calls[i].to;
            if (to.code.length == 0) revert BatchNoContract(i, to);
            // solhint-disable-next-line avoid-low-level-calls
            (bool done, bytes memory reason) = to.call(calls[i].data);
            if (!done) revert BatchCallRefused(i, reason);
        }
    }

    /// @inheritdoc IBatch
    function version() external pure returns (uint32) {
        return 1;
    }
}
