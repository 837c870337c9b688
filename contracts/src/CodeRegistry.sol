// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    Assignment,
    ASSIGNMENT_TYPE,
    Clearance,
    CLEARANCE_TYPE,
    CodeList,
    CODE_LIST_TYPE,
    Explanation,
    EXPLANATION_TYPE,
    Finding,
    FINDING_TYPE
} from "./AssessmentActs.sol";
import {AssessmentForm, IAssessmentRules, KIND_CODE} from "./interfaces/IAssessmentRules.sol";
import {
    CodeItem,
    COLOUR_GREEN,
    COLOUR_GREY,
    COLOUR_RED,
    FINDING_ERROR,
    FINDING_FRAUD,
    FINDING_NO_FAULT,
    ICodeRegistry,
    STATE_CONFIRMED,
    STATE_EXPLAINING,
    STATE_GREEN,
    STATE_GREY,
    STATE_INSPECTING,
    STATE_OPENED,
    STATE_RECTIFYING
} from "./interfaces/ICodeRegistry.sol";
import {BANK, ENTERPRISE, REGULATOR, VERIFIER} from "./interfaces/IMemberRegistry.sol";
import {IStatisticsRegistry} from "./interfaces/IStatisticsRegistry.sol";
import {Quarters} from "./libraries/Quarters.sol";
import {Registry} from "./Registry.sol";
import {Signed} from "./Signatures.sol";

contract CodeRegistry is ICodeRegistry, Registry {
    bytes32 private constant ASSESSMENT_TAG = keccak256("carbonledger/record/assessment/v1");
    bytes32 private constant CODE_TAG = keccak256("carbonledger/record/code/v1");
    bytes32 private constant INSPECTION_TAG = keccak256("carbonledger/record/inspection/v1");

    uint64 private constant HARD = type(uint32).max;

    /// @dev Two words: the first is all that a green assessment touches. `latest` numbers quarters as Quarters does;
    /// `greyBefore` counts the grey quarters that run up to the one before it.
    struct Standing {
        uint8 state;
        bool escalated;
        uint8 greys;
        uint8 greyBefore;
        uint16 latest;
        uint16 redQuarters;
        uint64 since;
        uint64 due;
        uint64 vetoUntil;
        bytes32 caseId;
    }

    /// @dev One word.
    struct OfQuarter {
        uint16 revision;
        uint8 colour;
        bool red;
        uint64 reasons;
        uint64 suppressed;
        uint64 assessedAt;
    }

    mapping(bytes32 codeId => Standing) private _standings;
    mapping(bytes32 codeId => mapping(uint16 quarter => OfQuarter)) private _quarters;
    mapping(bytes32 caseId => Inspection) private _inspections;
    mapping(bytes32 caseId => bytes32 actId) private _explanations;

    constructor(address directory_) Registry(directory_) {}

    /* ASSESSING */

    /// @inheritdoc ICodeRegistry
    function file(CodeList calldata act, CodeItem[] calldata items, Signed calldata assessor) external {
        (bool fresh, bytes32 listId, bytes32 digest) = _open(abi.encode(CODE_LIST_TYPE, act), act.assessor);
        if (!fresh) return;
        _requireMember(act.assessor, assessor, digest);
        _requireKind(act.assessor, REGULATOR);
        _requireItems(act.itemsDigest, items);
        uint16 quarter = Quarters.number(act.year, act.quarter);
        if (_now() < Quarters.start(quarter)) revert CodeRegistryQuarterNotBegun(act.year, act.quarter);
        _rules().requireInForce(act.ruleSetId, KIND_CODE, _now());

        _assessAll(act, items, quarter, listId);
    }

    /* THE WAY OUT OF RED */

    /// @inheritdoc ICodeRegistry
    function explain(Explanation calldata act, Signed calldata member) external {
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(EXPLANATION_TYPE, act), act.member);
        if (!fresh) return;
        _requireMember(act.member, member, digest);
        (Inspection storage inspection, bytes32 codeId) = _case(act.caseId);
        if (inspection.member != act.member) {
            revert CodeRegistryNotTheSubject(act.caseId, inspection.member, act.member);
        }
        _requireState(act.caseId, codeId, STATE_OPENED);
        inspection.explanation = act.digest;
        inspection.explainedAt = _now();
        _explanations[act.caseId] = actId;
        _enter(codeId, inspection, STATE_EXPLAINING, _form(inspection).inspectDays);
        emit CodeExplained(act.caseId, act.digest, actId);
    }

    /// @inheritdoc ICodeRegistry
    function assign(Assignment calldata act, bytes32[] calldata candidates, Signed calldata assessor) external {
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(ASSIGNMENT_TYPE, act), act.assessor);
        if (!fresh) return;
        _requireMember(act.assessor, assessor, digest);
        _requireKind(act.assessor, REGULATOR);
        (Inspection storage inspection, bytes32 codeId) = _case(act.caseId);
        uint8 state = _standings[codeId].state;
        if (state == STATE_OPENED) {
            uint64 due = _standings[codeId].due;
            if (_now() < due) revert CodeRegistryNotDue(act.caseId, due, _now());
        } else if (state != STATE_EXPLAINING) {
            revert CodeRegistryStateUnchangeable(act.caseId, STATE_EXPLAINING, state);
        }
        bytes32 found = keccak256(abi.encode(act.secret));
        if (found != inspection.lot) revert CodeRegistryLotDiffers(inspection.lot, found);
        found = keccak256(abi.encodePacked(candidates));
        if (found != inspection.candidatesDigest) {
            revert CodeRegistryCandidatesDiffer(inspection.candidatesDigest, found);
        }
        inspection.inspector = _draw(act, candidates, inspection.member);
        inspection.assignedAt = _now();
        _enter(codeId, inspection, STATE_INSPECTING, _form(inspection).inspectDays);
        emit InspectorDrawn(act.caseId, inspection.inspector, act.secret, actId);
    }

    /// @inheritdoc ICodeRegistry
    function find(Finding calldata act, Signed calldata inspector, Signed calldata second) external {
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(FINDING_TYPE, act), act.inspector);
        if (!fresh) return;
        (Inspection storage inspection, bytes32 codeId) = _case(act.caseId);
        _requireInspector(inspection, act.inspector, inspector, digest);
        _requireState(act.caseId, codeId, STATE_INSPECTING);
        inspection.finding = act.outcome;
        inspection.findingDigest = act.digest;
        inspection.foundAt = _now();
        if (act.outcome == FINDING_ERROR) {
            if (act.second != 0) revert CodeRegistryNotASecond(act.caseId, act.second);
            _enter(codeId, inspection, STATE_RECTIFYING, _form(inspection).rectifyDays);
        } else {
            _requireSecond(inspection, act.second, second, digest);
            inspection.second = act.second;
            if (act.outcome == FINDING_NO_FAULT) {
                _suppress(codeId, inspection);
                _enter(codeId, inspection, STATE_GREEN, 0);
            } else if (act.outcome == FINDING_FRAUD) {
                _standings[codeId].vetoUntil = Quarters.start(Quarters.at(_now()) + _form(inspection).vetoQuarters + 1);
                _enter(codeId, inspection, STATE_CONFIRMED, 0);
            } else {
                revert CodeRegistryOutcomeUnknown(act.outcome);
            }
        }
        emit CodeFound(act.caseId, act.outcome, act.inspector, act.second, actId);
    }

    /// @inheritdoc ICodeRegistry
    function clear(Clearance calldata act, Signed calldata inspector, Signed calldata second, Signed calldata verifier)
        external
    {
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(CLEARANCE_TYPE, act), act.inspector);
        if (!fresh) return;
        (Inspection storage inspection, bytes32 codeId) = _case(act.caseId);
        _requireInspector(inspection, act.inspector, inspector, digest);
        _requireSecond(inspection, act.second, second, digest);
        Standing storage standing = _standings[codeId];
        if (standing.state == STATE_CONFIRMED) {
            if (_now() < standing.vetoUntil) revert CodeRegistryVeto(act.caseId, standing.vetoUntil, _now());
        } else if (standing.state != STATE_RECTIFYING) {
            revert CodeRegistryStateUnchangeable(act.caseId, STATE_RECTIFYING, standing.state);
        }
        if (standing.redQuarters != 0) revert CodeRegistryOtherQuarterRed(act.caseId, standing.redQuarters);
        _requireRerun(inspection, codeId, act.rerun);
        uint32 limit = _form(inspection).clearChangePpm;
        if (act.changePpm > limit) {
            if (act.verifier == 0) revert CodeRegistryVerifierMissing(act.caseId, limit, act.changePpm);
            _requireMember(act.verifier, verifier, digest);
            _requireKind(act.verifier, VERIFIER);
        }
        inspection.second = act.second;
        inspection.rerun = act.rerun;
        inspection.changePpm = act.changePpm;
        inspection.clearedBy = act.inspector;
        inspection.clearDigest = act.digest;
        inspection.clearedAt = _now();
        standing.vetoUntil = 0;
        _enter(codeId, inspection, STATE_GREEN, 0);
        emit CodeCleared(act.caseId, act.rerun, act.inspector, act.second, actId);
    }

    /// @inheritdoc ICodeRegistry
    function escalate(bytes32 caseId) external {
        (Inspection storage inspection, bytes32 codeId) = _case(caseId);
        Standing storage standing = _standings[codeId];
        if (standing.due == 0 || _now() < standing.due) revert CodeRegistryNotDue(caseId, standing.due, _now());
        if (standing.escalated) revert CodeRegistryEscalated(caseId);
        standing.escalated = true;
        inspection.escalations++;
        _recordInspection(caseId);
        _recordCode(codeId, inspection.member, inspection.project);
        emit CodeEscalated(caseId, standing.state, standing.due);
    }

    /* VIEWS */

    /// @inheritdoc ICodeRegistry
    function codeOf(bytes32 member, bytes32 project) external view returns (Code memory) {
        return _code(_codeId(member, project), member, project);
    }

    /// @inheritdoc ICodeRegistry
    function inspectionOf(bytes32 caseId) external view returns (Inspection memory) {
        if (_inspections[caseId].openedAt == 0) revert CodeRegistryCaseUnknown(caseId);
        return _inspections[caseId];
    }

    /// @inheritdoc ICodeRegistry
    function quarterOf(bytes32 member, bytes32 project, uint16 year, uint8 quarter)
        external
        view
        returns (uint16 revision, uint8 colour, uint64 suppressed)
    {
        OfQuarter storage found = _quarters[_codeId(member, project)][Quarters.number(year, quarter)];
        return (found.revision, found.colour, found.suppressed);
    }

    /// @inheritdoc ICodeRegistry
    function standingOf(bytes32 member, bytes32 project) external view returns (bool red, uint64 vetoUntil) {
        Standing storage standing = _standings[_codeId(member, project)];
        return (standing.state >= STATE_OPENED, standing.vetoUntil);
    }

    /* INSIDE */

    function _rules() private view returns (IAssessmentRules) {
        return IAssessmentRules(_located("AssessmentRules"));
    }

    function _form(Inspection storage inspection) private view returns (AssessmentForm memory) {
        return _rules().formOf(inspection.ruleSetId);
    }

    function _requireItems(bytes32 expected, CodeItem[] calldata items) private pure {
        if (items.length == 0) revert CodeRegistryNoItems();
        bytes memory encoded = abi.encode(items);
        bytes32 found;
        assembly ("memory-safe") {
            // after the length of the bytes: offset and number of items, then the words of all items
            found := keccak256(add(encoded, 96), sub(mload(encoded), 64))
        }
        if (found != expected) revert CodeRegistryItemsDiffer(expected, found);
    }

    function _assessAll(CodeList calldata act, CodeItem[] calldata items, uint16 quarter, bytes32 listId) private {
        bytes32 previous;
        bytes32 asked;
        for (uint256 i = 0; i < items.length; i++) {
            bytes32 codeId = _codeId(items[i].member, items[i].project);
            if (codeId <= previous) revert CodeRegistryItemsNotAscending(previous, codeId);
            previous = codeId;
            asked = _requireStatistics(items[i].statisticsDigest, asked, act.year, act.quarter);
            _assess(act, items[i], codeId, quarter, listId);
        }
    }

    /// @dev Neighbours often have the same peers: a digest is asked for once in a row.
    function _requireStatistics(bytes32 digest, bytes32 asked, uint16 year, uint8 quarter)
        private
        view
        returns (bytes32)
    {
        if (digest == 0 || digest == asked) return asked;
        IStatisticsRegistry(_located("StatisticsRegistry")).requirePublished(digest, year, quarter);
        return digest;
    }

    function _assess(CodeList calldata act, CodeItem calldata item, bytes32 codeId, uint16 quarter, bytes32 listId)
        private
    {
        Standing storage standing = _standings[codeId];
        if (standing.state == 0) _requireKind(item.member, ENTERPRISE);
        OfQuarter storage now_ = _quarters[codeId][quarter];
        uint16 next = now_.revision + 1;
        if (item.revision != next) revert CodeRegistryRevisionNotNext(codeId, next, item.revision);
        _checkReasons(item, codeId, now_.suppressed);

        bool wasRed = now_.red;
        bool isRed = item.colour == COLOUR_RED;
        now_.revision = next;
        now_.colour = item.colour;
        now_.red = isRed;
        now_.reasons = item.reasons;
        now_.assessedAt = _now();
        if (isRed && !wasRed) standing.redQuarters++;
        if (wasRed && !isRed) standing.redQuarters--;
        _count(standing, quarter, item.colour == COLOUR_GREY);

        bytes32 assessmentId = keccak256(abi.encode(item.member, item.project, act.year, act.quarter, next));
        _recordAssessment(act, item, assessmentId);
        emit CodeAssessed(codeId, assessmentId, item.colour, listId);
        _moveBy(act, item, codeId, assessmentId);
        _recordCode(codeId, item.member, item.project);
    }

    /// @dev The state that an assessment leads to; a red code stays red whatever comes.
    function _moveBy(CodeList calldata act, CodeItem calldata item, bytes32 codeId, bytes32 assessmentId) private {
        Standing storage standing = _standings[codeId];
        uint8 from = standing.state;
        if (from >= STATE_OPENED) return;
        uint8 to = from;
        if (item.colour == COLOUR_RED) to = STATE_OPENED;
        else if (from == 0) to = item.colour == COLOUR_GREEN ? STATE_GREEN : STATE_GREY;
        else if (from == STATE_GREY && item.colour == COLOUR_GREEN && standing.greys == 0) to = STATE_GREEN;
        else if (from == STATE_GREEN && standing.greys >= _rules().formOf(act.ruleSetId).silentQuarters) to = STATE_GREY;
        if (to == from) return;
        standing.state = to;
        standing.since = _now();
        if (to == STATE_OPENED) _openCase(act, item, standing, assessmentId);
        emit CodeChanged(codeId, from, to, standing.caseId);
    }

    function _openCase(CodeList calldata act, CodeItem calldata item, Standing storage standing, bytes32 caseId)
        private
    {
        standing.caseId = caseId;
        standing.escalated = false;
        standing.due = _rules().deadline(_now(), _rules().formOf(act.ruleSetId).explainDays);
        Inspection storage inspection = _inspections[caseId];
        inspection.caseId = caseId;
        inspection.member = item.member;
        inspection.project = item.project;
        inspection.year = act.year;
        inspection.quarter = act.quarter;
        inspection.ruleSetId = act.ruleSetId;
        inspection.reasons = item.reasons;
        inspection.lot = item.lot;
        inspection.candidatesDigest = item.candidatesDigest;
        inspection.openedAt = _now();
        _recordInspection(caseId);
    }

    function _checkReasons(CodeItem calldata item, bytes32 codeId, uint64 suppressed) private pure {
        if (item.colour == 0 || item.colour > COLOUR_GREY) revert CodeRegistryColourUnknown(item.colour);
        bool red = item.colour == COLOUR_RED;
        bool drawn = item.lot != 0 && item.candidatesDigest != 0;
        bool none = item.lot == 0 && item.candidatesDigest == 0;
        if ((red && (item.reasons == 0 || !drawn)) || (!red && (item.reasons != 0 || !none))) {
            revert CodeRegistryReasonsWrong(codeId, item.colour, item.reasons);
        }
        if (item.reasons & suppressed != 0) revert CodeRegistrySuppressed(codeId, item.reasons & suppressed);
    }

    /// @dev Grey quarters that run up to the latest one; an older quarter counts for nothing.
    function _count(Standing storage standing, uint16 quarter, bool grey) private {
        uint16 latest = standing.latest;
        if (quarter < latest) return;
        if (quarter > latest) {
            standing.greyBefore = quarter == latest + 1 ? standing.greys : 0;
            standing.latest = quarter;
        }
        standing.greys = !grey ? 0 : standing.greyBefore == type(uint8).max ? type(uint8).max : standing.greyBefore + 1;
    }

    /// @dev The first admitted bank or verifier from the drawn place on, round the list; never the subject.
    function _draw(Assignment calldata act, bytes32[] calldata candidates, bytes32 subject)
        private
        view
        returns (bytes32)
    {
        bytes32 other = _explanations[act.caseId];
        uint256 seed = uint256(keccak256(abi.encode(act.secret, other == 0 ? act.caseId : other)));
        for (uint256 i = 0; i < candidates.length; i++) {
            bytes32 candidate = candidates[(seed % candidates.length + i) % candidates.length];
            if (candidate != subject && _members().isAdmitted(candidate, BANK | VERIFIER)) return candidate;
        }
        revert CodeRegistryNoCandidate(act.caseId);
    }

    function _suppress(bytes32 codeId, Inspection storage inspection) private {
        if (inspection.reasons & HARD != 0) {
            revert CodeRegistryHardReason(inspection.caseId, inspection.reasons & HARD);
        }
        Standing storage standing = _standings[codeId];
        OfQuarter storage quarter = _quarters[codeId][Quarters.number(inspection.year, inspection.quarter)];
        uint64 grown = quarter.reasons & ~inspection.reasons;
        if (grown != 0) revert CodeRegistryReasonsGrew(inspection.caseId, grown);
        quarter.suppressed |= inspection.reasons;
        if (quarter.red) {
            quarter.red = false;
            standing.redQuarters--;
        }
        if (standing.redQuarters != 0) revert CodeRegistryOtherQuarterRed(inspection.caseId, standing.redQuarters);
    }

    /// @dev The latest assessment of the case's quarter, or after a veto of a later one too: green, since the finding.
    function _requireRerun(Inspection storage inspection, bytes32 codeId, bytes32 rerun) private view {
        uint16 quarter = Quarters.number(inspection.year, inspection.quarter);
        OfQuarter storage found = _quarters[codeId][quarter];
        bytes32 expected = keccak256(
            abi.encode(inspection.member, inspection.project, inspection.year, inspection.quarter, found.revision)
        );
        if (found.colour != COLOUR_GREEN || found.assessedAt < inspection.foundAt || expected != rerun) {
            revert CodeRegistryNoRerun(inspection.caseId, rerun);
        }
    }

    function _requireInspector(Inspection storage inspection, bytes32 inspector, Signed calldata signed, bytes32 digest)
        private
        view
    {
        if (inspector != inspection.inspector || inspector == 0) {
            revert CodeRegistryNotTheInspector(inspection.caseId, inspection.inspector, inspector);
        }
        _requireMember(inspector, signed, digest);
    }

    function _requireSecond(Inspection storage inspection, bytes32 second, Signed calldata signed, bytes32 digest)
        private
        view
    {
        if (second == inspection.inspector || second == inspection.member) {
            revert CodeRegistryNotASecond(inspection.caseId, second);
        }
        _requireMember(second, signed, digest);
        _requireKind(second, REGULATOR | VERIFIER);
    }

    function _case(bytes32 caseId) private view returns (Inspection storage inspection, bytes32 codeId) {
        inspection = _inspections[caseId];
        if (inspection.openedAt == 0) revert CodeRegistryCaseUnknown(caseId);
        codeId = _codeId(inspection.member, inspection.project);
        // a case that has ended takes no act; its subject may stand red by another one
        if (_standings[codeId].caseId != caseId) {
            revert CodeRegistryStateUnchangeable(caseId, STATE_OPENED, STATE_GREEN);
        }
    }

    function _requireState(bytes32 caseId, bytes32 codeId, uint8 expected) private view {
        uint8 found = _standings[codeId].state;
        if (found != expected) revert CodeRegistryStateUnchangeable(caseId, expected, found);
    }

    function _enter(bytes32 codeId, Inspection storage inspection, uint8 to, uint16 workingDays) private {
        Standing storage standing = _standings[codeId];
        uint8 from = standing.state;
        bytes32 caseId = inspection.caseId;
        standing.state = to;
        standing.since = _now();
        standing.escalated = false;
        standing.due = workingDays == 0 ? 0 : _rules().deadline(_now(), workingDays);
        if (to == STATE_GREEN) standing.caseId = 0;
        _recordInspection(caseId);
        _recordCode(codeId, inspection.member, inspection.project);
        emit CodeChanged(codeId, from, to, caseId);
    }

    function _recordAssessment(CodeList calldata act, CodeItem calldata item, bytes32 assessmentId) private {
        Assessment memory assessment;
        assessment.member = item.member;
        assessment.project = item.project;
        assessment.year = act.year;
        assessment.quarter = act.quarter;
        assessment.revision = item.revision;
        assessment.ruleSetId = act.ruleSetId;
        assessment.colour = item.colour;
        assessment.points = item.points;
        assessment.reasons = item.reasons;
        assessment.inputsDigest = item.inputsDigest;
        assessment.explainDigest = item.explainDigest;
        assessment.statisticsDigest = item.statisticsDigest;
        assessment.assessor = act.assessor;
        assessment.assessedAt = _now();
        _record(ASSESSMENT_TAG, assessmentId, abi.encode(ASSESSMENT_TAG, assessment));
    }

    function _recordInspection(bytes32 caseId) private {
        Inspection memory inspection = _inspections[caseId];
        _record(INSPECTION_TAG, caseId, abi.encode(INSPECTION_TAG, inspection));
    }

    function _recordCode(bytes32 codeId, bytes32 member, bytes32 project) private {
        _record(CODE_TAG, codeId, abi.encode(CODE_TAG, _code(codeId, member, project)));
    }

    function _code(bytes32 codeId, bytes32 member, bytes32 project) private view returns (Code memory) {
        Standing storage s = _standings[codeId];
        uint16 year = s.latest / 4;
        uint8 quarter = s.latest == 0 ? 0 : uint8(s.latest % 4 + 1);
        return Code(
            member,
            project,
            s.state,
            s.since,
            s.due,
            s.escalated,
            s.vetoUntil,
            s.caseId,
            year,
            quarter,
            s.greys,
            s.redQuarters
        );
    }

    /// @dev Also the id of the record `code`.
    function _codeId(bytes32 member, bytes32 project) private pure returns (bytes32) {
        return keccak256(abi.encode(member, project));
    }
}
