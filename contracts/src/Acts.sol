// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// The acts of members as structs, and their EIP-712 type hashes (docs/formats/acts.md).
// All fields are static words, so abi.encode(TYPE, act) is the preimage of the struct hash; the two acts with a
// string replace it by its keccak-256 where they are taken. `ref` is the field `reference` (a reserved word here).

/// @notice Taken by MemberRegistry.admit.
struct Admission {
    bytes32 member;
    uint16 kinds;
    bytes32 province;
    address key;
    bytes32 nameDigest;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant ADMISSION_TYPE = keccak256(
    "Admission(bytes32 member,uint16 kinds,bytes32 province,address key,bytes32 nameDigest,bytes32 reference,"
    "uint64 deadline)"
);

/// @notice Taken by MemberRegistry.setStatus.
struct MemberStatus {
    bytes32 member;
    uint8 status;
    bytes32 reasonDigest;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant MEMBER_STATUS_TYPE =
    keccak256("MemberStatus(bytes32 member,uint8 status,bytes32 reasonDigest,bytes32 reference,uint64 deadline)");

/// @notice Taken by MemberRegistry.enrolKey.
struct KeyEnrolment {
    bytes32 keyId;
    bytes32 member;
    uint8 purpose;
    bytes32 subject;
    uint8 algorithm;
    uint64 validFrom;
    bytes32 supersedes;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant KEY_ENROLMENT_TYPE = keccak256(
    "KeyEnrolment(bytes32 keyId,bytes32 member,uint8 purpose,bytes32 subject,uint8 algorithm,uint64 validFrom,"
    "bytes32 supersedes,bytes32 reference,uint64 deadline)"
);

/// @notice Taken by MemberRegistry.endKey.
struct KeyEnd {
    bytes32 keyId;
    uint64 validTo;
    uint64 compromisedSince;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant KEY_END_TYPE =
    keccak256("KeyEnd(bytes32 keyId,uint64 validTo,uint64 compromisedSince,bytes32 reference,uint64 deadline)");

/// @notice Taken by Directory.set.
struct DirectoryEntry {
    bytes32 name;
    uint32 version;
    address location;
    bytes32 codeHash;
    uint64 since;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant DIRECTORY_ENTRY_TYPE = keccak256(
    "DirectoryEntry(bytes32 name,uint32 version,address location,bytes32 codeHash,uint64 since,"
    "bytes32 reference,uint64 deadline)"
);

/// @notice Taken by DeviceRegistry.enrol.
struct DeviceEnrolment {
    bytes32 device;
    bytes32 member;
    bytes32 unit;
    uint8 kind;
    bytes32 keyId;
    bytes32 saltDigest;
    uint8 measure;
    uint8 registerType;
    uint64 ratedMax;
    uint16 accuracyClass;
    uint64 modulus;
    bytes32 calibration;
    uint64 calibrationTo;
    uint64 installedFrom;
    bytes32 replaces;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant DEVICE_ENROLMENT_TYPE = keccak256(
    "DeviceEnrolment(bytes32 device,bytes32 member,bytes32 unit,uint8 kind,bytes32 keyId,bytes32 saltDigest,"
    "uint8 measure,uint8 registerType,uint64 ratedMax,uint16 accuracyClass,uint64 modulus,bytes32 calibration,"
    "uint64 calibrationTo,uint64 installedFrom,bytes32 replaces,bytes32 reference,uint64 deadline)"
);

/// @notice Taken by DeviceRegistry.calibrate.
struct Calibration {
    bytes32 device;
    bytes32 certificate;
    uint64 calibratedAt;
    uint64 validTo;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant CALIBRATION_TYPE = keccak256(
    "Calibration(bytes32 device,bytes32 certificate,uint64 calibratedAt,uint64 validTo,bytes32 reference,"
    "uint64 deadline)"
);

/// @notice Taken by DeviceRegistry.remove.
struct DeviceRemoval {
    bytes32 device;
    uint64 removedAt;
    bytes32 reasonDigest;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant DEVICE_REMOVAL_TYPE =
    keccak256("DeviceRemoval(bytes32 device,uint64 removedAt,bytes32 reasonDigest,bytes32 reference,uint64 deadline)");

/// @notice Taken by CheckpointRegistry.registerLog.
struct LogRegistration {
    string origin;
    bytes32 member;
    bytes32 gateway;
    uint8 witnessQuorum;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant LOG_REGISTRATION_TYPE = keccak256(
    "LogRegistration(string origin,bytes32 member,bytes32 gateway,uint8 witnessQuorum,bytes32 reference,"
    "uint64 deadline)"
);

/// @notice Taken by CheckpointRegistry.anchor.
struct Checkpoint {
    string origin;
    uint64 size;
    bytes32 root;
}

bytes32 constant CHECKPOINT_TYPE = keccak256("Checkpoint(string origin,uint64 size,bytes32 root)");

/// @notice Taken by CheckpointRegistry.setStatus.
struct LogStatus {
    bytes32 logId;
    uint8 status;
    bytes32 reasonDigest;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant LOG_STATUS_TYPE =
    keccak256("LogStatus(bytes32 logId,uint8 status,bytes32 reasonDigest,bytes32 reference,uint64 deadline)");

/// @notice Taken by FactorRegistry.publish.
struct Factor {
    bytes32 factorId;
    bytes32 guideline;
    bytes32 version;
    bytes32 row;
    uint256 value;
    bytes32 unit;
    uint16 yearFrom;
    uint16 yearTo;
    uint16 dataYear;
    uint8 evidence;
    bytes32 sourceDigest;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant FACTOR_TYPE = keccak256(
    "Factor(bytes32 factorId,bytes32 guideline,bytes32 version,bytes32 row,uint256 value,bytes32 unit,"
    "uint16 yearFrom,uint16 yearTo,uint16 dataYear,uint8 evidence,bytes32 sourceDigest,bytes32 reference,"
    "uint64 deadline)"
);

/// @notice Taken by RuleSetRegistry.publish.
struct RuleSetPublication {
    bytes32 ruleSetId;
    bytes32 formDigest;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant RULE_SET_PUBLICATION_TYPE =
    keccak256("RuleSetPublication(bytes32 ruleSetId,bytes32 formDigest,bytes32 reference,uint64 deadline)");

/// @notice Taken by ReportRegistry.fileMonth.
struct MonthEvidence {
    bytes32 member;
    uint16 year;
    uint8 month;
    bytes32 commitment;
    bytes32 preparer;
    bytes32 replaces;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant MONTH_EVIDENCE_TYPE = keccak256(
    "MonthEvidence(bytes32 member,uint16 year,uint8 month,bytes32 commitment,bytes32 preparer,"
    "bytes32 replaces,bytes32 reference,uint64 deadline)"
);

/// @notice Taken by ReportRegistry.fileReport.
struct AnnualReport {
    bytes32 member;
    uint16 year;
    bytes32 ruleSetId;
    bytes32 monthsDigest;
    bytes32 linesDigest;
    bytes32 logId;
    uint64 logSize;
    bytes32 logRoot;
    bytes32 preparer;
    bytes32 replaces;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant ANNUAL_REPORT_TYPE = keccak256(
    "AnnualReport(bytes32 member,uint16 year,bytes32 ruleSetId,bytes32 monthsDigest,bytes32 linesDigest,"
    "bytes32 logId,uint64 logSize,bytes32 logRoot,bytes32 preparer,bytes32 replaces,bytes32 reference,"
    "uint64 deadline)"
);

/// @notice Taken by ReportRegistry.verify.
struct Verification {
    bytes32 report;
    bytes32 verifier;
    uint8 outcome;
    bytes32 findingsDigest;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant VERIFICATION_TYPE = keccak256(
    "Verification(bytes32 report,bytes32 verifier,uint8 outcome,bytes32 findingsDigest,bytes32 reference,"
    "uint64 deadline)"
);

/// @notice Taken by ReportRegistry.approve.
struct Approval {
    bytes32 report;
    bytes32 regulator;
    uint8 outcome;
    bytes32 reasonDigest;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant APPROVAL_TYPE = keccak256(
    "Approval(bytes32 report,bytes32 regulator,uint8 outcome,bytes32 reasonDigest,bytes32 reference," "uint64 deadline)"
);

/// @notice Taken by GrantRegistry.grant.
struct Grant {
    bytes32 owner;
    bytes32 grantee;
    bytes32 scope;
    bytes32 purpose;
    uint64 validFrom;
    uint64 expires;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant GRANT_TYPE = keccak256(
    "Grant(bytes32 owner,bytes32 grantee,bytes32 scope,bytes32 purpose,uint64 validFrom,uint64 expires,"
    "bytes32 reference,uint64 deadline)"
);

/// @notice Taken by GrantRegistry.revoke.
struct GrantEnd {
    bytes32 grantId;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant GRANT_END_TYPE = keccak256("GrantEnd(bytes32 grantId,bytes32 reference,uint64 deadline)");

/// @notice Taken by AllocationRules.publish.
struct AllocationPublication {
    bytes32 ruleSetId;
    bytes32 formDigest;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant ALLOCATION_PUBLICATION_TYPE =
    keccak256("AllocationPublication(bytes32 ruleSetId,bytes32 formDigest,bytes32 reference,uint64 deadline)");

/// @notice Taken by AllocationRules.proposeBalance.
struct BalanceProposal {
    bytes32 ruleSetId;
    uint16 year;
    bytes32 sector;
    uint64 value;
    uint32 members;
    bytes32 entriesDigest;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant BALANCE_PROPOSAL_TYPE = keccak256(
    "BalanceProposal(bytes32 ruleSetId,uint16 year,bytes32 sector,uint64 value,uint32 members,bytes32 entriesDigest,"
    "bytes32 reference,uint64 deadline)"
);
