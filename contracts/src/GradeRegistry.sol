// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {GradeList, GRADE_LIST_TYPE} from "./AssessmentActs.sol";
import {AssessmentForm, IAssessmentRules, KIND_GRADE} from "./interfaces/IAssessmentRules.sol";
import {ICodeRegistry} from "./interfaces/ICodeRegistry.sol";
import {GradeItem, IGradeRegistry} from "./interfaces/IGradeRegistry.sol";
import {ENTERPRISE, REGULATOR} from "./interfaces/IMemberRegistry.sol";
import {IStatisticsRegistry} from "./interfaces/IStatisticsRegistry.sol";
import {Quarters} from "./libraries/Quarters.sol";
import {Registry} from "./Registry.sol";
import {Signed} from "./Signatures.sol";

contract GradeRegistry is IGradeRegistry, Registry {
    bytes32 private constant TAG = keccak256("carbonledger/record/grade/v1");
    uint8 private constant NOT_RATED = 255;
    bytes32 private constant NOT_RATED_KEY = "not-rated";

    struct OfQuarter {
        uint16 revision;
        uint8 grade;
        uint8 reached;
    }

    struct Latest {
        uint16 quarter;
        bytes32 schemeId;
    }

    mapping(bytes32 gradedId => mapping(uint16 quarter => OfQuarter)) private _quarters;
    mapping(bytes32 gradedId => Latest) private _latest;

    constructor(address directory_) Registry(directory_) {}

    /// @inheritdoc IGradeRegistry
    function file(GradeList calldata act, GradeItem[] calldata items, Signed calldata assessor) external {
        (bool fresh, bytes32 listId, bytes32 digest) = _open(abi.encode(GRADE_LIST_TYPE, act), act.assessor);
        if (!fresh) return;
        _requireMember(act.assessor, assessor, digest);
        _requireKind(act.assessor, REGULATOR);
        _requireItems(act.itemsDigest, items);
        uint16 quarter = Quarters.number(act.year, act.quarter);
        uint64 end = Quarters.start(quarter + 1);
        if (_now() < end) revert GradeRegistryQuarterNotOver(act.year, act.quarter);
        IAssessmentRules rules = IAssessmentRules(_located("AssessmentRules"));
        rules.requireInForce(act.schemeId, KIND_GRADE, end - 1);
        _gradeAll(act, items, rules.formOf(act.schemeId), quarter, listId);
    }

    /// @inheritdoc IGradeRegistry
    function standingOf(bytes32 member, bytes32 project, bytes32 schemeKey)
        external
        view
        returns (GradeStanding memory standing)
    {
        bytes32 gradedId = _gradedId(member, project, schemeKey);
        (standing.suspended, standing.vetoUntil) = ICodeRegistry(_located("CodeRegistry")).standingOf(member, project);
        Latest storage latest = _latest[gradedId];
        if (latest.quarter == 0) return standing;
        OfQuarter storage found = _quarters[gradedId][latest.quarter];
        standing.schemeId = latest.schemeId;
        standing.grade = _key(IAssessmentRules(_located("AssessmentRules")).formOf(latest.schemeId), found.grade);
        standing.year = latest.quarter / 4;
        standing.quarter = uint8(latest.quarter % 4 + 1);
        standing.revision = found.revision;
    }

    /// @inheritdoc IGradeRegistry
    function quarterOf(bytes32 member, bytes32 project, bytes32 schemeKey, uint16 year, uint8 quarter)
        external
        view
        returns (uint16, uint8, uint8)
    {
        OfQuarter storage found = _quarters[_gradedId(member, project, schemeKey)][Quarters.number(year, quarter)];
        return (found.revision, found.grade, found.reached);
    }

    /* INSIDE */

    function _requireItems(bytes32 expected, GradeItem[] calldata items) private pure {
        if (items.length == 0) revert GradeRegistryNoItems();
        bytes memory encoded = abi.encode(items);
        bytes32 found;
        assembly ("memory-safe") {
            // after the length of the bytes: offset and number of items, then the words of all items
            found := keccak256(add(encoded, 96), sub(mload(encoded), 64))
        }
        if (found != expected) revert GradeRegistryItemsDiffer(expected, found);
    }

    function _gradeAll(
        GradeList calldata act,
        GradeItem[] calldata items,
        AssessmentForm memory form,
        uint16 quarter,
        bytes32 listId
    ) private {
        bytes32 asked;
        for (uint256 i = 0; i < items.length; i++) {
            asked = _requireStatistics(items[i].statisticsDigest, asked, quarter);
            _grade(act, items[i], form, quarter, listId);
        }
    }

    /// @dev Peers of one industry stand together: the same digest is asked for once.
    function _requireStatistics(bytes32 digest, bytes32 asked, uint16 quarter) private view returns (bytes32) {
        if (digest == 0 || digest == asked) return asked;
        IStatisticsRegistry(_located("StatisticsRegistry"))
            .requirePublished(digest, quarter / 4, uint8(quarter % 4 + 1));
        return digest;
    }

    function _grade(
        GradeList calldata act,
        GradeItem calldata item,
        AssessmentForm memory form,
        uint16 quarter,
        bytes32 listId
    ) private {
        bytes32 gradedId = _gradedId(item.member, item.project, form.key);
        if (_latest[gradedId].quarter == 0) _requireKind(item.member, ENTERPRISE);
        OfQuarter storage now_ = _quarters[gradedId][quarter];
        if (item.revision != now_.revision + 1) {
            revert GradeRegistryRevisionNotNext(item.member, now_.revision + 1, item.revision);
        }
        _check(act.schemeId, item, form, _quarters[gradedId][quarter - 1]);
        now_.revision = item.revision;
        now_.grade = item.grade;
        now_.reached = item.reached;
        if (quarter >= _latest[gradedId].quarter) _latest[gradedId] = Latest(quarter, act.schemeId);
        _recordGrade(act, item, form, listId);
    }

    function _check(bytes32 schemeId, GradeItem calldata item, AssessmentForm memory form, OfQuarter storage before)
        private
        view
    {
        _requireKnown(schemeId, item.grade, form);
        _requireKnown(schemeId, item.reached, form);
        if (item.grade < item.reached) revert GradeRegistryNotReached(item.member, item.reached, item.grade);
        if (item.grade == NOT_RATED) return;
        uint32 least = form.grades[item.reached].least;
        if (item.score < least) revert GradeRegistryScoreTooLow(item.member, least, item.score);
        (, uint64 vetoUntil) = ICodeRegistry(_located("CodeRegistry")).standingOf(item.member, item.project);
        if (vetoUntil > _now() && item.grade != form.grades.length - 1) {
            revert GradeRegistryVeto(item.member, vetoUntil);
        }
        bool held = before.revision != 0 && before.grade != NOT_RATED && before.grade > item.reached;
        uint8 lowest = held ? before.grade : item.reached;
        if (item.grade > lowest) revert GradeRegistryTooLow(item.member, lowest, item.grade);
        if (!held || item.grade == before.grade) return;
        bool twice = before.reached <= item.grade;
        if (!twice && item.score < form.grades[item.grade].least + form.upgradeMargin) {
            revert GradeRegistryTooEarly(item.member, before.grade, item.grade);
        }
    }

    function _requireKnown(bytes32 schemeId, uint8 place, AssessmentForm memory form) private pure {
        if (place >= form.grades.length && place != NOT_RATED) revert GradeRegistryGradeUnknown(schemeId, place);
    }

    function _recordGrade(GradeList calldata act, GradeItem calldata item, AssessmentForm memory form, bytes32 listId)
        private
    {
        Grade memory grade;
        grade.member = item.member;
        grade.project = item.project;
        grade.schemeKey = form.key;
        grade.year = act.year;
        grade.quarter = act.quarter;
        grade.revision = item.revision;
        grade.schemeId = act.schemeId;
        grade.grade = _key(form, item.grade);
        grade.reached = _key(form, item.reached);
        grade.score = item.score;
        grade.inputsDigest = item.inputsDigest;
        grade.explainDigest = item.explainDigest;
        grade.statisticsDigest = item.statisticsDigest;
        grade.assessor = act.assessor;
        grade.gradedAt = _now();
        bytes32 gradeId =
            keccak256(abi.encode(item.member, item.project, form.key, act.year, act.quarter, item.revision));
        _record(TAG, gradeId, abi.encode(TAG, grade));
        emit Graded(gradeId, item.member, grade.grade, listId);
    }

    function _key(AssessmentForm memory form, uint8 place) private pure returns (bytes32) {
        return place == NOT_RATED ? NOT_RATED_KEY : form.grades[place].key;
    }

    function _gradedId(bytes32 member, bytes32 project, bytes32 schemeKey) private pure returns (bytes32) {
        return keccak256(abi.encode(member, project, schemeKey));
    }
}
