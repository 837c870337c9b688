// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAllowanceLedger} from "./interfaces/IAllowanceLedger.sol";
import {Fill, IMarket, PlacedOrder} from "./interfaces/IMarket.sol";
import {EXCHANGE, IMemberRegistry, REGULATOR} from "./interfaces/IMemberRegistry.sol";
import {ISettlementToken} from "./interfaces/ISettlementToken.sol";
import {AUCTION, BLOCK, BUY, ITradingRules, LISTED, PRICING_UNIFORM, SELL} from "./interfaces/ITradingRules.sol";
import {Calendar} from "./libraries/Calendar.sol";
import {
    Matching,
    MATCHING_TYPE,
    Order,
    ORDER_TYPE,
    OrderCancellation,
    ORDER_CANCELLATION_TYPE,
    TradingSuspension,
    TRADING_SUSPENSION_TYPE
} from "./MarketActs.sol";
import {Registry} from "./Registry.sol";
import {Signatures, Signed} from "./Signatures.sol";

contract Market is IMarket, Registry {
    bytes32 private constant TRADE_TAG = keccak256("carbonledger/record/trade/v1");
    bytes32 private constant DAY_TAG = keccak256("carbonledger/record/tradingday/v1");
    bytes32 private constant SUSPENSION_TAG = keccak256("carbonledger/record/suspension/v1");

    uint256 private constant MILLION = 1_000_000;
    uint256 private constant FILLED_BITS = 40;

    /// @dev One slot: of listed trades, and the close `before` the day, which bounds its prices.
    struct Listed {
        uint32 before;
        uint32 open;
        uint32 high;
        uint32 low;
        uint40 volume;
        uint80 turnover;
    }

    /// @dev One slot.
    struct Others {
        uint40 blockVolume;
        uint80 blockTurnover;
        uint40 auctionVolume;
        uint80 auctionTurnover;
    }

    /// @dev What the trades of a batch have in common.
    struct Batch {
        bytes32 matching;
        uint32 day;
        uint64 lowest;
        uint64 highest;
        IMemberRegistry members;
        IAllowanceLedger ledger;
        ISettlementToken token;
        ITradingRules.TermsRecord terms;
        ITradingRules.AuctionRecord auction;
        Listed listed;
        Others others;
        IAllowanceLedger.Delivery[] deliveries;
        ISettlementToken.Payment[] payments;
    }

    /// @dev What the batch keeps of an order.
    struct Progress {
        bytes32 orderId;
        uint64 filled;
    }

    /// @dev Orders that have ended, 256 to a slot: bit (ref mod 256) of place (ref / 256). Small consecutive references
    /// of a member share slots.
    mapping(bytes32 member => mapping(uint256 place => uint256 bits)) private _closed;
    /// @dev Orders filled in part: the upper 216 bits of the order's id, and the amount.
    mapping(bytes32 memberAndRef => uint256 idAndFilled) private _filled;
    mapping(bytes32 instrument => uint32 day) private _latest;
    mapping(bytes32 instrument => mapping(uint32 day => Listed)) private _listed;
    mapping(bytes32 instrument => mapping(uint32 day => Others)) private _others;
    mapping(bytes32 auction => uint64 price) private _clearing;
    mapping(bytes32 subject => SuspensionRecord) private _suspensions;

    constructor(address directory_) Registry(directory_) {}

    /* TRADES */

    /// @inheritdoc IMarket
    function settle(
        Matching calldata act,
        PlacedOrder[] calldata orders,
        Fill[] calldata fills,
        Signed calldata exchange
    ) external {
        (bool fresh, bytes32 matching, bytes32 digest) = _open(abi.encode(MATCHING_TYPE, act), act.exchange);
        if (!fresh) return;
        _requireMember(act.exchange, exchange, digest);
        _requireKind(act.exchange, EXCHANGE);
        Batch memory batch = _batch(act, matching);
        Progress[] memory progress = _admit(act, batch, orders);
        bytes32 found = keccak256(abi.encode(fills));
        if (found != act.fillsDigest) revert MarketDigestWrong(act.fillsDigest, found);
        batch.deliveries = new IAllowanceLedger.Delivery[](fills.length);
        batch.payments = new ISettlementToken.Payment[](fills.length);
        for (uint256 i = 0; i < fills.length; i++) {
            _trade(act, batch, orders, progress, fills[i], i);
        }
        for (uint256 i = 0; i < orders.length; i++) {
            _keep(orders[i].order, progress[i]);
        }
        if (fills.length != 0) {
            _deliver(act.instrument, batch);
            _keepDay(act.instrument, batch);
        }
    }

    /// @inheritdoc IMarket
    function cancel(OrderCancellation calldata act, Signed calldata member) external {
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(ORDER_CANCELLATION_TYPE, act), act.member);
        if (!fresh) return;
        _requireMember(act.member, member, digest);
        _close(act.member, act.order);
        emit OrderCancelled(act.member, act.order, actId);
    }

    /// @inheritdoc IMarket
    function suspend(TradingSuspension calldata act, Signed calldata regulator) external {
        (bool fresh,, bytes32 digest) = _open(abi.encode(TRADING_SUSPENSION_TYPE, act), act.regulator);
        if (!fresh) return;
        _requireMember(act.regulator, regulator, digest);
        _requireKind(act.regulator, REGULATOR);
        SuspensionRecord memory stands =
            SuspensionRecord(act.subject, act.suspended != 0, act.regulator, act.order, _now());
        _suspensions[act.subject] = stands;
        _record(SUSPENSION_TAG, act.subject, abi.encode(SUSPENSION_TAG, stands));
    }

    /* VIEWS */

    /// @inheritdoc IMarket
    function orderOf(bytes32 member, bytes32 ref) external view returns (bool, uint64) {
        return (_isClosed(member, ref), uint64(uint40(_filled[_pair(member, ref)])));
    }

    /// @inheritdoc IMarket
    function latestDay(bytes32 instrument) external view returns (uint32) {
        return _latest[instrument];
    }

    /// @inheritdoc IMarket
    function dayOf(bytes32 instrument, uint32 day) external view returns (TradingDay memory) {
        Listed memory listed = _listed[instrument][day];
        Others memory others = _others[instrument][day];
        return _bar(instrument, day, listed, others);
    }

    /// @inheritdoc IMarket
    function lastClose(bytes32 instrument) external view returns (uint64 close) {
        close = _closeOf(instrument, _latest[instrument]);
        if (close == 0) close = _rules().instrumentOf(instrument).firstPrice;
    }

    /// @inheritdoc IMarket
    function suspensionOf(bytes32 subject) external view returns (SuspensionRecord memory) {
        return _suspensions[subject];
    }

    /* INSIDE: a batch */

    function _batch(Matching calldata act, bytes32 matching) private view returns (Batch memory batch) {
        batch.matching = matching;
        uint64 firstPrice;
        ITradingRules rules = _rules();
        (batch.terms, firstPrice) = rules.conditions(act.instrument, act.mode, act.time);
        uint64 latest = act.time + batch.terms.settleWithin;
        if (act.time > block.timestamp || block.timestamp > latest) {
            revert MarketTimeOutOfRange(_now(), act.time, latest);
        }
        _requireGoingOn(act.instrument);
        if (act.mode == AUCTION) {
            batch.auction = rules.auctionOf(act.auction);
            if (
                batch.auction.instrument != act.instrument || batch.auction.exchange != act.exchange
                    || act.time < batch.auction.closesAt
            ) {
                revert MarketAuctionRefused(act.auction, 0);
            }
        } else if (act.auction != 0) {
            revert MarketAuctionRefused(act.auction, 0);
        }
        (batch.day,) = Calendar.dayOf(act.time);
        uint32 newest = _latest[act.instrument];
        if (batch.day < newest) revert MarketDayClosed(batch.day, newest);
        batch.listed = _listed[act.instrument][batch.day];
        batch.others = _others[act.instrument][batch.day];
        if (batch.listed.before == 0) {
            uint64 close = _closeOf(act.instrument, newest);
            batch.listed.before = uint32(close == 0 ? firstPrice : close); // TradingRules bounds the first price
        }
        (batch.lowest, batch.highest) = _band(batch.listed.before, batch.terms.bandPpm);
        batch.members = _members();
        batch.ledger = IAllowanceLedger(_located("AllowanceLedger"));
        batch.token = ISettlementToken(_located("SettlementToken"));
    }

    /// @dev Rounded inwards: no price beyond the band.
    function _band(uint64 close, uint32 ppm) private pure returns (uint64, uint64) {
        if (ppm == 0) return (1, type(uint32).max);
        uint64 width = uint64(uint256(close) * ppm / MILLION);
        uint64 highest = close + width;
        return (width < close ? close - width : 1, highest > type(uint32).max ? type(uint32).max : highest);
    }

    /// @dev Each order is its member's, sound, in the band, and not ended.
    function _admit(Matching calldata act, Batch memory batch, PlacedOrder[] calldata orders)
        private
        view
        returns (Progress[] memory progress)
    {
        progress = new Progress[](orders.length);
        bytes32[] memory words = new bytes32[](2 * orders.length);
        uint64 previous = 0;
        for (uint256 i = 0; i < orders.length; i++) {
            PlacedOrder calldata placed = orders[i];
            (bytes32 orderId, bytes32 digest) = _hashes(placed.order);
            if (i != 0 && placed.sequence <= previous) revert MarketSequenceNotAscending(previous, placed.sequence);
            previous = placed.sequence;
            words[2 * i] = orderId;
            words[2 * i + 1] = bytes32(uint256(placed.sequence));
            progress[i] = Progress(orderId, _filledOf(placed.order, orderId));
            _checkOrder(act, batch, placed.order, orderId);
            bytes32 signer = batch.members.actKeyMember(placed.signed.signer);
            if (signer != placed.order.member || signer == 0) {
                revert RegistryNotTheMember(placed.signed.signer, placed.order.member, signer);
            }
            _requireSigned(placed.signed, digest);
        }
        bytes32 found = keccak256(abi.encodePacked(words));
        if (found != act.ordersDigest) revert MarketDigestWrong(act.ordersDigest, found);
    }

    function _checkOrder(Matching calldata act, Batch memory batch, Order calldata order, bytes32 orderId)
        private
        view
    {
        if (order.instrument != act.instrument || order.mode != act.mode || order.auction != act.auction) {
            revert MarketOrderForeign(orderId);
        }
        // an order for an auction is made before the auction closes, and need not live longer
        uint64 until = act.mode == AUCTION ? batch.auction.closesAt : act.time;
        if (order.deadline < until) revert MarketOrderExpired(orderId, order.deadline, until);
        _requireGoingOn(order.member);
        ITradingRules.TermsRecord memory terms = batch.terms;
        if (
            order.amount < terms.smallest || (terms.largest != 0 && order.amount > terms.largest)
                || order.amount % terms.lotSize != 0
        ) {
            revert MarketSizeOutOfRange(orderId, order.amount, terms.smallest, terms.largest, terms.lotSize);
        }
        if (order.price < batch.lowest || order.price > batch.highest || order.price % terms.tick != 0) {
            revert MarketPriceOutOfBand(orderId, order.price, batch.lowest, batch.highest, terms.tick);
        }
        if (order.side == SELL) {
            (uint8 kind, uint16 vintage, bytes32 project,) = batch.ledger.lotOf(order.lot);
            if (keccak256(abi.encode(kind, vintage, project)) != act.instrument) {
                revert MarketLotForeign(orderId, order.lot);
            }
        } else if (order.side != BUY) {
            revert MarketSideUnknown(orderId, order.side);
        } else if (order.lot != 0) {
            revert MarketLotForeign(orderId, order.lot);
        }
        if (act.mode != BLOCK && order.counterparty != 0) {
            revert MarketCounterpartyWrong(orderId, 0, order.counterparty);
        }
        if (act.mode == AUCTION) _checkBid(batch.auction, order, orderId);
    }

    function _checkBid(ITradingRules.AuctionRecord memory auction, Order calldata order, bytes32 orderId) private pure {
        bool announced = order.side == auction.side;
        bool right = announced
            ? order.member == auction.member && order.amount == auction.amount && order.price == auction.limit
            : order.side == BUY ? order.price >= auction.limit : order.price <= auction.limit;
        if (!right) revert MarketAuctionRefused(auction.auctionId, orderId);
    }

    function _trade(
        Matching calldata act,
        Batch memory batch,
        PlacedOrder[] calldata orders,
        Progress[] memory progress,
        Fill calldata fill,
        uint256 place
    ) private {
        if (fill.buy >= orders.length) {
            revert MarketPlaceUnknown(fill.buy, orders.length);
        }
        if (fill.sell >= orders.length) revert MarketPlaceUnknown(fill.sell, orders.length);
        TradeRecord memory trade;
        trade.buyOrder = progress[fill.buy].orderId;
        trade.sellOrder = progress[fill.sell].orderId;
        _check(act, batch, orders[fill.buy].order, orders[fill.sell].order, fill, trade);
        _fill(progress[fill.buy], orders[fill.buy].order.amount, fill.amount);
        _fill(progress[fill.sell], orders[fill.sell].order.amount, fill.amount);

        trade.tradeId = keccak256(abi.encode(batch.matching, place));
        trade.instrument = act.instrument;
        trade.mode = act.mode;
        trade.buyer = orders[fill.buy].order.member;
        trade.seller = orders[fill.sell].order.member;
        trade.lot = orders[fill.sell].order.lot;
        trade.amount = fill.amount;
        trade.price = fill.price;
        trade.matching = batch.matching;
        trade.tradedAt = act.time;
        uint64 worth = trade.amount * trade.price;
        batch.deliveries[place] =
            IAllowanceLedger.Delivery(trade.lot, trade.seller, trade.buyer, trade.amount, trade.tradeId);
        batch.payments[place] = ISettlementToken.Payment(trade.buyer, trade.seller, worth, trade.tradeId);
        _count(batch, trade, worth);
        _record(TRADE_TAG, trade.tradeId, abi.encode(TRADE_TAG, trade));
    }

    /// @dev The two orders may meet at this price and in this amount.
    function _check(
        Matching calldata act,
        Batch memory batch,
        Order calldata buy,
        Order calldata sell,
        Fill calldata fill,
        TradeRecord memory trade
    ) private {
        if (buy.side != BUY || sell.side != SELL) {
            revert MarketSidesWrong(trade.buyOrder, trade.sellOrder);
        }
        if (buy.member == sell.member) revert MarketSelfTrade(buy.member);
        uint64 expected = _priceOf(act, batch, fill, buy, sell);
        if (fill.price != expected || fill.price > buy.price || fill.price < sell.price) {
            revert MarketPriceWrong(trade.buyOrder, trade.sellOrder, expected, fill.price);
        }
        if (act.mode == BLOCK) {
            _requireNamed(trade.buyOrder, sell.member, buy.counterparty);
            _requireNamed(trade.sellOrder, buy.member, sell.counterparty);
            // in parts it would be a small trade within the wide band
            if (fill.amount != buy.amount || fill.amount != sell.amount) {
                revert MarketAmountWrong(trade.buyOrder, fill.amount);
            }
        }
        if (fill.amount == 0 || fill.amount % batch.terms.lotSize != 0) {
            revert MarketAmountWrong(trade.buyOrder, fill.amount);
        }
    }

    /// @dev Units against money, of all trades at once; no buyer then holds more than it may.
    function _deliver(bytes32 instrument, Batch memory batch) private {
        batch.ledger.deliver("Market", batch.deliveries);
        batch.token.payAll("Market", batch.payments);
        if (batch.terms.positionLimit == 0) return;
        for (uint256 i = 0; i < batch.deliveries.length; i++) {
            _checkLimit(instrument, batch, batch.deliveries[i].taker);
        }
    }

    /// @dev Listed and block: the price of the earlier order. Auction: one price for all, or the bidder's.
    function _priceOf(
        Matching calldata act,
        Batch memory batch,
        Fill calldata fill,
        Order calldata buy,
        Order calldata sell
    ) private returns (uint64) {
        if (act.mode == LISTED) return fill.buy < fill.sell ? buy.price : sell.price;
        if (act.mode == BLOCK) return buy.price == sell.price ? buy.price : 0;
        if (batch.auction.pricing == PRICING_UNIFORM) {
            if (_clearing[act.auction] == 0) _clearing[act.auction] = fill.price;
            return _clearing[act.auction];
        }
        return batch.auction.side == SELL ? buy.price : sell.price;
    }

    function _requireNamed(bytes32 orderId, bytes32 expected, bytes32 found) private pure {
        if (found != expected) revert MarketCounterpartyWrong(orderId, expected, found);
    }

    function _fill(Progress memory progress, uint64 amount, uint64 asked) private pure {
        if (asked > amount - progress.filled) {
            revert MarketOverfilled(progress.orderId, amount, progress.filled, asked);
        }
        progress.filled += asked;
    }

    function _checkLimit(bytes32 instrument, Batch memory batch, bytes32 buyer) private view {
        uint64 limit = batch.terms.positionLimit;
        uint64 held = batch.ledger.accountOf(buyer, instrument).held;
        if (held > limit) revert MarketPositionLimit(buyer, limit, held);
    }

    /// @dev Sums overflow, and refuse the trade, at 2^40 t or 2^80 fen a day.
    function _count(Batch memory batch, TradeRecord memory trade, uint64 worth) private pure {
        uint40 amount = uint40(trade.amount); // at most what a lot holds
        uint32 price = uint32(trade.price); // in the band
        if (trade.mode == LISTED) {
            Listed memory listed = batch.listed;
            if (listed.volume == 0) listed.open = listed.high = listed.low = price;
            if (price > listed.high) listed.high = price;
            if (price < listed.low) listed.low = price;
            listed.volume += amount;
            listed.turnover += worth;
        } else if (trade.mode == BLOCK) {
            batch.others.blockVolume += amount;
            batch.others.blockTurnover += worth;
        } else {
            batch.others.auctionVolume += amount;
            batch.others.auctionTurnover += worth;
        }
    }

    function _keepDay(bytes32 instrument, Batch memory batch) private {
        _listed[instrument][batch.day] = batch.listed;
        if (batch.terms.mode != LISTED) _others[instrument][batch.day] = batch.others;
        if (_latest[instrument] != batch.day) _latest[instrument] = batch.day;
        TradingDay memory bar = _bar(instrument, batch.day, batch.listed, batch.others);
        _record(DAY_TAG, keccak256(abi.encode(instrument, batch.day)), abi.encode(DAY_TAG, bar));
    }

    /* INSIDE: orders and closes */

    function _hashes(Order calldata order) private view returns (bytes32 orderId, bytes32 digest) {
        bytes memory encoded = abi.encode(ORDER_TYPE, order);
        bytes32 structHash;
        assembly ("memory-safe") {
            let size := mload(encoded)
            structHash := keccak256(add(encoded, 32), size)
            orderId := keccak256(add(encoded, 32), sub(size, 32))
        }
        digest = Signatures.digest(structHash);
    }

    /// @dev What was filled of the order before this batch.
    function _filledOf(Order calldata order, bytes32 orderId) private view returns (uint64) {
        if (_isClosed(order.member, order.ref)) revert MarketOrderClosed(orderId);
        uint256 known = _filled[_pair(order.member, order.ref)];
        if (known == 0) return 0;
        if (known >> FILLED_BITS != uint256(orderId) >> FILLED_BITS) {
            revert RegistryReferenceUsed(order.member, order.ref, bytes32(known >> FILLED_BITS << FILLED_BITS), orderId);
        }
        return uint40(known);
    }

    function _keep(Order calldata order, Progress memory progress) private {
        if (progress.filled == order.amount) {
            _close(order.member, order.ref);
        } else if (progress.filled != 0) {
            _filled[_pair(order.member, order.ref)] =
                (uint256(progress.orderId) >> FILLED_BITS << FILLED_BITS) | progress.filled;
        }
    }

    function _close(bytes32 member, bytes32 ref) private {
        _closed[member][uint256(ref) >> 8] |= 1 << (uint256(ref) & 255);
    }

    function _isClosed(bytes32 member, bytes32 ref) private view returns (bool) {
        return (_closed[member][uint256(ref) >> 8] >> (uint256(ref) & 255)) & 1 != 0;
    }

    function _requireGoingOn(bytes32 subject) private view {
        SuspensionRecord storage found = _suspensions[subject];
        if (found.suspended) revert MarketSuspended(subject, found.order);
    }

    /// @dev The close of a day with trades: the one before it where none were listed. 0: there was no trade.
    function _closeOf(bytes32 instrument, uint32 day) private view returns (uint64) {
        Listed memory listed = _listed[instrument][day];
        return listed.volume == 0 ? listed.before : _mean(listed);
    }

    /// @dev Rounded half up to the fen.
    function _mean(Listed memory listed) private pure returns (uint64) {
        return uint64((2 * uint256(listed.turnover) + listed.volume) / (2 * uint256(listed.volume)));
    }

    function _bar(bytes32 instrument, uint32 day, Listed memory listed, Others memory others)
        private
        pure
        returns (TradingDay memory bar)
    {
        bar.instrument = instrument;
        bar.day = day;
        bar.previousClose = listed.before;
        bar.open = listed.volume == 0 ? listed.before : listed.open;
        bar.high = listed.high;
        bar.low = listed.low;
        bar.close = listed.volume == 0 ? listed.before : _mean(listed);
        bar.volume = listed.volume;
        bar.turnover = listed.turnover;
        bar.blockVolume = others.blockVolume;
        bar.blockTurnover = others.blockTurnover;
        bar.auctionVolume = others.auctionVolume;
        bar.auctionTurnover = others.auctionTurnover;
    }

    function _rules() private view returns (ITradingRules) {
        return ITradingRules(_located("TradingRules"));
    }

    function _pair(bytes32 one, bytes32 other) private pure returns (bytes32) {
        return keccak256(abi.encode(one, other));
    }
}
