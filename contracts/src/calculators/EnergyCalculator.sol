// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICalculator} from "../interfaces/ICalculator.sol";
import {Exact} from "../libraries/ExactSum.sol";
import {Uint512, Wide} from "../libraries/Uint512.sol";

/// @title Electricity and heat, bought or sold: quantity · factor; heat of steam and of hot water by its enthalpy.
contract EnergyCalculator is ICalculator {
    using Uint512 for uint256;
    using Uint512 for Wide;

    bytes32 private constant ELECTRICITY = "electricity"; // Wh; ef gCO2e/Wh
    bytes32 private constant HEAT = "heat"; // kJ; ef gCO2e/kJ
    bytes32 private constant STEAM = "steam"; // g; h kJ/g, h0 kJ/g, ef gCO2e/kJ
    bytes32 private constant HOT_WATER = "hot-water"; // g; t degC, t0 degC, cp kJ/(g.degC), ef gCO2e/kJ
    uint256 private constant ONE = 10 ** 18;

    /// @inheritdoc ICalculator
    function parametersOf(bytes32 method) external pure returns (uint8) {
        if (method == ELECTRICITY || method == HEAT) return 1;
        if (method == STEAM) return 3;
        if (method == HOT_WATER) return 4;
        revert CalculatorMethodUnknown(method);
    }

    /// @inheritdoc ICalculator
    function contribution(bytes32 method, uint256 quantity, uint256[6] calldata values)
        external
        pure
        returns (Exact memory amount)
    {
        amount.divisor = 1;
        if (method == ELECTRICITY || method == HEAT) {
            amount.numerator = quantity.mul(values[0]).mul(12 * ONE ** 2);
        } else if (method == STEAM) {
            amount.numerator = quantity.mul(_above(method, values)).mul(values[2]).mul(12 * ONE);
        } else if (method == HOT_WATER) {
            amount.numerator = quantity.mul(_above(method, values)).mul(values[2]).mul(values[3]).mul(12);
        } else {
            revert CalculatorMethodUnknown(method);
        }
    }

    /// @inheritdoc ICalculator
    function version() external pure returns (uint32) {
        return 1;
    }

    /// @dev The first parameter above the second.
    function _above(bytes32 method, uint256[6] calldata values) private pure returns (uint256) {
        if (values[0] < values[1]) revert CalculatorValueOutside(method, 0, values[1], values[0]);
        return values[0] - values[1];
    }
}
