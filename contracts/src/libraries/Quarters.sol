// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Calendar} from "./Calendar.sol";

/// @title Quarters as whole numbers, 4 · year + quarter − 1, at UTC+08:00.
library Quarters {
    error QuartersUnknown(uint16 year, uint8 quarter);

    /// @notice The number of a quarter; reverts for one that no calendar here has.
    function number(uint16 year, uint8 quarter) internal pure returns (uint16) {
        if (year < 1971 || year > 9990 || quarter == 0 || quarter > 4) revert QuartersUnknown(year, quarter);
        return 4 * year + quarter - 1;
    }

    /// @notice First instant of a quarter.
    function start(uint16 quarter) internal pure returns (uint64) {
        return Calendar.monthStart(quarter / 4, uint8(3 * (quarter % 4) + 1));
    }

    /// @notice The quarter of an instant.
    function at(uint64 time) internal pure returns (uint16 quarter) {
        quarter = 4 * Calendar.yearOf(time);
        while (time >= start(quarter + 1)) quarter++;
    }
}
