// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "./IRegistry.sol";
import {Factor} from "../Acts.sol";
import {Signed} from "../Signatures.sol";

// 1 official, 2 reputable, 3 transcription, 4 draft, 5 unverified (docs/formats/acts.md)
uint8 constant EVIDENCE_DRAFT = 4;
uint8 constant EVIDENCE_LAST = 5;

/// @title Emission factors and default values, by guideline, version and row.
/// @dev Warning: a factor can be neither changed nor withdrawn; a newer one has another data year or version.
interface IFactorRegistry is IRegistry {
    /// @notice The record `factor`.
    struct FactorRecord {
        bytes32 factorId;
        bytes32 guideline;
        bytes32 version;
        bytes32 row;
        uint256 value;
        bytes32 unit;
        uint16 yearFrom;
        uint16 yearTo;
        uint16 dataYear;
        uint8 evidence;
        bytes32 sourceDigest;
    }

    event FactorPublished(bytes32 indexed factorId, bytes32 indexed guideline, bytes32 row, bytes32 actId);

    error FactorRegistryOverwrite(bytes32 factorId);
    error FactorRegistryUnknown(bytes32 factorId);
    /// @notice Another factor of the same guideline, version, row and unit is in force in some of these years.
    error FactorRegistryOverlap(bytes32 factorId, bytes32 other, uint16 yearFrom, uint16 yearTo);
    error FactorRegistryYearsOutOfOrder(uint16 yearFrom, uint16 yearTo);
    error FactorRegistryEvidenceUnknown(uint8 evidence);
    error FactorRegistryFieldEmpty(bytes32 field);

    /// @notice Publishes a factor. Signed by the quorum. Years are reporting years, inclusive, 0 is open.
    function publish(Factor calldata act, Signed[] calldata quorum) external;

    /// @notice Reverts for an unknown factor.
    function factorOf(bytes32 factorId) external view returns (FactorRecord memory);
}
