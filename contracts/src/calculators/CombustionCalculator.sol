// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICalculator} from "../interfaces/ICalculator.sol";
import {Uint512, Wide} from "../libraries/Uint512.sol";

/// @title Combustion of fuels, in heat form (net calorific value, carbon per heat) and carbon form (carbon content).
contract CombustionCalculator is ICalculator {
    using Uint512 for uint256;
    using Uint512 for Wide;

    bytes32 private constant HEAT_FORM = "combustion-heat"; // g or L; ncv kJ/., cc gC/kJ, of 1
    bytes32 private constant CARBON_FORM = "combustion-carbon"; // g or L; c gC/., of 1
    /// @dev 44/12 g of CO2 for each g of carbon; the 12 stands in the common denominator.
    uint256 private constant CO2 = 44;

    /// @inheritdoc ICalculator
    function parametersOf(bytes32 method) public pure returns (uint8) {
        if (method == HEAT_FORM) return 3;
        if (method == CARBON_FORM) return 2;
        revert CalculatorMethodUnknown(method);
    }

    /// @inheritdoc ICalculator
    function contribution(bytes32 method, uint256 quantity, uint256[6] calldata values)
        external
        pure
        returns (Wide memory)
    {
        Wide memory carbon = quantity.mul(values[0]).mul(values[1]);
        uint256 third = parametersOf(method) == 3 ? values[2] : 10 ** 18;
        return carbon.mul(third).mul(CO2);
    }

    /// @inheritdoc ICalculator
    function version() external pure returns (uint32) {
        return 1;
    }
}
