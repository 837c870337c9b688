// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {PEER_STATEMENT_TYPE, PeerStatement} from "./AssessmentActs.sol";
import {REGULATOR} from "./interfaces/IMemberRegistry.sol";
import {IStatisticsRegistry} from "./interfaces/IStatisticsRegistry.sol";
import {Quarters} from "./libraries/Quarters.sol";
import {Registry} from "./Registry.sol";
import {Signed} from "./Signatures.sol";

contract StatisticsRegistry is IStatisticsRegistry, Registry {
    bytes32 private constant TAG = keccak256("carbonledger/record/statistics/v1");
    uint8 private constant LEVELS = 4;

    mapping(bytes32 ofPeers => uint16 revision) private _revisions;
    mapping(bytes32 digest => uint16 quarter) private _quarters;

    constructor(address directory_) Registry(directory_) {}

    /// @inheritdoc IStatisticsRegistry
    function publish(PeerStatement calldata act, Signed calldata assessor) external {
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(PEER_STATEMENT_TYPE, act), act.assessor);
        if (!fresh) return;
        _requireMember(act.assessor, assessor, digest);
        _requireKind(act.assessor, REGULATOR);
        uint16 quarter = Quarters.number(act.year, act.quarter);
        if (act.industry == 0) revert StatisticsRegistryFieldWrong("industry", 0);
        if (act.level == 0 || act.level > LEVELS) revert StatisticsRegistryFieldWrong("level", act.level);
        if (act.peers == 0) revert StatisticsRegistryFieldWrong("peers", 0);
        if (act.digest == 0) revert StatisticsRegistryFieldWrong("digest", 0);
        bytes32 key = keccak256(abi.encode(act.industry, act.level, act.year, act.quarter));
        uint16 next = _revisions[key] + 1;
        if (act.revision != next) revert StatisticsRegistryRevisionNotNext(act.industry, next, act.revision);
        if (_quarters[act.digest] != 0) revert StatisticsRegistryKnown(act.digest);

        _revisions[key] = next;
        _quarters[act.digest] = quarter;
        bytes32 statisticsId = keccak256(abi.encode(act.industry, act.level, act.year, act.quarter, next));
        Statistics memory statistics = Statistics(
            act.industry, act.level, act.year, act.quarter, next, act.peers, act.digest, act.assessor, _now()
        );
        _record(TAG, statisticsId, abi.encode(TAG, statistics));
        emit StatisticsPublished(statisticsId, act.digest, actId);
    }

    /// @inheritdoc IStatisticsRegistry
    function requirePublished(bytes32 digest, uint16 year, uint8 quarter) external view {
        if (_quarters[digest] != Quarters.number(year, quarter)) revert StatisticsRegistryUnknown(digest);
    }

    /// @inheritdoc IStatisticsRegistry
    function latestRevision(bytes32 industry, uint8 level, uint16 year, uint8 quarter) external view returns (uint16) {
        return _revisions[keccak256(abi.encode(industry, level, year, quarter))];
    }
}
