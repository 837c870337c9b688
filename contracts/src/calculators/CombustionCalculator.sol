// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICalculator} from "../interfaces/ICalculator.sol";
import {Exact} from "../libraries/ExactSum.sol";
import {Uint512, Wide} from "../libraries/Uint512.sol";

/// @title Carbon that becomes CO2: fuels by heat or by carbon on any basis, mass balances, volatile matter, anodes.
contract CombustionCalculator is ICalculator {
    using Uint512 for uint256;
    using Uint512 for Wide;

    bytes32 private constant HEAT_FORM = "combustion-heat"; // g or L; ncv kJ/., cc gC/kJ, of 1
    bytes32 private constant CARBON_FORM = "combustion-carbon"; // g or L; c gC/., of 1
    bytes32 private constant AIR_DRIED = "combustion-carbon-ad"; // g; c_ad gC/g, m_ar 1, m_ad 1, of 1
    bytes32 private constant DRY = "combustion-carbon-dry"; // g; c_d gC/g, m_ar 1, of 1
    bytes32 private constant CARBON_HEAT = "carbon-heat"; // g or L; ncv kJ/., cc gC/kJ
    bytes32 private constant CARBON_MASS = "carbon-mass"; // g or L; c gC/.
    bytes32 private constant VOLATILE = "carbon-volatile"; // g; c gC/g, var 1, k 1
    bytes32 private constant ANODE = "anode"; // g of aluminium; nc g/g, s 1, a 1
    uint256 private constant ONE = 10 ** 18;
    /// @dev 44/12 g of CO2 for each g of carbon; the 12 stands in the common denominator.
    uint256 private constant CO2 = 44;
    /// @dev 44/12 · 12/16: volatile matter counted as methane.
    uint256 private constant VOLATILE_CO2 = 33;

    /// @inheritdoc ICalculator
    function parametersOf(bytes32 method) external pure returns (uint8) {
        if (method == AIR_DRIED) return 4;
        if (method == HEAT_FORM || method == DRY || method == VOLATILE || method == ANODE) return 3;
        if (method == CARBON_FORM || method == CARBON_HEAT) return 2;
        if (method == CARBON_MASS) return 1;
        revert CalculatorMethodUnknown(method);
    }

    /// @inheritdoc ICalculator
    function contribution(bytes32 method, uint256 quantity, uint256[6] calldata values)
        external
        pure
        returns (Exact memory amount)
    {
        Wide memory first = quantity.mul(values[0]);
        amount.divisor = 1;
        if (method == HEAT_FORM) {
            amount.numerator = first.mul(values[1]).mul(values[2]).mul(CO2);
        } else if (method == CARBON_FORM || method == CARBON_HEAT) {
            amount.numerator = first.mul(values[1]).mul(CO2 * ONE);
        } else if (method == AIR_DRIED) {
            if (values[2] >= ONE) revert CalculatorValueOutside(method, 2, ONE - 1, values[2]);
            amount.divisor = ONE - values[2];
            amount.numerator = first.mul(_rest(method, 1, values[1])).mul(values[3]).mul(CO2 * ONE);
        } else if (method == DRY) {
            amount.numerator = first.mul(_rest(method, 1, values[1])).mul(values[2]).mul(CO2);
        } else if (method == CARBON_MASS) {
            amount.numerator = first.mul(CO2 * ONE ** 2);
        } else if (method == VOLATILE) {
            Wide memory carbon = values[0].mul(ONE).mul(CO2).add(values[2].mul(values[1]).mul(VOLATILE_CO2));
            amount.numerator = carbon.mul(ONE).mul(quantity);
        } else if (method == ANODE) {
            if (values[1] > ONE || values[2] > ONE) revert CalculatorValueOutside(method, 1, ONE, values[1]);
            amount.numerator = first.mul(_rest(method, 1, values[1] + values[2])).mul(CO2 * ONE);
        } else {
            revert CalculatorMethodUnknown(method);
        }
    }

    /// @inheritdoc ICalculator
    function version() external pure returns (uint32) {
        return 1;
    }

    function _rest(bytes32 method, uint256 parameter, uint256 part) private pure returns (uint256) {
        if (part > ONE) revert CalculatorValueOutside(method, parameter, ONE, part);
        return ONE - part;
    }
}
