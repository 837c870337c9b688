// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Exact} from "../libraries/ExactSum.sol";

/// @title A pure calculator: some methods of the closed list in docs/formats/rule-set.md.
interface ICalculator {
    error CalculatorMethodUnknown(bytes32 method);
    /// @notice A parameter (or the sum of some) that has no meaning for the method: what is allowed, what was found.
    error CalculatorValueOutside(bytes32 method, uint256 parameter, uint256 allowed, uint256 found);

    /// @notice Number of parameters of a method; reverts for one that is not here.
    function parametersOf(bytes32 method) external pure returns (uint8);

    /// @notice Contribution of one line in g, exactly: numerator / (divisor · 12·10^54).
    /// @param quantity in the method's base unit.
    /// @param values parameters in 1e-18 of the method's units, in order; unused ones are not read.
    function contribution(bytes32 method, uint256 quantity, uint256[6] calldata values)
        external
        pure
        returns (Exact memory amount);

    /// @notice Version of this calculator's code, counted from 1.
    function version() external pure returns (uint32);
}
