// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EVIDENCE_DRAFT, EVIDENCE_LAST} from "./interfaces/IFactorRegistry.sol";
import {CatalogueItem, FIELD_CARBON_TECHNOLOGY, ILoanRules} from "./interfaces/ILoanRules.sol";
import {ROUND_HALF_UP} from "./interfaces/IQuotaRules.sol";
import {
    CatalogueEnd,
    CATALOGUE_END_TYPE,
    CatalogueVersion,
    CATALOGUE_VERSION_TYPE,
    SupportToolRules,
    SUPPORT_TOOL_RULES_TYPE
} from "./LoanActs.sol";
import {Registry} from "./Registry.sol";
import {Signed} from "./Signatures.sol";

contract LoanRules is ILoanRules, Registry {
    bytes32 private constant CATALOGUE_TAG = keccak256("carbonledger/record/catalogue/v1");
    bytes32 private constant TOOL_TAG = keccak256("carbonledger/record/supportrules/v1");

    uint32 private constant MILLION = 1_000_000;
    uint8 private constant ALL_FIELDS = uint8((1 << FIELD_CARBON_TECHNOLOGY) - 1);

    mapping(bytes32 catalogue => Catalogue) private _catalogues;
    mapping(bytes32 catalogue => mapping(bytes32 item => uint8 fieldAndOne)) private _items;
    mapping(bytes32 tool => Tool[]) private _tools;

    constructor(address directory_) Registry(directory_) {}

    /// @inheritdoc ILoanRules
    function publishCatalogue(CatalogueVersion calldata act, CatalogueItem[] calldata items, Signed[] calldata quorum)
        external
    {
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(CATALOGUE_VERSION_TYPE, act), QUORUM);
        if (!fresh) return;
        _members().requireQuorum(digest, quorum);
        if (_catalogues[act.catalogue].items != 0) revert LoanRulesCatalogueKnown(act.catalogue);
        if (act.catalogue == 0) revert LoanRulesFieldWrong("catalogue", 0);
        if (act.key == 0) revert LoanRulesFieldWrong("key", 0);
        if (act.rounding == 0 || act.rounding > ROUND_HALF_UP) revert LoanRulesFieldWrong("rounding", act.rounding);
        if (items.length == 0) revert LoanRulesFieldWrong("items", 0);
        _checkValidTo(act.validFrom, act.validTo);
        _checkEvidence(act.evidence);
        _keepItems(act.catalogue, act.itemsDigest, items);

        Catalogue storage kept = _catalogues[act.catalogue];
        kept.catalogue = act.catalogue;
        kept.key = act.key;
        kept.validFrom = act.validFrom;
        kept.validTo = act.validTo;
        kept.rounding = act.rounding;
        kept.items = uint32(items.length);
        kept.itemsDigest = act.itemsDigest;
        kept.evidence = act.evidence;
        kept.sourceDigest = act.sourceDigest;
        _recordCatalogue(act.catalogue);
        emit CataloguePublished(act.catalogue, act.key, items, actId);
    }

    /// @inheritdoc ILoanRules
    function endCatalogue(CatalogueEnd calldata act, Signed[] calldata quorum) external {
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(CATALOGUE_END_TYPE, act), QUORUM);
        if (!fresh) return;
        _members().requireQuorum(digest, quorum);
        Catalogue storage kept = _known(act.catalogue);
        if (act.validTo == 0) revert LoanRulesFieldWrong("validTo", 0);
        _checkValidTo(kept.validFrom, act.validTo);
        kept.validTo = act.validTo;
        _recordCatalogue(act.catalogue);
        emit CatalogueEnded(act.catalogue, act.validTo, actId);
    }

    /// @inheritdoc ILoanRules
    function publishTool(SupportToolRules calldata act, Signed[] calldata quorum) external {
        (bool fresh, bytes32 rulesId, bytes32 digest) = _open(abi.encode(SUPPORT_TOOL_RULES_TYPE, act), QUORUM);
        if (!fresh) return;
        _members().requireQuorum(digest, quorum);
        if (act.tool == 0) revert LoanRulesFieldWrong("tool", 0);
        if (act.operator == 0) revert LoanRulesFieldWrong("operator", 0);
        if (act.sharePpm == 0 || act.sharePpm > MILLION) revert LoanRulesFieldWrong("sharePpm", act.sharePpm);
        if (act.ratePpm > MILLION) revert LoanRulesFieldWrong("ratePpm", act.ratePpm);
        if (act.termDays == 0) revert LoanRulesFieldWrong("termDays", 0);
        if (act.fields == 0 || act.fields > ALL_FIELDS) revert LoanRulesFieldWrong("fields", act.fields);
        _checkEvidence(act.evidence);
        Tool[] storage editions = _tools[act.tool];
        if (editions.length != 0) {
            uint64 latest = editions[editions.length - 1].validFrom;
            if (act.validFrom <= latest) revert LoanRulesToolNotLater(act.tool, latest, act.validFrom);
        }

        Tool storage rules = editions.push();
        rules.rulesId = rulesId;
        rules.tool = act.tool;
        rules.operator = act.operator;
        rules.validFrom = act.validFrom;
        rules.sharePpm = act.sharePpm;
        rules.ratePpm = act.ratePpm;
        rules.termDays = act.termDays;
        rules.rollovers = act.rollovers;
        rules.quota = act.quota;
        rules.fields = act.fields;
        rules.disclosureDays = act.disclosureDays;
        rules.evidence = act.evidence;
        rules.sourceDigest = act.sourceDigest;
        Tool memory words = rules;
        _record(TOOL_TAG, rulesId, abi.encode(TOOL_TAG, words));
        emit SupportToolRulesPublished(act.tool, act.validFrom, rulesId);
    }

    /* VIEWS */

    /// @inheritdoc ILoanRules
    function requireItem(bytes32 catalogue, bytes32 item, uint64 time)
        external
        view
        returns (uint8 field, uint8 rounding)
    {
        Catalogue storage kept = _known(catalogue);
        if (kept.evidence == EVIDENCE_DRAFT) revert LoanRulesDraft(catalogue);
        if (time < kept.validFrom || (kept.validTo != 0 && time > kept.validTo)) {
            revert LoanRulesOutsideValidity(catalogue, time, kept.validFrom, kept.validTo);
        }
        uint8 fieldAndOne = _items[catalogue][item];
        if (fieldAndOne == 0) revert LoanRulesItemUnknown(catalogue, item);
        return (fieldAndOne - 1, kept.rounding);
    }

    /// @inheritdoc ILoanRules
    function toolAt(bytes32 tool, uint64 time) external view returns (Tool memory) {
        Tool[] storage editions = _tools[tool];
        for (uint256 i = editions.length; i > 0; i--) {
            Tool storage rules = editions[i - 1];
            if (rules.validFrom > time) continue;
            if (rules.evidence == EVIDENCE_DRAFT) revert LoanRulesDraft(rules.rulesId);
            return rules;
        }
        revert LoanRulesNoToolAt(tool, time);
    }

    /// @inheritdoc ILoanRules
    function catalogueOf(bytes32 catalogue) external view returns (Catalogue memory) {
        return _known(catalogue);
    }

    /* INSIDE */

    function _keepItems(bytes32 catalogue, bytes32 expected, CatalogueItem[] calldata items) private {
        bytes32 found;
        bytes32 previous;
        for (uint256 i = 0; i < items.length; i++) {
            CatalogueItem calldata one = items[i];
            if (one.item <= previous) revert LoanRulesItemsNotAscending(previous, one.item);
            if (one.field > FIELD_CARBON_TECHNOLOGY) revert LoanRulesFieldWrong("field", one.field);
            previous = one.item;
            found = keccak256(abi.encode(found, one.item, one.field));
            _items[catalogue][one.item] = one.field + 1;
        }
        if (found != expected) revert LoanRulesItemsDiffer(expected, found);
    }

    function _known(bytes32 catalogue) private view returns (Catalogue storage kept) {
        kept = _catalogues[catalogue];
        if (kept.items == 0) revert LoanRulesCatalogueUnknown(catalogue);
    }

    function _checkValidTo(uint64 validFrom, uint64 validTo) private pure {
        if (validTo != 0 && validTo < validFrom) revert LoanRulesFieldWrong("validTo", validTo);
    }

    function _checkEvidence(uint8 evidence) private pure {
        if (evidence == 0 || evidence > EVIDENCE_LAST) revert LoanRulesFieldWrong("evidence", evidence);
    }

    function _recordCatalogue(bytes32 catalogue) private {
        Catalogue memory words = _catalogues[catalogue];
        _record(CATALOGUE_TAG, catalogue, abi.encode(CATALOGUE_TAG, words));
    }
}
