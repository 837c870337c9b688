// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Assignment, Clearance, CodeList, Explanation, Finding} from "../AssessmentActs.sol";
import {Signed} from "../Signatures.sol";
import {IRegistry} from "./IRegistry.sol";

uint8 constant COLOUR_GREEN = 1;
uint8 constant COLOUR_RED = 2;
uint8 constant COLOUR_GREY = 3;

uint8 constant STATE_GREEN = 1;
uint8 constant STATE_GREY = 2;
uint8 constant STATE_OPENED = 3;
uint8 constant STATE_EXPLAINING = 4;
uint8 constant STATE_INSPECTING = 5;
uint8 constant STATE_RECTIFYING = 6;
uint8 constant STATE_CONFIRMED = 7;

uint8 constant FINDING_ERROR = 1;
uint8 constant FINDING_NO_FAULT = 2;
uint8 constant FINDING_FRAUD = 3;

/// @notice One subject's code for the list's quarter. `project` 0: the enterprise itself. `reasons`: bit n−1 is the
/// hard rule Hn, bit 31+n the soft rule Sn. `lot` is keccak256 of the secret by which the inspector will be drawn from
/// the candidates; both are 0 unless the colour is red.
struct CodeItem {
    bytes32 member;
    bytes32 project;
    uint16 revision;
    uint8 colour;
    uint8 points;
    uint64 reasons;
    bytes32 inputsDigest;
    bytes32 explainDigest;
    bytes32 statisticsDigest;
    bytes32 lot;
    bytes32 candidatesDigest;
}

/// @title Red, green and grey codes: what was assessed for each quarter, and the way out of a red one.
/// @dev A red code ends in three ways: rules run again green and two signatures; an inspection that finds no fault, by
/// two signatures; and, after fraud, the first way once the veto is over. Silence is none.
/// @dev Warning: that a colour follows from its inputs is not checked here but by whoever holds the explain record.
interface ICodeRegistry is IRegistry {
    /// @notice The record `assessment`: never rewritten; another run for the same quarter is the next revision.
    struct Assessment {
        bytes32 member;
        bytes32 project;
        uint16 year;
        uint8 quarter;
        uint16 revision;
        bytes32 ruleSetId;
        uint8 colour;
        uint8 points;
        uint64 reasons;
        bytes32 inputsDigest;
        bytes32 explainDigest;
        bytes32 statisticsDigest;
        bytes32 assessor;
        uint64 assessedAt;
    }

    /// @notice The record `code`: how the subject stands. `due` is the first instant after the deadline, 0 for none;
    /// `redQuarters` those whose latest assessment is red and not found without fault; year, quarter the latest assessed.
    struct Code {
        bytes32 member;
        bytes32 project;
        uint8 state;
        uint64 since;
        uint64 due;
        bool escalated;
        uint64 vetoUntil;
        bytes32 caseId;
        uint16 year;
        uint8 quarter;
        uint8 greyQuarters;
        uint16 redQuarters;
    }

    /// @notice The record `inspection`; its id is that of the assessment that opened it.
    struct Inspection {
        bytes32 caseId;
        bytes32 member;
        bytes32 project;
        uint16 year;
        uint8 quarter;
        bytes32 ruleSetId;
        uint64 reasons;
        bytes32 lot;
        bytes32 candidatesDigest;
        uint64 openedAt;
        bytes32 explanation;
        uint64 explainedAt;
        bytes32 inspector;
        uint64 assignedAt;
        uint8 finding;
        bytes32 findingDigest;
        bytes32 second;
        uint64 foundAt;
        bytes32 rerun;
        uint32 changePpm;
        bytes32 clearedBy;
        bytes32 clearDigest;
        uint64 clearedAt;
        uint8 escalations;
    }

    event CodeAssessed(bytes32 indexed codeId, bytes32 indexed assessmentId, uint8 colour, bytes32 listId);
    event CodeChanged(bytes32 indexed codeId, uint8 previous, uint8 state, bytes32 caseId);
    event CodeExplained(bytes32 indexed caseId, bytes32 digest, bytes32 actId);
    event InspectorDrawn(bytes32 indexed caseId, bytes32 indexed inspector, bytes32 secret, bytes32 actId);
    event CodeFound(bytes32 indexed caseId, uint8 outcome, bytes32 indexed inspector, bytes32 second, bytes32 actId);
    event CodeCleared(bytes32 indexed caseId, bytes32 rerun, bytes32 indexed inspector, bytes32 second, bytes32 actId);
    event CodeEscalated(bytes32 indexed caseId, uint8 state, uint64 due);

    error CodeRegistryItemsDiffer(bytes32 expected, bytes32 found);
    error CodeRegistryItemsNotAscending(bytes32 previous, bytes32 codeId);
    error CodeRegistryNoItems();
    error CodeRegistryQuarterNotBegun(uint16 year, uint8 quarter);
    error CodeRegistryRevisionNotNext(bytes32 codeId, uint16 expected, uint16 found);
    error CodeRegistryColourUnknown(uint8 colour);
    /// @notice Red has reasons, a lot and candidates; green has no reason and neither has a lot.
    error CodeRegistryReasonsWrong(bytes32 codeId, uint8 colour, uint64 reasons);
    /// @notice These rules were found without fault for this subject and quarter.
    error CodeRegistrySuppressed(bytes32 codeId, uint64 reasons);
    error CodeRegistryCaseUnknown(bytes32 caseId);
    error CodeRegistryStateUnchangeable(bytes32 caseId, uint8 expected, uint8 found);
    error CodeRegistryNotDue(bytes32 caseId, uint64 due, uint64 time);
    error CodeRegistryEscalated(bytes32 caseId);
    error CodeRegistryNotTheSubject(bytes32 caseId, bytes32 expected, bytes32 found);
    error CodeRegistryNotTheInspector(bytes32 caseId, bytes32 expected, bytes32 found);
    error CodeRegistryLotDiffers(bytes32 expected, bytes32 found);
    error CodeRegistryCandidatesDiffer(bytes32 expected, bytes32 found);
    error CodeRegistryNoCandidate(bytes32 caseId);
    error CodeRegistryOutcomeUnknown(uint8 outcome);
    /// @notice The second is another member, neither the inspector nor the subject; none for an error that was found.
    error CodeRegistryNotASecond(bytes32 caseId, bytes32 second);
    /// @notice A hard rule ends by corrected data, not by a finding without fault.
    error CodeRegistryHardReason(bytes32 caseId, uint64 reasons);
    /// @notice A later run of the case's quarter found more than the case was opened for.
    error CodeRegistryReasonsGrew(bytes32 caseId, uint64 reasons);
    /// @notice So many quarters are red that the case is not about.
    error CodeRegistryOtherQuarterRed(bytes32 caseId, uint16 redQuarters);
    /// @notice The rules were not run again green, since the finding, for the quarter of the case or a later one.
    error CodeRegistryNoRerun(bytes32 caseId, bytes32 rerun);
    /// @notice A correction of more than this part needs a verifier's statement.
    error CodeRegistryVerifierMissing(bytes32 caseId, uint32 limitPpm, uint32 changePpm);
    error CodeRegistryVeto(bytes32 caseId, uint64 vetoUntil, uint64 time);

    /// @notice Files the codes of one quarter under one rule set, ascending by code id; a red one opens its inspection
    /// here. Signed by an act key of a regulator.
    function file(CodeList calldata act, CodeItem[] calldata items, Signed calldata assessor) external;

    /// @notice The subject explains an opened red code. Signed by an act key of the enterprise.
    function explain(Explanation calldata act, Signed calldata member) external;

    /// @notice Draws the inspector: the admitted bank or verifier at or after place
    /// keccak256(secret ‖ explanation's act or case) mod n. Signed by an act key of a regulator.
    /// @dev Neither side can choose: the assessor fixed secret and candidates before the explanation was known.
    function assign(Assignment calldata act, bytes32[] calldata candidates, Signed calldata assessor) external;

    /// @notice What the inspection found: an error (1), no fault (2), fraud (3). Signed by an act key of the inspector,
    /// and of a second, a regulator or verifier, for 2 and 3 (else `second` is 0 and its signature is not read).
    function find(Finding calldata act, Signed calldata inspector, Signed calldata second) external;

    /// @notice Ends a red code after corrected data, or after a veto. Signed by the inspector and the second; and by a
    /// verifier where the correction changed more than the rule set's part (else its signature is not read).
    function clear(Clearance calldata act, Signed calldata inspector, Signed calldata second, Signed calldata verifier)
        external;

    /// @notice Marks a deadline that is over, once per state. Open to all: a date needs no signature.
    function escalate(bytes32 caseId) external;

    function codeOf(bytes32 member, bytes32 project) external view returns (Code memory);

    function inspectionOf(bytes32 caseId) external view returns (Inspection memory);

    /// @notice The number of the latest assessment of a quarter (0: none), and the rules found without fault in it.
    function quarterOf(bytes32 member, bytes32 project, uint16 year, uint8 quarter)
        external
        view
        returns (uint16 revision, uint8 colour, uint64 suppressed);

    /// @notice Whether the code is red, and until when a veto stands (0: none).
    function standingOf(bytes32 member, bytes32 project) external view returns (bool red, uint64 vetoUntil);
}
