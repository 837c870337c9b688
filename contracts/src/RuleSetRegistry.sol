// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RuleSetPublication, RULE_SET_PUBLICATION_TYPE} from "./Acts.sol";
import {ICalculator} from "./interfaces/ICalculator.sol";
import {EVIDENCE_DRAFT, IFactorRegistry} from "./interfaces/IFactorRegistry.sol";
import {
    IRuleSetRegistry,
    Line,
    LineRule,
    RULE_SET_DRAFT,
    RULE_SET_IN_FORCE,
    RuleSetForm
} from "./interfaces/IRuleSetRegistry.sol";
import {DataStore} from "./libraries/DataStore.sol";
import {Exact, ExactSum, Sum} from "./libraries/ExactSum.sol";
import {Uint512} from "./libraries/Uint512.sol";
import {Registry} from "./Registry.sol";
import {Signed} from "./Signatures.sol";

contract RuleSetRegistry is IRuleSetRegistry, Registry {
    using ExactSum for Sum;
    using ExactSum for Exact;

    bytes32 private constant TAG = keccak256("carbonledger/record/ruleset/v1");
    uint256 private constant MAX_PARAMETERS = 6;

    struct Stored {
        bytes32 key;
        bytes32 formDigest;
        uint16 yearFrom;
        uint16 yearTo;
        uint8 status;
        uint16 monthEvidenceDays;
        uint16 annualReportDays;
        address[] json;
        address[] form;
    }

    mapping(bytes32 ruleSetId => Stored) private _ruleSets;
    bytes32[] private _published;

    constructor(address directory_) Registry(directory_) {}

    /// @inheritdoc IRuleSetRegistry
    function publish(
        RuleSetPublication calldata act,
        bytes calldata json_,
        RuleSetForm calldata form,
        Signed[] calldata quorum
    ) external {
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(RULE_SET_PUBLICATION_TYPE, act), QUORUM);
        if (!fresh) return;
        _members().requireQuorum(digest, quorum);

        Stored storage stored = _ruleSets[act.ruleSetId];
        if (stored.status != 0) revert RuleSetRegistryKnown(act.ruleSetId);
        bytes32 found = sha256(json_);
        if (found != act.ruleSetId) revert RuleSetRegistryJsonDiffers(act.ruleSetId, found);
        found = _formDigest(form);
        if (found != act.formDigest) revert RuleSetRegistryFormDiffers(act.formDigest, found);
        _checkForm(form);

        stored.key = form.key;
        stored.formDigest = found;
        stored.yearFrom = form.yearFrom;
        stored.yearTo = form.yearTo;
        stored.status = form.status;
        stored.monthEvidenceDays = form.monthEvidenceDays;
        stored.annualReportDays = form.annualReportDays;
        stored.json = DataStore.write(json_);
        stored.form = DataStore.write(abi.encode(form));
        _published.push(act.ruleSetId);
        _record(TAG, act.ruleSetId, abi.encode(TAG, ruleSetOf(act.ruleSetId)));
        emit RuleSetPublished(act.ruleSetId, form.key, found, actId);
    }

    /// @inheritdoc IRuleSetRegistry
    function calculate(bytes32 ruleSetId, uint16 year, Line[] calldata lines)
        external
        view
        returns (uint256 emission, bool draft, Exact[] memory contributions)
    {
        RuleSetForm memory form = formOf(ruleSetId);
        if (!_covers(form.yearFrom, form.yearTo, year)) {
            revert RuleSetRegistryYearOutside(ruleSetId, year, form.yearFrom, form.yearTo);
        }
        if (lines.length == 0) revert RuleSetRegistryNoLines(ruleSetId);
        draft = form.status == RULE_SET_DRAFT;
        contributions = new Exact[](lines.length);
        Sum memory added = ExactSum.empty(lines.length);
        Sum memory subtracted = ExactSum.empty(lines.length);
        for (uint256 i = 0; i < lines.length; i++) {
            if (i > 0 && !_ascends(lines[i - 1], lines[i])) {
                revert RuleSetRegistryLinesNotAscending(i, lines[i].code, lines[i].item);
            }
            LineRule memory rule = _ruleOf(form, i, lines[i].code);
            bool fromDraft;
            (contributions[i], fromDraft) = _contribution(rule, year, i, lines[i]);
            draft = draft || fromDraft;
            if (rule.sign == 0) continue;
            Exact memory amount = _rounded(contributions[i], uint8(form.rounding >> 8));
            if (rule.sign > 0) added.add(amount);
            else subtracted.add(amount);
        }
        emission = added.difference(subtracted, uint8(form.rounding));
    }

    /// @inheritdoc IRuleSetRegistry
    function json(bytes32 ruleSetId) external view returns (bytes memory) {
        if (_ruleSets[ruleSetId].status == 0) revert RuleSetRegistryUnknown(ruleSetId);
        return DataStore.read(_ruleSets[ruleSetId].json);
    }

    /// @inheritdoc IRuleSetRegistry
    function formOf(bytes32 ruleSetId) public view returns (RuleSetForm memory) {
        if (_ruleSets[ruleSetId].status == 0) revert RuleSetRegistryUnknown(ruleSetId);
        return abi.decode(DataStore.read(_ruleSets[ruleSetId].form), (RuleSetForm));
    }

    /// @inheritdoc IRuleSetRegistry
    function ruleSetOf(bytes32 ruleSetId) public view returns (RuleSet memory) {
        Stored storage stored = _ruleSets[ruleSetId];
        if (stored.status == 0) revert RuleSetRegistryUnknown(ruleSetId);
        return RuleSet(ruleSetId, stored.key, stored.yearFrom, stored.yearTo, stored.status, stored.formDigest);
    }

    /// @inheritdoc IRuleSetRegistry
    function monthEvidenceDays(uint16 year) external view returns (bool, uint16) {
        for (uint256 i = _published.length; i > 0; i--) {
            Stored storage stored = _ruleSets[_published[i - 1]];
            if (stored.status == RULE_SET_IN_FORCE && _covers(stored.yearFrom, stored.yearTo, year)) {
                return (true, stored.monthEvidenceDays);
            }
        }
        return (false, 0);
    }

    /// @inheritdoc IRuleSetRegistry
    function annualReportDays(bytes32 ruleSetId) external view returns (uint16) {
        if (_ruleSets[ruleSetId].status == 0) revert RuleSetRegistryUnknown(ruleSetId);
        return _ruleSets[ruleSetId].annualReportDays;
    }

    /// @inheritdoc IRuleSetRegistry
    function count() external view returns (uint256) {
        return _published.length;
    }

    /// @inheritdoc IRuleSetRegistry
    function ruleSetAt(uint256 index) external view returns (bytes32) {
        return _published[index];
    }

    /* INSIDE */

    function _ruleOf(RuleSetForm memory form, uint256 line, bytes32 code) private pure returns (LineRule memory) {
        for (uint256 i = 0; i < form.lines.length; i++) {
            if (form.lines[i].code == code) return form.lines[i];
        }
        revert RuleSetRegistryCodeUnknown(line, code);
    }

    function _contribution(LineRule memory rule, uint16 year, uint256 number, Line calldata line)
        private
        view
        returns (Exact memory amount, bool draft)
    {
        uint256[6] memory values;
        (values, draft) = _values(rule, year, number, line);
        amount = ICalculator(_located(rule.calculator)).contribution(rule.method, line.quantity, values);
    }

    /// @dev The amount to whole grams by the row of the lines; as it is where there is none.
    function _rounded(Exact memory amount, uint8 row) private pure returns (Exact memory) {
        if (row == 0) return amount;
        return Exact(Uint512.mul(amount.rounded(row), ExactSum.UNITS), 1);
    }

    /// @dev The parameters of a line in 1e-18, each of a tier that the rule allows.
    function _values(LineRule memory rule, uint16 year, uint256 number, Line calldata line)
        private
        view
        returns (uint256[6] memory values, bool draft)
    {
        if (line.tiers >> (8 * rule.parameters) != 0) {
            revert RuleSetRegistryTierRefused(number, rule.parameters, line.tiers >> (8 * rule.parameters));
        }
        for (uint256 i = 0; i < MAX_PARAMETERS; i++) {
            bytes32 given = line.parameters[i];
            if (i >= rule.parameters) {
                if (given != 0) revert RuleSetRegistryParameterUnused(number, i, given);
                continue;
            }
            uint256 tier = (line.tiers >> (8 * i)) & 0xff;
            if (tier > 7 || (rule.tiers >> (8 * i + tier)) & 1 == 0) {
                revert RuleSetRegistryTierRefused(number, i, tier);
            }
            if (tier != 0) {
                values[i] = uint256(given);
                continue;
            }
            if (rule.factors[i] != 0 && given != rule.factors[i]) {
                revert RuleSetRegistryFactorRefused(number, i, rule.factors[i], given);
            }
            IFactorRegistry.FactorRecord memory factor = IFactorRegistry(_located("FactorRegistry")).factorOf(given);
            if (rule.guidelines[i] != 0 && factor.guideline != rule.guidelines[i]) {
                revert RuleSetRegistryGuidelineDiffers(number, i, rule.guidelines[i], factor.guideline);
            }
            if (factor.unit != rule.units[i]) {
                revert RuleSetRegistryUnitDiffers(number, i, rule.units[i], factor.unit);
            }
            if (!_covers(factor.yearFrom, factor.yearTo, year)) {
                revert RuleSetRegistryFactorOutside(given, year, factor.yearFrom, factor.yearTo);
            }
            if (factor.evidence == EVIDENCE_DRAFT) draft = true;
            values[i] = factor.value;
        }
    }

    function _checkForm(RuleSetForm calldata form) private view {
        if (form.key == 0) revert RuleSetRegistryFormWrong("key", 0, 0);
        if (form.yearTo != 0 && form.yearFrom > form.yearTo) revert RuleSetRegistryFormWrong("yearTo", 0, form.yearTo);
        if (form.status == 0 || form.status > 3) revert RuleSetRegistryFormWrong("status", 0, form.status);
        uint8 lineRow = uint8(form.rounding >> 8);
        if (!ExactSum.isRow(uint8(form.rounding)) || (lineRow != 0 && !ExactSum.isRow(lineRow))) {
            revert RuleSetRegistryFormWrong("rounding", 0, form.rounding);
        }
        if (form.lines.length == 0) revert RuleSetRegistryFormWrong("lines", 0, 0);
        bytes32[] memory codes = new bytes32[](form.lines.length);
        for (uint256 i = 0; i < form.lines.length; i++) {
            LineRule calldata rule = form.lines[i];
            if (rule.code == 0) revert RuleSetRegistryFormWrong("code", i, 0);
            for (uint256 j = 0; j < i; j++) {
                if (codes[j] == rule.code) revert RuleSetRegistryFormWrong("code", i, uint256(rule.code));
            }
            codes[i] = rule.code;
            if (rule.sign > 1 || rule.sign < -1) revert RuleSetRegistryFormWrong("sign", i, uint8(rule.sign));
            if (ICalculator(_located(rule.calculator)).parametersOf(rule.method) != rule.parameters) {
                revert RuleSetRegistryFormWrong("parameters", i, rule.parameters);
            }
            _checkParameters(rule, i);
        }
    }

    function _checkParameters(LineRule calldata rule, uint256 line) private pure {
        if (rule.parameters > MAX_PARAMETERS || rule.tiers >> (8 * rule.parameters) != 0) {
            revert RuleSetRegistryFormWrong("tiers", line, rule.tiers);
        }
        for (uint256 i = 0; i < MAX_PARAMETERS; i++) {
            bool used = i < rule.parameters;
            uint256 allowed = (rule.tiers >> (8 * i)) & 0xff;
            if (used && (allowed == 0 || allowed > 7)) revert RuleSetRegistryFormWrong("tiers", line, rule.tiers);
            if (used != (rule.units[i] != 0)) revert RuleSetRegistryFormWrong("units", line, i);
            if (!used && rule.factors[i] != 0) revert RuleSetRegistryFormWrong("factors", line, i);
            if (!used && rule.guidelines[i] != 0) revert RuleSetRegistryFormWrong("guidelines", line, i);
        }
    }

    /// @dev keccak256 of the form's words: the number of lines, the head fields, each line's words.
    function _formDigest(RuleSetForm calldata form) private pure returns (bytes32) {
        bytes memory head = abi.encode(
            form.lines.length,
            form.key,
            form.yearFrom,
            form.yearTo,
            form.status,
            form.monthEvidenceDays,
            form.annualReportDays,
            form.rounding
        );
        bytes memory lines = abi.encode(form.lines);
        // an offset and the number come first: what follows are the words, and the number's place takes their length
        assembly ("memory-safe") {
            let length := sub(mload(lines), 64)
            lines := add(lines, 64)
            mstore(lines, length)
        }
        return keccak256(bytes.concat(head, lines));
    }

    function _ascends(Line calldata a, Line calldata b) private pure returns (bool) {
        return a.code < b.code || (a.code == b.code && a.item < b.item);
    }

    function _covers(uint16 from, uint16 to, uint16 year) private pure returns (bool) {
        return from <= year && (to == 0 || year <= to);
    }
}
