// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Auction, Instrument, TradingDays, TradingTerms} from "../MarketActs.sol";
import {Signed} from "../Signatures.sol";
import {IRegistry} from "./IRegistry.sol";

// ways to trade
uint8 constant LISTED = 1;
uint8 constant BLOCK = 2;
uint8 constant AUCTION = 3;

uint8 constant BUY = 1;
uint8 constant SELL = 2;

// what the bidders of an auction pay
uint8 constant PRICING_UNIFORM = 1;
uint8 constant PRICING_AS_BID = 2;

/// @title What is traded, when, and within what bounds: dated terms, trading days, instruments, auctions.
/// @dev An instrument is a class of units (AllowanceLedger.classOf). TermsRecord are dated per way to trade; drafts never apply.
interface ITradingRules is IRegistry {
    /// @notice The record `instrument`. `firstPrice` (fen) is the close before the first trade.
    struct InstrumentRecord {
        bytes32 instrument;
        uint8 kind;
        uint16 vintage;
        bytes32 project;
        uint64 firstPrice;
        bytes32 sourceDigest;
        uint64 listedAt;
    }

    /// @notice The record `tradingterms`. Tonnes: `smallest` and `largest` of one order (0: no bound), `lotSize`, and
    /// `positionLimit`, the most that a buyer may then hold of the class (0: none). Fen: `tick`. Seconds of the day at
    /// UTC+08:00: `opens`-`pauses`, `resumes`-`closes` (all 0: as announced). A matching is settled within
    /// `settleWithin` s. `bandPpm` 0: no price band.
    struct TermsRecord {
        bytes32 termsId;
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
    }

    /// @notice The record `tradingdays`.
    struct DaysRecord {
        bytes32 daysId;
        uint16 year;
        uint16 edition;
        uint256 early;
        uint256 late;
        uint8 evidence;
        bytes32 sourceDigest;
    }

    /// @notice The record `auction`: one member sells (or buys) `amount` at `limit` or better; the others bid.
    struct AuctionRecord {
        bytes32 auctionId;
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
    }

    error TradingRulesFieldWrong(bytes32 field, uint256 value);
    error TradingRulesInstrumentKnown(bytes32 instrument);
    error TradingRulesInstrumentUnknown(bytes32 instrument);
    error TradingRulesTermsNotLater(uint8 mode, uint64 latest, uint64 since);
    /// @notice No terms that are law are in force for this way to trade at this time.
    error TradingRulesNoTermsAt(uint8 mode, uint64 time);
    error TradingRulesEditionNotNext(uint16 year, uint16 expected, uint16 found);
    /// @notice The year's trading days are not published, or are a draft.
    error TradingRulesDaysUnknown(uint16 year);
    error TradingRulesNotATradingDay(uint16 year, uint16 dayOfYear);
    /// @notice Outside the hours of this way to trade; seconds of the day at UTC+08:00.
    error TradingRulesOutsideHours(uint8 mode, uint32 second);
    error TradingRulesAuctionUnknown(bytes32 auction);

    /// @notice Lists an instrument. Signed by the quorum.
    function list(Instrument calldata act, Signed[] calldata quorum) external;

    /// @notice Publishes the terms of one way to trade from a date on. Signed by the quorum.
    function publishTerms(TradingTerms calldata act, Signed[] calldata quorum) external;

    /// @notice Publishes the trading days of a year. Signed by the quorum.
    function publishDays(TradingDays calldata act, Signed[] calldata quorum) external;

    /// @notice Announces a one-way auction. Signed by an act key of the exchange.
    function announce(Auction calldata act, Signed calldata exchange) external;

    /// @notice The terms for trading an instrument in this way at this time, and its first price; reverts outside the
    /// trading days and hours.
    function conditions(bytes32 instrument, uint8 mode, uint64 time)
        external
        view
        returns (TermsRecord memory terms, uint64 firstPrice);

    function termsAt(uint8 mode, uint64 time) external view returns (TermsRecord memory);

    function daysOf(uint16 year) external view returns (DaysRecord memory);

    function instrumentOf(bytes32 instrument) external view returns (InstrumentRecord memory);

    function auctionOf(bytes32 auction) external view returns (AuctionRecord memory);
}
