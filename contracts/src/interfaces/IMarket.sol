// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Matching, Order, OrderCancellation, TradingSuspension} from "../MarketActs.sol";
import {Signed} from "../Signatures.sol";
import {IRegistry} from "./IRegistry.sol";

/// @notice An order with the exchange's sequence number: in a batch the numbers ascend.
struct PlacedOrder {
    Order order;
    uint64 sequence;
    Signed signed;
}

/// @notice A trade between two orders of the batch, named by their places.
struct Fill {
    uint16 buy;
    uint16 sell;
    uint64 amount;
    uint64 price;
}

/// @title Trades: delivery of units in trading against settlement money, in one step or not at all.
/// @dev Orders are signed by their members, sequence and matching by the exchange; the contract checks both, and that
/// a trade lies within the trading days, hours, price band, sizes and limits that TradingRules has for its time.
/// @dev Warning: the contract does not see orders that the exchange left out; who has the signed orders can replay
/// the matching and show it.
/// @dev Warning: a batch settles as a whole; one trade that can not be delivered or paid refuses the batch.
interface IMarket is IRegistry {
    /// @notice The record `trade`. Its id is keccak256(matching ‖ place in the batch).
    struct TradeRecord {
        bytes32 tradeId;
        bytes32 instrument;
        uint8 mode;
        bytes32 buyer;
        bytes32 seller;
        bytes32 lot;
        uint64 amount;
        uint64 price;
        bytes32 buyOrder;
        bytes32 sellOrder;
        bytes32 matching;
        uint64 tradedAt;
    }

    /// @notice The record `tradingday`: `day` in days since 1970-01-01 at UTC+08:00, prices in fen, volumes in t,
    /// turnovers in fen. Prices are of listed trades; the close is their volume-weighted mean, rounded half up to the
    /// fen. Without one, open and close are the previous close, high and low are 0.
    struct TradingDay {
        bytes32 instrument;
        uint32 day;
        uint64 previousClose;
        uint64 open;
        uint64 high;
        uint64 low;
        uint64 close;
        uint64 volume;
        uint128 turnover;
        uint64 blockVolume;
        uint128 blockTurnover;
        uint64 auctionVolume;
        uint128 auctionTurnover;
    }

    /// @notice The record `suspension`. `subject` is an instrument or a member.
    struct SuspensionRecord {
        bytes32 subject;
        bool suspended;
        bytes32 regulator;
        bytes32 order;
        uint64 since;
    }

    event OrderCancelled(bytes32 indexed member, bytes32 indexed order, bytes32 actId);

    /// @notice The digest of the orders or fills that came with the matching is not the signed one.
    error MarketDigestWrong(bytes32 expected, bytes32 found);
    /// @notice A matching's time lies in the future, or too far back to be settled.
    error MarketTimeOutOfRange(uint64 time, uint64 earliest, uint64 latest);
    /// @notice Trades of a later day are settled: this day's close stands.
    error MarketDayClosed(uint32 day, uint32 latest);
    error MarketSuspended(bytes32 subject, bytes32 order);
    /// @notice The order is of another instrument, way to trade or auction than the matching.
    error MarketOrderForeign(bytes32 orderId);
    error MarketSequenceNotAscending(uint64 previous, uint64 found);
    error MarketOrderExpired(bytes32 orderId, uint64 deadline, uint64 time);
    /// @notice The order was filled or cancelled, or its reference is that of an order that was.
    error MarketOrderClosed(bytes32 orderId);
    error MarketSideUnknown(bytes32 orderId, uint8 side);
    /// @notice The order's amount is outside the bounds of its way to trade, or no multiple of the lot size.
    error MarketSizeOutOfRange(bytes32 orderId, uint64 amount, uint64 smallest, uint64 largest, uint64 lotSize);
    /// @notice The price is outside the band around the previous close, or no multiple of the tick.
    error MarketPriceOutOfBand(bytes32 orderId, uint64 price, uint64 lowest, uint64 highest, uint64 tick);
    /// @notice A seller names a lot of the instrument, a buyer none.
    error MarketLotForeign(bytes32 orderId, bytes32 lot);
    /// @notice The parties to a block trade name each other; others name nobody.
    error MarketCounterpartyWrong(bytes32 orderId, bytes32 expected, bytes32 found);
    error MarketPlaceUnknown(uint16 place, uint256 orders);
    error MarketSidesWrong(bytes32 buyOrder, bytes32 sellOrder);
    error MarketSelfTrade(bytes32 member);
    /// @notice The fill's price is worse than an order's limit, or not the one that the way to trade asks for.
    error MarketPriceWrong(bytes32 buyOrder, bytes32 sellOrder, uint64 expected, uint64 found);
    /// @notice A fill is of nothing, no multiple of the lot size, or of a part of a block.
    error MarketAmountWrong(bytes32 orderId, uint64 amount);
    error MarketOverfilled(bytes32 orderId, uint64 amount, uint64 filled, uint64 asked);
    error MarketPositionLimit(bytes32 member, uint64 limit, uint64 held);
    /// @notice The auction is of another instrument or exchange, has not closed at this time, or the order's member,
    /// side, size or price is not the announced one.
    error MarketAuctionRefused(bytes32 auction, bytes32 orderId);

    /// @notice Settles a batch of trades. Signed by an act key of the exchange; each order by its member.
    function settle(
        Matching calldata act,
        PlacedOrder[] calldata orders,
        Fill[] calldata fills,
        Signed calldata exchange
    ) external;

    /// @notice Ends an order, filled in part or not at all. Signed by an act key of its member.
    function cancel(OrderCancellation calldata act, Signed calldata member) external;

    /// @notice Stops trading in an instrument or by a member, or lets it go on. Signed by an act key of a regulator.
    function suspend(TradingSuspension calldata act, Signed calldata regulator) external;

    /// @notice Whether the member's order of this reference has ended, and how much of it was filled while it had not.
    function orderOf(bytes32 member, bytes32 ref) external view returns (bool closed, uint64 filled);

    /// @notice The last day with trades.
    function latestDay(bytes32 instrument) external view returns (uint32);

    /// @notice Bar of a day that had trades; zeros if it had none.
    function dayOf(bytes32 instrument, uint32 day) external view returns (TradingDay memory);

    /// @notice The close of the latest day with trades as it stands now, else the first price.
    function lastClose(bytes32 instrument) external view returns (uint64);

    function suspensionOf(bytes32 subject) external view returns (SuspensionRecord memory);
}
