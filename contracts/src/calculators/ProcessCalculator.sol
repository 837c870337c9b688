// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICalculator} from "../interfaces/ICalculator.sol";
import {Exact} from "../libraries/ExactSum.sol";
import {Uint512, Wide} from "../libraries/Uint512.sol";

/// @title Processes and gases: factors by mass, carbonates, leakage, releases, waste water, shielding gas, CEMS.
contract ProcessCalculator is ICalculator {
    using Uint512 for uint256;
    using Uint512 for Wide;

    bytes32 private constant FACTOR_MASS = "factor-mass"; // g; ef gCO2e/g
    bytes32 private constant CARBONATE = "carbonate"; // g; ef gCO2e/g, purity 1, conversion 1
    bytes32 private constant GAS_MASS = "gas-mass"; // g; gwp
    bytes32 private constant GAS_RELEASE = "gas-release"; // g of product; ef g/g, gwp
    bytes32 private constant WASTEWATER = "methane-wastewater"; // g of COD; b0 gCH4/gCOD, mcf 1, gwp
    bytes32 private constant SHIELDING = "shielding-gas"; // g; p_co2 1, p_2 1, m_2 g/mol, p_3 1, m_3 g/mol
    bytes32 private constant MEASURED_GAS = "measured-gas"; // L; c gCO2/L
    bytes32 private constant MEASURED_MASS = "measured-mass"; // g
    uint256 private constant ONE = 10 ** 18;
    /// @dev Molar mass of CO2, g/mol, as the guideline has it.
    uint256 private constant CO2 = 44;

    /// @inheritdoc ICalculator
    function parametersOf(bytes32 method) external pure returns (uint8) {
        if (method == FACTOR_MASS || method == GAS_MASS || method == MEASURED_GAS) return 1;
        if (method == MEASURED_MASS) return 0;
        if (method == GAS_RELEASE) return 2;
        if (method == CARBONATE || method == WASTEWATER) return 3;
        if (method == SHIELDING) return 5;
        revert CalculatorMethodUnknown(method);
    }

    /// @inheritdoc ICalculator
    function contribution(bytes32 method, uint256 quantity, uint256[6] calldata values)
        external
        pure
        returns (Exact memory amount)
    {
        amount.divisor = 1;
        if (method == MEASURED_MASS) {
            amount.numerator = quantity.mul(12 * ONE ** 3);
            return amount;
        }
        Wide memory first = quantity.mul(values[0]);
        if (method == FACTOR_MASS || method == GAS_MASS || method == MEASURED_GAS) {
            amount.numerator = first.mul(12 * ONE ** 2);
        } else if (method == GAS_RELEASE) {
            amount.numerator = first.mul(values[1]).mul(12 * ONE);
        } else if (method == CARBONATE || method == WASTEWATER) {
            amount.numerator = first.mul(values[1]).mul(values[2]).mul(12);
        } else if (method == SHIELDING) {
            amount.divisor = _molarMass(values);
            amount.numerator = first.mul(CO2 * 12).mul(ONE ** 4);
        } else {
            revert CalculatorMethodUnknown(method);
        }
    }

    /// @inheritdoc ICalculator
    function version() external pure returns (uint32) {
        return 1;
    }

    /// @dev Mean molar mass of the mixture in 1e-36 g/mol; the volume fractions must sum to 1.
    function _molarMass(uint256[6] calldata values) private pure returns (uint256 mass) {
        uint256 whole = values[0] + values[1] + values[3];
        if (whole != ONE) revert CalculatorValueOutside(SHIELDING, 0, ONE, whole);
        mass = values[0] * CO2 * ONE + values[1] * values[2] + values[3] * values[4];
        if (mass == 0) revert CalculatorValueOutside(SHIELDING, 2, 1, 0);
    }
}
