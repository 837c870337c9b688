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

    /// @notice The calendar year at UTC+08:00 of an instant.
    function yearOf(uint64 time) internal pure returns (uint16 year) {
        year = uint16(1970 + (uint256(time) + uint256(OFFSET_SECONDS)) / 365.2425 days);
        // the mean year is at most two days off near New Year
        if (time < monthStart(year, 1)) return year - 1;
        if (time >= monthStart(year + 1, 1)) return year + 1;
    }

    /// @notice Days since 1970-01-01 at UTC+08:00, and the second of that day.
    function dayOf(uint64 time) internal pure returns (uint32 day, uint32 second) {
        uint256 local = uint256(time) + uint256(OFFSET_SECONDS);
        return (uint32(local / 1 days), uint32(local % 1 days));
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
