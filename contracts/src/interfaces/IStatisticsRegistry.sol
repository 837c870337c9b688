// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {PeerStatement} from "../AssessmentActs.sol";
import {Signed} from "../Signatures.sol";
import {IRegistry} from "./IRegistry.sol";

/// @title Digests of the peer statistics by which codes and grades were computed.
/// @dev Warning: the statistics themselves are a document outside the chain; that they follow from the peers' data is
/// the assessor's word.
interface IStatisticsRegistry is IRegistry {
    /// @notice The record `statistics`; `industry` is the code as text, `level` 1 to 4 from the finest.
    struct Statistics {
        bytes32 industry;
        uint8 level;
        uint16 year;
        uint8 quarter;
        uint16 revision;
        uint32 peers;
        bytes32 digest;
        bytes32 assessor;
        uint64 publishedAt;
    }

    event StatisticsPublished(bytes32 indexed statisticsId, bytes32 indexed digest, bytes32 actId);

    error StatisticsRegistryFieldWrong(string field, uint256 value);
    error StatisticsRegistryRevisionNotNext(bytes32 industry, uint16 expected, uint16 found);
    error StatisticsRegistryUnknown(bytes32 digest);
    error StatisticsRegistryKnown(bytes32 digest);

    /// @notice Publishes a statement, or the next revision of it. Signed by an act key of a regulator.
    function publish(PeerStatement calldata act, Signed calldata assessor) external;

    /// @notice Reverts unless a statement of this digest was published for the quarter.
    function requirePublished(bytes32 digest, uint16 year, uint8 quarter) external view;

    function latestRevision(bytes32 industry, uint8 level, uint16 year, uint8 quarter) external view returns (uint16);
}
