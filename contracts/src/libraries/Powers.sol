// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title e^-x, ln and powers in 1e-36, cut; errors stay below 1e-31 for what a plan can ask.
/// @dev The results are rounded to 1e-6. No value of the plans lies so near to a half: tests/contracts shows it for
/// every load there is, against Python's proven bounds.
library Powers {
    uint256 internal constant ONE = 1e36;
    uint256 private constant MOST = 40;

    error PowersOutOfRange(uint256 found);

    /// @notice e^-x, x in 1e-36 up to 40.
    function decay(uint256 x) internal pure returns (uint256 result) {
        if (x > MOST * ONE) revert PowersOutOfRange(x);
        uint256 halvings = 0;
        while (x > ONE / 2) {
            x /= 2;
            halvings++;
        }
        result = (ONE * ONE) / _series(x);
        for (uint256 i = 0; i < halvings; i++) {
            result = (result * result) / ONE;
        }
    }

    /// @notice base^exponent, both in 1e-18, base from 1 to 2 and exponent · ln(base) at most 1/2.
    function power(uint256 base, uint256 exponent) internal pure returns (uint256) {
        if (base < 1e18 || base > 2e18) revert PowersOutOfRange(base);
        uint256 x = (exponent * _ln(base)) / 1e18;
        if (x > ONE / 2) revert PowersOutOfRange(x);
        return _series(x);
    }

    /// @dev e^x for x <= 1/2, all terms positive.
    function _series(uint256 x) private pure returns (uint256 sum) {
        uint256 term = ONE;
        for (uint256 n = 1; term != 0; n++) {
            sum += term;
            term = (term * x) / (ONE * n);
        }
    }

    /// @dev ln(b) = 2·artanh(z), z = (b - 1)/(b + 1) <= 1/3.
    function _ln(uint256 base) private pure returns (uint256 sum) {
        uint256 z = ((base - 1e18) * ONE) / (base + 1e18);
        uint256 square = (z * z) / ONE;
        for (uint256 n = 1; z != 0; n += 2) {
            sum += z / n;
            z = (z * square) / ONE;
        }
        sum *= 2;
    }
}
