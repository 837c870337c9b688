// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Instants of the civil calendar at UTC+08:00, in seconds since the Unix epoch.
library Calendar {
    int256 private constant OFFSET_SECONDS = 8 hours;

    /// @notice First instant of a month; month 13 is January of the next year.
    function monthStart(uint16 year, uint8 month) internal pure returns (uint64) {
        if (month == 13) return monthStart(year + 1, 1);
        return uint64(uint256(_daysFromCivil(int256(uint256(year)), int256(uint256(month))) * 1 days - OFFSET_SECONDS));
    }

    /// @dev Days from 1970-01-01 to the first of the month, for years from 1971: years begin in March, so that the
    /// leap day is their last; an era is 400 years.
    function _daysFromCivil(int256 year, int256 month) private pure returns (int256) {
        int256 y = month <= 2 ? year - 1 : year;
        int256 era = y / 400;
        int256 yearOfEra = y - era * 400;
        int256 dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5;
        return era * 146097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719468;
    }
}
