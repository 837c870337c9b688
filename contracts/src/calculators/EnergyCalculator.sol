// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICalculator} from "../interfaces/ICalculator.sol";
import {Uint512, Wide} from "../libraries/Uint512.sol";

/// @title Purchased and exported electricity and heat: quantity · factor.
contract EnergyCalculator is ICalculator {
    using Uint512 for uint256;
    using Uint512 for Wide;

    bytes32 private constant ELECTRICITY = "electricity"; // Wh, gCO2e/Wh
    bytes32 private constant HEAT = "heat"; // kJ, gCO2e/kJ
    /// @dev The factor is in 1e-18; 12·10^36 more make the common denominator.
    uint256 private constant SCALE = 12 * 10 ** 36;

    /// @inheritdoc ICalculator
    function parametersOf(bytes32 method) public pure returns (uint8) {
        if (method != ELECTRICITY && method != HEAT) revert CalculatorMethodUnknown(method);
        return 1;
    }

    /// @inheritdoc ICalculator
    function contribution(bytes32 method, uint256 quantity, uint256[6] calldata values)
        external
        pure
        returns (Wide memory)
    {
        parametersOf(method);
        return quantity.mul(values[0]).mul(SCALE);
    }

    /// @inheritdoc ICalculator
    function version() external pure returns (uint32) {
        return 1;
    }
}
