// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Factor, FACTOR_TYPE} from "./Acts.sol";
import {EVIDENCE_LAST, IFactorRegistry} from "./interfaces/IFactorRegistry.sol";
import {Registry} from "./Registry.sol";
import {Signed} from "./Signatures.sol";

contract FactorRegistry is IFactorRegistry, Registry {
    bytes32 private constant TAG = keccak256("carbonledger/record/factor/v1");

    mapping(bytes32 factorId => FactorRecord) private _factors;
    /// @dev Factors of one guideline, version, row and unit: their years may not overlap.
    mapping(bytes32 series => bytes32[] factorIds) private _series;

    constructor(address directory_) Registry(directory_) {}

    /// @inheritdoc IFactorRegistry
    function publish(Factor calldata act, Signed[] calldata quorum) external {
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(FACTOR_TYPE, act), QUORUM);
        if (!fresh) return;
        _members().requireQuorum(digest, quorum);

        if (act.factorId == 0) revert FactorRegistryFieldEmpty("factorId");
        if (act.row == 0) revert FactorRegistryFieldEmpty("row");
        if (act.unit == 0) revert FactorRegistryFieldEmpty("unit");
        if (_factors[act.factorId].factorId != 0) revert FactorRegistryOverwrite(act.factorId);
        if (act.yearTo != 0 && act.yearFrom > act.yearTo) {
            revert FactorRegistryYearsOutOfOrder(act.yearFrom, act.yearTo);
        }
        if (act.evidence == 0 || act.evidence > EVIDENCE_LAST) revert FactorRegistryEvidenceUnknown(act.evidence);
        bytes32[] storage others = _series[keccak256(abi.encode(act.guideline, act.version, act.row, act.unit))];
        for (uint256 i = 0; i < others.length; i++) {
            FactorRecord storage other = _factors[others[i]];
            bool endsBefore = act.yearTo != 0 && act.yearTo < other.yearFrom;
            bool startsAfter = other.yearTo != 0 && other.yearTo < act.yearFrom;
            if (!endsBefore && !startsAfter) {
                revert FactorRegistryOverlap(act.factorId, others[i], act.yearFrom, act.yearTo);
            }
        }
        others.push(act.factorId);
        FactorRecord memory factor = FactorRecord(
            act.factorId,
            act.guideline,
            act.version,
            act.row,
            act.value,
            act.unit,
            act.yearFrom,
            act.yearTo,
            act.dataYear,
            act.evidence,
            act.sourceDigest
        );
        _factors[act.factorId] = factor;
        _record(TAG, act.factorId, abi.encode(TAG, factor));
        emit FactorPublished(act.factorId, act.guideline, act.row, actId);
    }

    /// @inheritdoc IFactorRegistry
    function factorOf(bytes32 factorId) external view returns (FactorRecord memory factor) {
        factor = _factors[factorId];
        if (factor.factorId == 0) revert FactorRegistryUnknown(factorId);
    }
}
