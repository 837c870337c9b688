// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// The acts about loans, disclosures and the support tool, and their EIP-712 type hashes (docs/formats/acts.md). Rules as in Acts.sol.

/// @notice Taken by LoanRules.publishCatalogue.
struct CatalogueVersion {
    bytes32 catalogue;
    bytes32 key;
    uint64 validFrom;
    uint64 validTo;
    uint8 rounding;
    bytes32 itemsDigest;
    uint8 evidence;
    bytes32 sourceDigest;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant CATALOGUE_VERSION_TYPE = keccak256(
    "CatalogueVersion(bytes32 catalogue,bytes32 key,uint64 validFrom,uint64 validTo,uint8 rounding,"
    "bytes32 itemsDigest,uint8 evidence,bytes32 sourceDigest,bytes32 reference,uint64 deadline)"
);

/// @notice Taken by LoanRules.endCatalogue.
struct CatalogueEnd {
    bytes32 catalogue;
    uint64 validTo;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant CATALOGUE_END_TYPE =
    keccak256("CatalogueEnd(bytes32 catalogue,uint64 validTo,bytes32 reference,uint64 deadline)");

/// @notice Taken by LoanRules.publishTool.
struct SupportToolRules {
    bytes32 tool;
    bytes32 operator;
    uint64 validFrom;
    uint32 sharePpm;
    uint32 ratePpm;
    uint16 termDays;
    uint8 rollovers;
    uint64 quota;
    uint8 fields;
    uint16 disclosureDays;
    uint8 evidence;
    bytes32 sourceDigest;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant SUPPORT_TOOL_RULES_TYPE = keccak256(
    "SupportToolRules(bytes32 tool,bytes32 operator,uint64 validFrom,uint32 sharePpm,uint32 ratePpm,"
    "uint16 termDays,uint8 rollovers,uint64 quota,uint8 fields,uint16 disclosureDays,uint8 evidence,"
    "bytes32 sourceDigest,bytes32 reference,uint64 deadline)"
);

/// @notice Taken by LoanRegistry.registerProject.
struct LoanProject {
    bytes32 borrower;
    bytes32 bank;
    bytes32 site;
    bytes32 permit;
    bytes32 catalogue;
    bytes32 item;
    uint64 approvedAt;
    uint64 investment;
    uint64 reduction;
    bytes32 method;
    bytes32 factor;
    uint16 factorYear;
    bytes32 documents;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant LOAN_PROJECT_TYPE = keccak256(
    "LoanProject(bytes32 borrower,bytes32 bank,bytes32 site,bytes32 permit,bytes32 catalogue,bytes32 item,"
    "uint64 approvedAt,uint64 investment,uint64 reduction,bytes32 method,bytes32 factor,uint16 factorYear,"
    "bytes32 documents,bytes32 reference,uint64 deadline)"
);

/// @notice Taken by LoanRegistry.amendProject.
struct ProjectAmendment {
    bytes32 project;
    uint64 investment;
    uint64 reduction;
    bytes32 method;
    bytes32 factor;
    uint16 factorYear;
    bytes32 documents;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant PROJECT_AMENDMENT_TYPE = keccak256(
    "ProjectAmendment(bytes32 project,uint64 investment,uint64 reduction,bytes32 method,bytes32 factor,"
    "uint16 factorYear,bytes32 documents,bytes32 reference,uint64 deadline)"
);

/// @notice Taken by LoanRegistry.draw.
struct Loan {
    bytes32 bank;
    bytes32 project;
    bytes32 catalogue;
    bytes32 item;
    uint64 principal;
    uint64 approvedAt;
    uint64 drawnAt;
    uint64 dueAt;
    bytes32 terms;
    bytes32 pledge;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant LOAN_TYPE = keccak256(
    "Loan(bytes32 bank,bytes32 project,bytes32 catalogue,bytes32 item,uint64 principal,uint64 approvedAt,"
    "uint64 drawnAt,uint64 dueAt,bytes32 terms,bytes32 pledge,bytes32 reference,uint64 deadline)"
);

/// @notice Taken by LoanRegistry.repay.
struct LoanRepayment {
    bytes32 loan;
    uint64 amount;
    uint64 paidAt;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant LOAN_REPAYMENT_TYPE =
    keccak256("LoanRepayment(bytes32 loan,uint64 amount,uint64 paidAt,bytes32 reference,uint64 deadline)");

/// @notice Taken by LoanRegistry.checkUp.
struct ProjectCheckup {
    bytes32 verifier;
    bytes32 project;
    uint16 year;
    uint8 quarter;
    uint8 outcome;
    uint64 reduction;
    bytes32 findingsDigest;
    bytes32 replaces;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant PROJECT_CHECKUP_TYPE = keccak256(
    "ProjectCheckup(bytes32 verifier,bytes32 project,uint16 year,uint8 quarter,uint8 outcome,uint64 reduction,"
    "bytes32 findingsDigest,bytes32 replaces,bytes32 reference,uint64 deadline)"
);

/// @notice Taken by LoanRegistry.disclose.
struct LoanDisclosure {
    bytes32 bank;
    bytes32 tool;
    uint16 year;
    uint8 quarter;
    bytes32 document;
    bytes32 ledger;
    bytes32 replaces;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant LOAN_DISCLOSURE_TYPE = keccak256(
    "LoanDisclosure(bytes32 bank,bytes32 tool,uint16 year,uint8 quarter,bytes32 document,bytes32 ledger,"
    "bytes32 replaces,bytes32 reference,uint64 deadline)"
);

/// @notice Taken by SupportTool.check.
struct SupportCheck {
    bytes32 verifier;
    bytes32 loan;
    uint8 outcome;
    bytes32 findingsDigest;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant SUPPORT_CHECK_TYPE = keccak256(
    "SupportCheck(bytes32 verifier,bytes32 loan,uint8 outcome,bytes32 findingsDigest,bytes32 reference,"
    "uint64 deadline)"
);

/// @notice Taken by SupportTool.applyFor.
struct SupportApplication {
    bytes32 bank;
    bytes32 loan;
    bytes32 tool;
    uint16 year;
    uint8 quarter;
    uint64 amount;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant SUPPORT_APPLICATION_TYPE = keccak256(
    "SupportApplication(bytes32 bank,bytes32 loan,bytes32 tool,uint16 year,uint8 quarter,uint64 amount,"
    "bytes32 reference,uint64 deadline)"
);

/// @notice Taken by SupportTool.fund.
struct SupportFunding {
    bytes32 application;
    uint64 amount;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant SUPPORT_FUNDING_TYPE =
    keccak256("SupportFunding(bytes32 application,uint64 amount,bytes32 reference,uint64 deadline)");

/// @notice Taken by SupportTool.refuse.
struct SupportRefusal {
    bytes32 application;
    bytes32 reasonDigest;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant SUPPORT_REFUSAL_TYPE =
    keccak256("SupportRefusal(bytes32 application,bytes32 reasonDigest,bytes32 reference,uint64 deadline)");

/// @notice Taken by SupportTool.rollOver.
struct SupportRollover {
    bytes32 application;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant SUPPORT_ROLLOVER_TYPE =
    keccak256("SupportRollover(bytes32 application,bytes32 reference,uint64 deadline)");

/// @notice Taken by SupportTool.replace.
struct SupportReplacement {
    bytes32 application;
    bytes32 loan;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant SUPPORT_REPLACEMENT_TYPE =
    keccak256("SupportReplacement(bytes32 application,bytes32 loan,bytes32 reference,uint64 deadline)");

/// @notice Taken by SupportTool.repay.
struct SupportRepayment {
    bytes32 application;
    uint64 amount;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant SUPPORT_REPAYMENT_TYPE =
    keccak256("SupportRepayment(bytes32 application,uint64 amount,bytes32 reference,uint64 deadline)");

