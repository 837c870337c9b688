// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EVIDENCE_DRAFT, EVIDENCE_LAST} from "./interfaces/IFactorRegistry.sol";
import {IQuotaRules, PENALTY_RANGE, PENALTY_TIMES_PRICE, ROUND_HALF_UP} from "./interfaces/IQuotaRules.sol";
import {
    CarryOverRules,
    CARRY_OVER_RULES_TYPE,
    ComplianceRules,
    COMPLIANCE_RULES_TYPE,
    PenaltyLaw,
    PENALTY_LAW_TYPE
} from "./QuotaActs.sol";
import {Registry} from "./Registry.sol";
import {Signed} from "./Signatures.sol";

contract QuotaRules is IQuotaRules, Registry {
    bytes32 private constant COMPLIANCE_TAG = keccak256("carbonledger/record/compliancerules/v1");
    bytes32 private constant CARRY_TAG = keccak256("carbonledger/record/carryoverrules/v1");
    bytes32 private constant LAW_TAG = keccak256("carbonledger/record/penaltylaw/v1");

    uint32 private constant MILLION = 1_000_000;

    mapping(uint16 year => YearRules) private _compliance;
    mapping(uint16 toVintage => CarryRules) private _carryOver;
    Law[] private _laws;

    constructor(address directory_) Registry(directory_) {}

    /// @inheritdoc IQuotaRules
    function publishCompliance(ComplianceRules calldata act, Signed[] calldata quorum) external {
        (bool fresh, bytes32 rulesId, bytes32 digest) = _open(abi.encode(COMPLIANCE_RULES_TYPE, act), QUORUM);
        if (!fresh) return;
        _members().requireQuorum(digest, quorum);
        uint16 next = _compliance[act.year].edition + 1;
        if (act.edition != next) revert QuotaRulesEditionNotNext(act.year, next, act.edition);
        if (act.rounding == 0 || act.rounding > ROUND_HALF_UP) revert QuotaRulesFieldWrong("rounding", act.rounding);
        if (act.vintageTo < act.vintageFrom) revert QuotaRulesFieldWrong("vintageTo", act.vintageTo);
        if (act.offsetPpm > MILLION) revert QuotaRulesFieldWrong("offsetPpm", act.offsetPpm);
        if (act.borrowPpm > MILLION) revert QuotaRulesFieldWrong("borrowPpm", act.borrowPpm);
        if (act.dueAt == 0) revert QuotaRulesFieldWrong("dueAt", act.dueAt);
        _checkEvidence(act.evidence);

        YearRules storage rules = _compliance[act.year];
        rules.rulesId = rulesId;
        rules.year = act.year;
        rules.edition = act.edition;
        rules.dueAt = act.dueAt;
        rules.rounding = act.rounding;
        rules.vintageFrom = act.vintageFrom;
        rules.vintageTo = act.vintageTo;
        rules.offsetPpm = act.offsetPpm;
        rules.offsetFrom = act.offsetFrom;
        rules.borrowVintage = act.borrowVintage;
        rules.borrowGapPpm = act.borrowGapPpm;
        rules.borrowPpm = act.borrowPpm;
        rules.evidence = act.evidence;
        rules.sourceDigest = act.sourceDigest;
        YearRules memory words = rules;
        _record(COMPLIANCE_TAG, rulesId, abi.encode(COMPLIANCE_TAG, words));
        emit ComplianceRulesPublished(act.year, act.edition, rulesId);
    }

    /// @inheritdoc IQuotaRules
    function publishCarryOver(CarryOverRules calldata act, Signed[] calldata quorum) external {
        (bool fresh, bytes32 rulesId, bytes32 digest) = _open(abi.encode(CARRY_OVER_RULES_TYPE, act), QUORUM);
        if (!fresh) return;
        _members().requireQuorum(digest, quorum);
        uint16 next = _carryOver[act.toVintage].edition + 1;
        if (act.edition != next) revert QuotaRulesEditionNotNext(act.toVintage, next, act.edition);
        if (act.vintageTo < act.vintageFrom || act.vintageTo >= act.toVintage || act.vintageTo - act.vintageFrom > 20) {
            revert QuotaRulesFieldWrong("vintageTo", act.vintageTo);
        }
        if (act.salesTo < act.salesFrom || act.salesTo - act.salesFrom > 10) {
            revert QuotaRulesFieldWrong("salesTo", act.salesTo);
        }
        if (act.compliantTo != 0 && (act.compliantTo < act.compliantFrom || act.compliantTo - act.compliantFrom > 10)) {
            revert QuotaRulesFieldWrong("compliantTo", act.compliantTo);
        }
        _checkEvidence(act.evidence);

        CarryRules storage rules = _carryOver[act.toVintage];
        rules.rulesId = rulesId;
        rules.toVintage = act.toVintage;
        rules.edition = act.edition;
        rules.vintageFrom = act.vintageFrom;
        rules.vintageTo = act.vintageTo;
        rules.base = act.base;
        rules.ratePpm = act.ratePpm;
        rules.salesFrom = act.salesFrom;
        rules.salesTo = act.salesTo;
        rules.holdingsYear = act.holdingsYear;
        rules.applyUntil = act.applyUntil;
        rules.compliantFrom = act.compliantFrom;
        rules.compliantTo = act.compliantTo;
        rules.evidence = act.evidence;
        rules.sourceDigest = act.sourceDigest;
        CarryRules memory words = rules;
        _record(CARRY_TAG, rulesId, abi.encode(CARRY_TAG, words));
        emit CarryOverRulesPublished(act.toVintage, act.edition, rulesId);
    }

    /// @inheritdoc IQuotaRules
    function publishPenalty(PenaltyLaw calldata act, Signed[] calldata quorum) external {
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(PENALTY_LAW_TYPE, act), QUORUM);
        if (!fresh) return;
        _members().requireQuorum(digest, quorum);
        uint64 latest = _laws.length == 0 ? 0 : _laws[_laws.length - 1].since;
        if (act.since <= latest) revert QuotaRulesLawNotLater(act.law, latest, act.since);
        if (act.law == 0) revert QuotaRulesFieldWrong("law", 0);
        for (uint256 i = 0; i < _laws.length; i++) {
            if (_laws[i].law == act.law) revert QuotaRulesFieldWrong("law", uint256(act.law));
        }
        if (act.basis != PENALTY_RANGE && act.basis != PENALTY_TIMES_PRICE) {
            revert QuotaRulesFieldWrong("basis", act.basis);
        }
        if (act.maximum < act.minimum) revert QuotaRulesFieldWrong("maximum", act.maximum);
        _checkEvidence(act.evidence);

        Law memory law = Law(
            act.law, act.since, act.basis, act.minimum, act.maximum, act.deducts != 0, act.evidence, act.sourceDigest
        );
        _laws.push(law);
        _record(LAW_TAG, act.law, abi.encode(LAW_TAG, law));
        emit PenaltyLawPublished(act.law, act.since, actId);
    }

    /// @inheritdoc IQuotaRules
    function complianceRules(uint16 year) external view returns (YearRules memory rules) {
        rules = _compliance[year];
        if (rules.rulesId == 0) revert QuotaRulesUnknown(year);
        if (rules.evidence == EVIDENCE_DRAFT) revert QuotaRulesDraft(rules.rulesId);
    }

    /// @inheritdoc IQuotaRules
    function carryOverRules(uint16 toVintage) external view returns (CarryRules memory rules) {
        rules = _carryOver[toVintage];
        if (rules.rulesId == 0) revert QuotaRulesUnknown(toVintage);
        if (rules.evidence == EVIDENCE_DRAFT) revert QuotaRulesDraft(rules.rulesId);
    }

    /// @inheritdoc IQuotaRules
    function lawAt(uint64 time) external view returns (Law memory) {
        for (uint256 i = _laws.length; i > 0; i--) {
            Law storage law = _laws[i - 1];
            if (law.since <= time && law.evidence != EVIDENCE_DRAFT) return law;
        }
        revert QuotaRulesNoLawAt(time);
    }

    function _checkEvidence(uint8 evidence) private pure {
        if (evidence == 0 || evidence > EVIDENCE_LAST) revert QuotaRulesFieldWrong("evidence", evidence);
    }
}
