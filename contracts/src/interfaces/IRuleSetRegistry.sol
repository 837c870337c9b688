// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "./IRegistry.sol";
import {RuleSetPublication} from "../Acts.sol";
import {Exact} from "../libraries/ExactSum.sol";
import {Signed} from "../Signatures.sol";

/// @notice One activity line (docs/formats/rule-set.md). Byte i of `tiers` says what parameter i is: 0 factor id,
/// 1 measured value, 2 conservative value (in 1e-18).
struct Line {
    bytes32 code;
    bytes32 item;
    uint256 quantity;
    uint256 tiers;
    bytes32[6] parameters;
}

/// @notice What a rule set says of the lines of one code. Bit 8·i + t of `tiers`: parameter i may have tier t.
/// `sign`: 1 added, -1 subtracted, 0 apart from the total. `guidelines`: whose factors parameter i may be, 0 any.
struct LineRule {
    bytes32 code;
    bytes32 calculator;
    bytes32 method;
    int8 sign;
    uint8 parameters;
    uint256 tiers;
    bytes32[6] factors;
    bytes32[6] guidelines;
    bytes32[6] units;
}

/// @notice `rounding`: row of the lines · 256 + row of the total (ExactSum); 0 is no rounding of the lines.
struct RuleSetForm {
    bytes32 key;
    uint16 yearFrom;
    uint16 yearTo;
    uint8 status;
    uint16 monthEvidenceDays;
    uint16 annualReportDays;
    uint16 rounding;
    LineRule[] lines;
}

uint8 constant RULE_SET_IN_FORCE = 1;
uint8 constant RULE_SET_DRAFT = 2;

/// @title The published rule sets, and the one computation that follows from them.
/// @dev Warning: that the form follows from the JSON is not checked here; a reader derives it and compares.
interface IRuleSetRegistry is IRegistry {
    /// @notice The record `ruleset`.
    struct RuleSet {
        bytes32 ruleSetId;
        bytes32 key;
        uint16 yearFrom;
        uint16 yearTo;
        uint8 status;
        bytes32 formDigest;
    }

    event RuleSetPublished(bytes32 indexed ruleSetId, bytes32 indexed key, bytes32 formDigest, bytes32 actId);

    error RuleSetRegistryKnown(bytes32 ruleSetId);
    error RuleSetRegistryUnknown(bytes32 ruleSetId);
    error RuleSetRegistryJsonDiffers(bytes32 expected, bytes32 found);
    error RuleSetRegistryFormDiffers(bytes32 expected, bytes32 found);
    /// @notice A field of the form outside its list: the field's name, the line (counted from 0), what was found.
    error RuleSetRegistryFormWrong(bytes32 field, uint256 line, uint256 found);
    error RuleSetRegistryYearOutside(bytes32 ruleSetId, uint16 year, uint16 yearFrom, uint16 yearTo);
    error RuleSetRegistryNoLines(bytes32 ruleSetId);
    error RuleSetRegistryCodeUnknown(uint256 line, bytes32 code);
    /// @notice Lines must be strictly ascending by (code, item).
    error RuleSetRegistryLinesNotAscending(uint256 line, bytes32 code, bytes32 item);
    error RuleSetRegistryTierRefused(uint256 line, uint256 parameter, uint256 tier);
    /// @notice The rule set fixes the factor of this parameter.
    error RuleSetRegistryFactorRefused(uint256 line, uint256 parameter, bytes32 expected, bytes32 found);
    error RuleSetRegistryFactorOutside(bytes32 factorId, uint16 year, uint16 yearFrom, uint16 yearTo);
    /// @notice The rule set allows factors of another guideline only.
    error RuleSetRegistryGuidelineDiffers(uint256 line, uint256 parameter, bytes32 expected, bytes32 found);
    error RuleSetRegistryUnitDiffers(uint256 line, uint256 parameter, bytes32 expected, bytes32 found);
    error RuleSetRegistryParameterUnused(uint256 line, uint256 parameter, bytes32 found);

    /// @notice Publishes a rule set. Signed by the quorum. `json` is kept, its SHA-256 is the id.
    function publish(
        RuleSetPublication calldata act,
        bytes calldata json_,
        RuleSetForm calldata form,
        Signed[] calldata quorum
    ) external;

    /// @notice The emission in g, floor of the exact total; and each line's exact contribution over 12·10^54.
    /// @return emission in g.
    /// @return draft the rule set or a factor is a draft: not for a final report.
    /// @return contributions exact amounts, without sign, in the order of the lines.
    function calculate(bytes32 ruleSetId, uint16 year, Line[] calldata lines)
        external
        view
        returns (uint256 emission, bool draft, Exact[] memory contributions);

    /// @notice The canonical JSON as published.
    function json(bytes32 ruleSetId) external view returns (bytes memory);

    function formOf(bytes32 ruleSetId) external view returns (RuleSetForm memory);

    function ruleSetOf(bytes32 ruleSetId) external view returns (RuleSet memory);

    /// @notice Days after a month's end by which its evidence is due: of the last rule set published that is in
    /// force in this reporting year. False: none is.
    function monthEvidenceDays(uint16 year) external view returns (bool found, uint16 days_);

    /// @notice Days after the year's end by which a report by this rule set is due.
    function annualReportDays(bytes32 ruleSetId) external view returns (uint16 days_);

    /// @notice Number of rule sets published, and the id of each, in order.
    function count() external view returns (uint256);

    function ruleSetAt(uint256 index) external view returns (bytes32 ruleSetId);
}
