// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Authority, IPlanRegistry} from "./interfaces/IPlanRegistry.sol";
import {Registry} from "./Registry.sol";

/// @dev Base of the contracts whose acts of the quorum may be steps of a plan.
abstract contract Planned is Registry {
    function _requireAuthority(bytes32 actId, bytes32 digest, Authority calldata authority) internal view {
        if (authority.plan == 0) {
            _members().requireQuorum(digest, authority.quorum);
        } else {
            IPlanRegistry(_located("PlanRegistry")).requireStep(authority.plan, authority.index, actId, authority.proof);
        }
    }
}
