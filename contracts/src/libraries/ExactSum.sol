// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Uint512, Wide} from "./Uint512.sol";

/// @notice An exact amount in g: numerator / (divisor · 12·10^54).
struct Exact {
    Wide numerator;
    uint256 divisor;
}

/// @notice A fraction of one unit of 1/(12·10^54) g.
struct Rest {
    uint256 numerator;
    uint256 divisor;
}

/// @notice Amounts added up: whole units, and the rests, each below one unit.
struct Sum {
    Wide whole;
    Rest[] rests;
    uint256 count;
}

/// @title Sums of exact amounts and the one rounding at their end (docs/formats/rule-set.md).
/// @dev Nearly always the bounds of the rests decide the rounded result; where they do not, the rests are brought over
/// their least common multiple, which must stay below 2^255.
library ExactSum {
    using Uint512 for Wide;

    uint256 internal constant UNITS = 12 * 10 ** 54;
    uint256 private constant LARGEST_MULTIPLE = 1 << 255;

    /// @notice The sum is negative.
    error ExactSumNegative();
    /// @notice The rests have no common denominator below 2^255.
    error ExactSumTooFine();
    /// @notice Not a row of a rounding table.
    error ExactSumRowUnknown(uint8 row);

    /// @param count at most so many amounts will be added.
    function empty(uint256 count) internal pure returns (Sum memory sum) {
        sum.rests = new Rest[](count);
    }

    function add(Sum memory sum, Exact memory amount) internal pure {
        (Wide memory quotient, uint256 rest) = amount.numerator.divmod(amount.divisor);
        sum.whole = sum.whole.add(quotient);
        if (rest != 0) {
            sum.rests[sum.count] = Rest(rest, amount.divisor);
            sum.count++;
        }
    }

    /// @notice The amount in whole grams, rounded by a row: 1 + 4 · mode + mass, modes floor, ceiling, half-up,
    /// half-even, masses g, kg, 10 kg, t.
    function rounded(Exact memory amount, uint8 row) internal pure returns (uint256 grams) {
        (Wide memory quotient, uint256 rest) = amount.numerator.divmod(amount.divisor);
        return _grams(quotient, rest >= amount.divisor - rest, rest != 0, row);
    }

    /// @notice added - subtracted in whole grams, rounded by a row.
    function difference(Sum memory added, Sum memory subtracted, uint8 row) internal pure returns (uint256) {
        Wide memory most = added.whole.add(Wide(0, added.count));
        Wide memory least = subtracted.whole.add(Wide(0, subtracted.count));
        if (most.less(subtracted.whole) || (added.count != 0 && most.equals(subtracted.whole))) {
            revert ExactSumNegative();
        }
        if (!added.whole.less(least)) {
            uint256 low = _grams(added.whole.sub(least), false, false, row);
            if (added.count + subtracted.count == 0) return low;
            if (low == _grams(most.sub(subtracted.whole), false, false, row)) return low;
        }
        return _byFractions(added, subtracted, row);
    }

    function isRow(uint8 row) internal pure returns (bool) {
        return row >= 1 && row <= 16;
    }

    /* INSIDE */

    function _byFractions(Sum memory added, Sum memory subtracted, uint8 row) private pure returns (uint256) {
        (uint256 plusCarry, Rest memory plus) = _collected(added);
        (uint256 minusCarry, Rest memory minus) = _collected(subtracted);
        // what is missing to the next whole unit is added, and that unit subtracted
        Sum memory both = empty(2);
        if (plus.numerator != 0) both.rests[both.count++] = plus;
        both.rests[both.count++] = Rest(minus.divisor - minus.numerator, minus.divisor);
        (uint256 carry, Rest memory rest) = _collected(both);
        Wide memory up = added.whole.add(Wide(0, plusCarry + carry));
        Wide memory down = subtracted.whole.add(Wide(0, minusCarry + 1));
        if (up.less(down)) revert ExactSumNegative();
        bool half = rest.numerator >= rest.divisor - rest.numerator;
        return _grams(up.sub(down), half, rest.numerator != 0, row);
    }

    /// @dev The rests as carry + one fraction below 1.
    function _collected(Sum memory sum) private pure returns (uint256 carry, Rest memory total) {
        total.divisor = 1;
        for (uint256 i = 0; i < sum.count; i++) {
            Rest memory rest = sum.rests[i];
            uint256 shared = _gcd(rest.numerator, rest.divisor);
            uint256 divisor = rest.divisor / shared;
            uint256 factor = divisor / _gcd(total.divisor, divisor);
            Wide memory product = Uint512.mul(total.divisor, factor);
            if (product.high != 0 || product.low >= LARGEST_MULTIPLE) revert ExactSumTooFine();
            uint256 multiple = product.low;
            // both fractions are below 1, so neither product reaches the multiple, nor their sum 2^256
            uint256 numerator = total.numerator * factor + (rest.numerator / shared) * (multiple / divisor);
            if (numerator >= multiple) {
                carry++;
                numerator -= multiple;
            }
            total = Rest(numerator, multiple);
        }
    }

    function _gcd(uint256 a, uint256 b) private pure returns (uint256) {
        while (b != 0) (a, b) = (b, a % b);
        return a;
    }

    /// @dev Rounds whole + f units, 0 <= f < 1, to a whole number of the row's mass; half: 2 f >= 1, inexact: f > 0.
    function _grams(Wide memory whole, bool half, bool inexact, uint8 row) private pure returns (uint256) {
        if (!isRow(row)) revert ExactSumRowUnknown(row);
        uint256 mass = [1, 1000, 10_000, 1_000_000][(row - 1) % 4];
        uint256 step = UNITS * mass;
        uint256 quotient = whole.div(step);
        uint256 rest = whole.sub(Uint512.mul(quotient, step)).low;
        uint8 mode = (row - 1) / 4;
        bool up = false;
        if (mode == 1) {
            up = rest > 0 || inexact;
        } else if (mode == 2) {
            up = 2 * rest + (half ? 1 : 0) >= step;
        } else if (mode == 3) {
            bool tie = 2 * rest == step && !inexact;
            up = tie ? quotient % 2 == 1 : 2 * rest + (half ? 1 : 0) >= step;
        }
        return (quotient + (up ? 1 : 0)) * mass;
    }
}
