// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// The acts about trading and settlement money as structs, and their EIP-712 type hashes (docs/formats/acts.md). Rules as in Acts.sol.

/// @notice Taken by SettlementToken.issue.
struct MoneyIssuance {
    bytes32 bank;
    bytes32 member;
    uint64 amount;
    bytes32 paymentDigest;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant MONEY_ISSUANCE_TYPE = keccak256(
    "MoneyIssuance(bytes32 bank,bytes32 member,uint64 amount,bytes32 paymentDigest,bytes32 reference,uint64 deadline)"
);

/// @notice Taken by SettlementToken.redeem.
struct MoneyRedemption {
    bytes32 bank;
    bytes32 member;
    uint64 amount;
    bytes32 paymentDigest;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant MONEY_REDEMPTION_TYPE = keccak256(
    "MoneyRedemption(bytes32 bank,bytes32 member,uint64 amount,bytes32 paymentDigest,bytes32 reference,"
    "uint64 deadline)"
);

/// @notice Taken by TradingRules.list.
struct Instrument {
    uint8 kind;
    uint16 vintage;
    bytes32 project;
    uint64 firstPrice;
    bytes32 sourceDigest;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant INSTRUMENT_TYPE = keccak256(
    "Instrument(uint8 kind,uint16 vintage,bytes32 project,uint64 firstPrice,bytes32 sourceDigest,bytes32 reference,"
    "uint64 deadline)"
);

/// @notice Taken by TradingRules.publishTerms.
struct TradingTerms {
    uint8 mode;
    uint64 since;
    uint64 smallest;
    uint64 largest;
    uint64 lotSize;
    uint64 tick;
    uint32 bandPpm;
    uint32 opens;
    uint32 pauses;
    uint32 resumes;
    uint32 closes;
    uint32 settleWithin;
    uint64 positionLimit;
    uint8 evidence;
    bytes32 sourceDigest;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant TRADING_TERMS_TYPE = keccak256(
    "TradingTerms(uint8 mode,uint64 since,uint64 smallest,uint64 largest,uint64 lotSize,uint64 tick,uint32 bandPpm,"
    "uint32 opens,uint32 pauses,uint32 resumes,uint32 closes,uint32 settleWithin,uint64 positionLimit,uint8 evidence,"
    "bytes32 sourceDigest,bytes32 reference,uint64 deadline)"
);

/// @notice Taken by TradingRules.publishDays. Bit i (the lowest is 0) of `early` is the day i of the year, counted from
/// 0, and bit i of `late` the day 256 + i: 1 on trading days.
struct TradingDays {
    uint16 year;
    uint16 edition;
    uint256 early;
    uint256 late;
    uint8 evidence;
    bytes32 sourceDigest;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant TRADING_DAYS_TYPE = keccak256(
    "TradingDays(uint16 year,uint16 edition,uint256 early,uint256 late,uint8 evidence,bytes32 sourceDigest,"
    "bytes32 reference,uint64 deadline)"
);

/// @notice Taken by TradingRules.announce.
struct Auction {
    bytes32 exchange;
    bytes32 instrument;
    bytes32 member;
    uint8 side;
    uint64 amount;
    uint64 limit;
    uint8 pricing;
    uint64 opensAt;
    uint64 closesAt;
    bytes32 noticeDigest;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant AUCTION_TYPE = keccak256(
    "Auction(bytes32 exchange,bytes32 instrument,bytes32 member,uint8 side,uint64 amount,uint64 limit,uint8 pricing,"
    "uint64 opensAt,uint64 closesAt,bytes32 noticeDigest,bytes32 reference,uint64 deadline)"
);

/// @notice Taken by Market.settle, in a PlacedOrder. `deadline` is the end of the order.
struct Order {
    bytes32 member;
    bytes32 instrument;
    uint8 mode;
    uint8 side;
    bytes32 lot;
    uint64 amount;
    uint64 price;
    bytes32 counterparty;
    bytes32 auction;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant ORDER_TYPE = keccak256(
    "Order(bytes32 member,bytes32 instrument,uint8 mode,uint8 side,bytes32 lot,uint64 amount,uint64 price,"
    "bytes32 counterparty,bytes32 auction,bytes32 reference,uint64 deadline)"
);

/// @notice Taken by Market.cancel. `order` is the order's reference.
struct OrderCancellation {
    bytes32 member;
    bytes32 order;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant ORDER_CANCELLATION_TYPE =
    keccak256("OrderCancellation(bytes32 member,bytes32 order,bytes32 reference,uint64 deadline)");

/// @notice Taken by Market.settle.
struct Matching {
    bytes32 exchange;
    bytes32 instrument;
    uint8 mode;
    bytes32 auction;
    uint64 time;
    bytes32 ordersDigest;
    bytes32 fillsDigest;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant MATCHING_TYPE = keccak256(
    "Matching(bytes32 exchange,bytes32 instrument,uint8 mode,bytes32 auction,uint64 time,bytes32 ordersDigest,"
    "bytes32 fillsDigest,bytes32 reference,uint64 deadline)"
);

/// @notice Taken by Market.suspend. `subject` is an instrument or a member.
struct TradingSuspension {
    bytes32 regulator;
    bytes32 subject;
    uint8 suspended;
    bytes32 order;
    bytes32 ref;
    uint64 deadline;
}

bytes32 constant TRADING_SUSPENSION_TYPE = keccak256(
    "TradingSuspension(bytes32 regulator,bytes32 subject,uint8 suspended,bytes32 order,bytes32 reference,"
    "uint64 deadline)"
);
