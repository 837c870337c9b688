// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice A whole number below 2^512: high · 2^256 + low.
struct Wide {
    uint256 high;
    uint256 low;
}

/// @title Exact whole numbers of 512 bits; nothing is rounded but the one division.
library Uint512 {
    /// @notice The result does not fit.
    error Uint512Overflow();
    /// @notice a - b with a below b.
    error Uint512Negative();

    function mul(uint256 a, uint256 b) internal pure returns (Wide memory product) {
        assembly ("memory-safe") {
            // Chinese remainder: the product modulo 2^256 and modulo 2^256 - 1 determine both words
            let mm := mulmod(a, b, not(0))
            let low := mul(a, b)
            mstore(product, sub(sub(mm, low), lt(mm, low)))
            mstore(add(product, 32), low)
        }
    }

    function mul(Wide memory a, uint256 b) internal pure returns (Wide memory) {
        Wide memory low = mul(a.low, b);
        Wide memory high = mul(a.high, b);
        if (high.high != 0) revert Uint512Overflow();
        return add(low, Wide(high.low, 0));
    }

    function add(Wide memory a, Wide memory b) internal pure returns (Wide memory sum) {
        unchecked {
            // wrapping is what the comparisons look for
            sum.low = a.low + b.low;
            uint256 carry = sum.low < a.low ? 1 : 0;
            uint256 high = a.high + b.high;
            if (high < a.high) revert Uint512Overflow();
            sum.high = high + carry;
            if (sum.high < high) revert Uint512Overflow();
        }
    }

    function sub(Wide memory a, Wide memory b) internal pure returns (Wide memory difference) {
        if (less(a, b)) revert Uint512Negative();
        unchecked {
            // a >= b was checked, the borrow is wanted
            difference.low = a.low - b.low;
            difference.high = a.high - b.high - (a.low < b.low ? 1 : 0);
        }
    }

    function less(Wide memory a, Wide memory b) internal pure returns (bool) {
        return a.high < b.high || (a.high == b.high && a.low < b.low);
    }

    function equals(Wide memory a, Wide memory b) internal pure returns (bool) {
        return a.high == b.high && a.low == b.low;
    }

    /// @notice a = quotient · d + rest, for d > 0.
    function divmod(Wide memory a, uint256 d) internal pure returns (Wide memory quotient, uint256 rest) {
        if (d == 1) return (a, 0);
        quotient.high = a.high / d;
        quotient.low = div(Wide(a.high % d, a.low), d);
        unchecked {
            // the rest is below 2^256, so the low words give it
            rest = a.low - quotient.low * d;
        }
    }

    /// @return quotient floor(a / d); overflows unless it is below 2^256, so for d = 0 too.
    function div(Wide memory a, uint256 d) internal pure returns (uint256 quotient) {
        uint256 high = a.high;
        uint256 low = a.low;
        if (high >= d) revert Uint512Overflow();
        if (high == 0) return low / d;
        unchecked {
            // Make the division exact, take out the powers of two, multiply by the inverse modulo 2^256.
            uint256 remainder = addmod(mulmod(high, _powerModulo(d), d), low % d, d);
            if (remainder > low) high -= 1;
            low -= remainder;
            uint256 twos = d & (~d + 1);
            d /= twos;
            low /= twos;
            uint256 flipped = twos == 1 ? 0 : (~twos + 1) / twos + 1; // 2^256 / twos
            if (twos != 1) low |= high * flipped;
            uint256 inverse = (3 * d) ^ 2; // right modulo 2^4; each step doubles the bits
            inverse *= 2 - d * inverse;
            inverse *= 2 - d * inverse;
            inverse *= 2 - d * inverse;
            inverse *= 2 - d * inverse;
            inverse *= 2 - d * inverse;
            inverse *= 2 - d * inverse;
            quotient = low * inverse;
        }
    }

    /// @dev 2^256 mod d, for d > 0.
    function _powerModulo(uint256 d) private pure returns (uint256) {
        unchecked {
            // 2^256 - d ≡ 2^256 (mod d)
            return (~d + 1) % d;
        }
    }
}
