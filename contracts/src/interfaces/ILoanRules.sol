// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "./IRegistry.sol";
import {CatalogueEnd, CatalogueVersion, SupportToolRules} from "../LoanActs.sol";
import {Signed} from "../Signatures.sol";

uint8 constant FIELD_NONE = 0;
uint8 constant FIELD_CLEAN_ENERGY = 1;
uint8 constant FIELD_ENERGY_SAVING = 2;
uint8 constant FIELD_CARBON_TECHNOLOGY = 3;

/// @notice One purpose of a catalogue: `item` names it, `field` is the support tool's field (0: green, but none of them).
struct CatalogueItem {
    bytes32 item;
    uint8 field;
}

/// @title Catalogues of green purposes and the support tool's numbers, as dated sets that the quorum publishes.
/// @dev Warning: a loan is judged by the catalogue in force when it was approved, and keeps it for life.
interface ILoanRules is IRegistry {
    /// @notice The record `catalogue`. In force from `validFrom` to `validTo`, both included (s; 0: open).
    struct Catalogue {
        bytes32 catalogue;
        bytes32 key;
        uint64 validFrom;
        uint64 validTo;
        uint8 rounding;
        uint32 items;
        bytes32 itemsDigest;
        uint8 evidence;
        bytes32 sourceDigest;
    }

    /// @notice The record `supportrules`. `quota` is fen of funds a calendar year (0: none); bit n - 1 of `fields` is field n.
    struct Tool {
        bytes32 rulesId;
        bytes32 tool;
        bytes32 operator;
        uint64 validFrom;
        uint32 sharePpm;
        uint32 ratePpm;
        uint16 termDays;
        uint8 rollovers;
        uint64 quota;
        uint8 fields;
        uint16 disclosureDays;
        uint8 evidence;
        bytes32 sourceDigest;
    }

    event CataloguePublished(bytes32 indexed catalogue, bytes32 indexed key, CatalogueItem[] items, bytes32 actId);
    event CatalogueEnded(bytes32 indexed catalogue, uint64 validTo, bytes32 actId);
    event SupportToolRulesPublished(bytes32 indexed tool, uint64 validFrom, bytes32 rulesId);

    error LoanRulesFieldWrong(bytes32 field, uint256 value);
    error LoanRulesCatalogueKnown(bytes32 catalogue);
    error LoanRulesCatalogueUnknown(bytes32 catalogue);
    error LoanRulesItemsDiffer(bytes32 expected, bytes32 found);
    /// @notice An item comes twice, or items are not in ascending order.
    error LoanRulesItemsNotAscending(bytes32 previous, bytes32 item);
    /// @notice A draft is published to be read; nothing is done by it.
    error LoanRulesDraft(bytes32 id);
    error LoanRulesItemUnknown(bytes32 catalogue, bytes32 item);
    /// @notice The catalogue was not in force at `time`: another one judges what was approved then.
    error LoanRulesOutsideValidity(bytes32 catalogue, uint64 time, uint64 validFrom, uint64 validTo);
    error LoanRulesNoToolAt(bytes32 tool, uint64 time);
    error LoanRulesToolNotLater(bytes32 tool, uint64 latest, uint64 validFrom);

    /// @notice Publishes a catalogue by the SHA-256 of its document. Signed by the quorum.
    /// @param items ascending; digest: d0 = 0, d = keccak256(abi.encode(d, item, field)) over all.
    function publishCatalogue(CatalogueVersion calldata act, CatalogueItem[] calldata items, Signed[] calldata quorum)
        external;

    /// @notice Sets the last instant of a catalogue. Signed by the quorum. Loans of before keep it.
    function endCatalogue(CatalogueEnd calldata act, Signed[] calldata quorum) external;

    /// @notice Publishes the tool's numbers from `validFrom` on. Signed by the quorum.
    function publishTool(SupportToolRules calldata act, Signed[] calldata quorum) external;

    /// @notice The field of a purpose approved at `time`, and how reductions are rounded; reverts unless in force then.
    function requireItem(bytes32 catalogue, bytes32 item, uint64 time)
        external
        view
        returns (uint8 field, uint8 rounding);

    /// @notice The tool's numbers in force at `time`; reverts for a draft.
    function toolAt(bytes32 tool, uint64 time) external view returns (Tool memory);

    function catalogueOf(bytes32 catalogue) external view returns (Catalogue memory);
}
