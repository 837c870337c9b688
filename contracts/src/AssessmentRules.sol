// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ASSESSMENT_PUBLICATION_TYPE, AssessmentPublication, WORKING_YEAR_TYPE, WorkingYear} from "./AssessmentActs.sol";
import {
    AssessmentForm,
    GradeRow,
    IAssessmentRules,
    KIND_CODE,
    KIND_GRADE,
    SET_DRAFT
} from "./interfaces/IAssessmentRules.sol";
import {Calendar} from "./libraries/Calendar.sol";
import {DataStore} from "./libraries/DataStore.sol";
import {Registry} from "./Registry.sol";
import {Signed} from "./Signatures.sol";

contract AssessmentRules is IAssessmentRules, Registry {
    bytes32 private constant SET_TAG = keccak256("carbonledger/record/assessmentset/v1");
    bytes32 private constant YEAR_TAG = keccak256("carbonledger/record/workingyear/v1");
    uint8 private constant STATUSES = 5;
    uint32 private constant MILLION = 1_000_000;
    /// @dev A day's loop costs about 300 gas; a longer wait than a year of working days is a mistake.
    uint16 private constant MOST_DAYS = 260;

    struct Stored {
        bytes32 key;
        bytes32 formDigest;
        bytes32 region;
        uint64 validFrom;
        uint64 validTo;
        uint8 kind;
        uint8 status;
        address[] json;
        address[] form;
    }

    mapping(bytes32 setId => Stored) private _sets;
    bytes32[] private _published;
    mapping(uint16 year => WorkingYearRecord) private _years;

    constructor(address directory_) Registry(directory_) {}

    /// @inheritdoc IAssessmentRules
    function publish(
        AssessmentPublication calldata act,
        bytes calldata json_,
        AssessmentForm calldata form,
        Signed[] calldata quorum
    ) external {
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(ASSESSMENT_PUBLICATION_TYPE, act), QUORUM);
        if (!fresh) return;
        _members().requireQuorum(digest, quorum);
        Stored storage stored = _sets[act.setId];
        if (stored.status != 0) revert AssessmentRulesKnown(act.setId);
        bytes32 found = sha256(json_);
        if (found != act.setId) revert AssessmentRulesJsonDiffers(act.setId, found);
        found = _formDigest(form);
        if (found != act.formDigest) revert AssessmentRulesFormDiffers(act.formDigest, found);
        _checkForm(form);

        stored.key = form.key;
        stored.formDigest = found;
        stored.region = form.region;
        stored.validFrom = form.validFrom;
        stored.validTo = form.validTo;
        stored.kind = form.kind;
        stored.status = form.status;
        stored.json = DataStore.write(json_);
        stored.form = DataStore.write(abi.encode(form));
        _published.push(act.setId);
        _record(SET_TAG, act.setId, abi.encode(SET_TAG, setOf(act.setId)));
        emit AssessmentSetPublished(act.setId, form.key, found, actId);
    }

    /// @inheritdoc IAssessmentRules
    function publishCalendar(WorkingYear calldata act, Signed[] calldata quorum) external {
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(WORKING_YEAR_TYPE, act), QUORUM);
        if (!fresh) return;
        _members().requireQuorum(digest, quorum);
        uint16 next = _years[act.year].edition + 1;
        if (act.edition != next) revert AssessmentRulesEditionNotNext(act.year, next, act.edition);
        if (act.year < 1971 || act.year > 9990) revert AssessmentRulesYearWrong(act.year, act.offLow, act.offHigh);
        uint256 beyond = (Calendar.monthStart(act.year, 13) - Calendar.monthStart(act.year, 1)) / 1 days - 256;
        if (act.offHigh >> beyond != 0 || (act.offLow == type(uint256).max && act.offHigh == (1 << beyond) - 1)) {
            revert AssessmentRulesYearWrong(act.year, act.offLow, act.offHigh);
        }
        WorkingYearRecord memory record =
            WorkingYearRecord(act.year, act.edition, act.offLow, act.offHigh, act.sourceDigest);
        _years[act.year] = record;
        _record(YEAR_TAG, bytes32(uint256(act.year)), abi.encode(YEAR_TAG, record));
        emit WorkingYearPublished(act.year, act.edition, actId);
    }

    /// @inheritdoc IAssessmentRules
    function requireInForce(bytes32 setId, uint8 kind, uint64 time) external view {
        Stored storage stored = _known(setId);
        if (stored.kind != kind) revert AssessmentRulesOfAnotherKind(setId, kind, stored.kind);
        if (stored.status == SET_DRAFT) revert AssessmentRulesDraft(setId);
        if (time < stored.validFrom || (stored.validTo != 0 && time >= stored.validTo)) {
            revert AssessmentRulesNotInForce(setId, stored.validFrom, stored.validTo, time);
        }
    }

    /// @inheritdoc IAssessmentRules
    function deadline(uint64 time, uint16 workingDays) external view returns (uint64) {
        uint16 year = Calendar.yearOf(time);
        (uint256 day,) = Calendar.dayOf(time);
        (uint256 first,) = Calendar.dayOf(Calendar.monthStart(year, 1));
        (uint256 next,) = Calendar.dayOf(Calendar.monthStart(year, 13));
        while (workingDays > 0) {
            day++;
            if (day == next) {
                year++;
                first = next;
                (next,) = Calendar.dayOf(Calendar.monthStart(year, 13));
            }
            if (_isWorked(year, day, day - first)) workingDays--;
        }
        return uint64((day + 1) * 1 days - 8 hours);
    }

    /// @inheritdoc IAssessmentRules
    function formOf(bytes32 setId) external view returns (AssessmentForm memory) {
        return abi.decode(DataStore.read(_known(setId).form), (AssessmentForm));
    }

    /// @inheritdoc IAssessmentRules
    function json(bytes32 setId) external view returns (bytes memory) {
        return DataStore.read(_known(setId).json);
    }

    /// @inheritdoc IAssessmentRules
    function setOf(bytes32 setId) public view returns (AssessmentSet memory) {
        Stored storage s = _known(setId);
        return AssessmentSet(setId, s.key, s.kind, s.region, s.validFrom, s.validTo, s.status, s.formDigest);
    }

    /// @inheritdoc IAssessmentRules
    function workingYear(uint16 year) external view returns (WorkingYearRecord memory) {
        return _years[year];
    }

    /// @inheritdoc IAssessmentRules
    function count() external view returns (uint256) {
        return _published.length;
    }

    /// @inheritdoc IAssessmentRules
    function setAt(uint256 index) external view returns (bytes32) {
        return _published[index];
    }

    /* INSIDE */

    function _known(bytes32 setId) private view returns (Stored storage stored) {
        stored = _sets[setId];
        if (stored.status == 0) revert AssessmentRulesUnknown(setId);
    }

    function _isWorked(uint16 year, uint256 day, uint256 ofYear) private view returns (bool) {
        WorkingYearRecord storage calendar = _years[year];
        if (calendar.edition != 0) {
            uint256 bits = ofYear < 256 ? calendar.offLow >> ofYear : calendar.offHigh >> (ofYear - 256);
            return bits & 1 == 0;
        }
        uint256 weekday = (day + 4) % 7; // 1970-01-01 was a Thursday; 0 is Sunday
        return weekday != 0 && weekday != 6;
    }

    function _checkForm(AssessmentForm calldata form) private pure {
        if (form.key == 0) revert AssessmentRulesFormWrong("key", 0);
        if (form.kind != KIND_CODE && form.kind != KIND_GRADE) revert AssessmentRulesFormWrong("kind", form.kind);
        if (form.validTo != 0 && form.validTo <= form.validFrom) {
            revert AssessmentRulesFormWrong("validTo", form.validTo);
        }
        if (form.status == 0 || form.status > STATUSES) revert AssessmentRulesFormWrong("status", form.status);
        if (form.kind == KIND_CODE) {
            _checkDays("explainDays", form.explainDays);
            _checkDays("inspectDays", form.inspectDays);
            _checkDays("rectifyDays", form.rectifyDays);
            if (form.silentQuarters == 0) revert AssessmentRulesFormWrong("silentQuarters", 0);
            if (form.vetoQuarters == 0) revert AssessmentRulesFormWrong("vetoQuarters", 0);
            if (form.clearChangePpm > MILLION) revert AssessmentRulesFormWrong("clearChangePpm", form.clearChangePpm);
            if (form.grades.length != 0) revert AssessmentRulesFormWrong("grades", form.grades.length);
            return;
        }
        if (form.grades.length < 2) revert AssessmentRulesFormWrong("grades", form.grades.length);
        for (uint256 i = 0; i < form.grades.length; i++) {
            GradeRow calldata row = form.grades[i];
            if (row.key == 0) revert AssessmentRulesFormWrong("grades", i);
            if (i > 0 && row.least > form.grades[i - 1].least) revert AssessmentRulesFormWrong("least", i);
            for (uint256 j = 0; j < i; j++) {
                if (form.grades[j].key == row.key) revert AssessmentRulesFormWrong("grades", i);
            }
        }
    }

    function _checkDays(string memory field, uint16 days_) private pure {
        if (days_ == 0 || days_ > MOST_DAYS) revert AssessmentRulesFormWrong(field, days_);
    }

    /// @dev keccak256 of the form's words: the number of grades, the head, each grade's two words.
    function _formDigest(AssessmentForm calldata form) private pure returns (bytes32) {
        bytes memory words =
            abi.encode(form.grades.length, form.key, form.kind, form.region, form.validFrom, form.validTo, form.status);
        words = bytes.concat(
            words,
            abi.encode(
                form.explainDays,
                form.inspectDays,
                form.rectifyDays,
                form.silentQuarters,
                form.vetoQuarters,
                form.clearChangePpm,
                form.upgradeMargin
            )
        );
        for (uint256 i = 0; i < form.grades.length; i++) {
            words = bytes.concat(words, abi.encode(form.grades[i]));
        }
        return keccak256(words);
    }
}
