// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DirectoryEntry, DIRECTORY_ENTRY_TYPE} from "../src/Acts.sol";
import {AllowanceLedger} from "../src/AllowanceLedger.sol";
import {IAllowanceLedger, KIND_CEA, REGISTERED, TRADING} from "../src/interfaces/IAllowanceLedger.sol";
import {Fill, IMarket, PlacedOrder} from "../src/interfaces/IMarket.sol";
import {Authority} from "../src/interfaces/IPlanRegistry.sol";
import {ISettlementToken} from "../src/interfaces/ISettlementToken.sol";
import {BUY, LISTED, SELL} from "../src/interfaces/ITradingRules.sol";
import {Calendar} from "../src/libraries/Calendar.sol";
import {Market} from "../src/Market.sol";
import {
    Instrument,
    INSTRUMENT_TYPE,
    Matching,
    MATCHING_TYPE,
    MoneyIssuance,
    MONEY_ISSUANCE_TYPE,
    MoneyRedemption,
    MONEY_REDEMPTION_TYPE,
    Order,
    ORDER_TYPE,
    OrderCancellation,
    ORDER_CANCELLATION_TYPE,
    TradingDays,
    TRADING_DAYS_TYPE,
    TradingSuspension,
    TRADING_SUSPENSION_TYPE,
    TradingTerms,
    TRADING_TERMS_TYPE
} from "../src/MarketActs.sol";
import {Issuance, ISSUANCE_TYPE, Movement, MOVEMENT_TYPE} from "../src/QuotaActs.sol";
import {SettlementToken} from "../src/SettlementToken.sol";
import {Signed} from "../src/Signatures.sol";
import {TradingRules} from "../src/TradingRules.sol";
import {World} from "./World.sol";

/// @notice An enterprise, a bank and an exchange that trade, cancel, pay in and out, move units; a regulator who stops them.
contract Traders is World {
    uint256 internal constant EXCHANGE_KEY = 0xc1;
    bytes32 internal constant EXCHANGE_ID = keccak256("exchange");
    uint64 private constant FIRST_PRICE = 7463;
    uint64 private constant NEVER = type(uint64).max;

    AllowanceLedger public ledger;
    SettlementToken public token;
    TradingRules public rules;
    Market public market;
    bytes32 public instrument;
    bytes32[2] public lots;
    Order[] private _orders;
    mapping(bytes32 ref => uint64) public filled;
    uint64 public issued;
    uint64 public redeemed;
    uint64 public volume;
    uint256 public turnover;
    uint64 public trades;
    uint64 public crossing;

    function setUp() public override {
        super.setUp();
        vm.warp(Calendar.monthStart(2026, 3) + 9 days + 10 hours);
        admit(EXCHANGE_ID, 64, vm.addr(EXCHANGE_KEY), EXCHANGE_KEY);
        ledger = new AllowanceLedger(address(directory));
        token = new SettlementToken(address(directory));
        rules = new TradingRules(address(directory));
        market = new Market(address(directory));
        list("AllowanceLedger", address(ledger));
        list("SettlementToken", address(token));
        list("TradingRules", address(rules));
        list("Market", address(market));
        instrument = ledger.classOf(KIND_CEA, 2025, 0);
        publish();
        for (uint8 who = 0; who < 2; who++) {
            units(who, 10_000);
            payIn(who, 60_000_000);
        }
    }

    function list(bytes32 name, address where) private {
        DirectoryEntry memory act =
            DirectoryEntry(name, 1, where, where.codehash, uint64(block.timestamp), nextReference(), NEVER);
        directory.set(act, quorum(keccak256(abi.encode(DIRECTORY_ENTRY_TYPE, act))));
    }

    function publish() private {
        Instrument memory listed = Instrument(KIND_CEA, 2025, 0, FIRST_PRICE, 0, nextReference(), NEVER);
        rules.list(listed, quorum(keccak256(abi.encode(INSTRUMENT_TYPE, listed))));
        TradingTerms memory terms;
        terms.mode = LISTED;
        terms.since = 1;
        terms.smallest = 1;
        terms.largest = 99_999;
        terms.lotSize = 1;
        terms.tick = 1;
        terms.bandPpm = 100_000;
        terms.opens = 34200;
        terms.pauses = 41400;
        terms.resumes = 46800;
        terms.closes = 54000;
        terms.settleWithin = 600;
        terms.evidence = 1;
        terms.ref = nextReference();
        terms.deadline = NEVER;
        rules.publishTerms(terms, quorum(keccak256(abi.encode(TRADING_TERMS_TYPE, terms))));
        TradingDays memory year = TradingDays(2026, 1, type(uint256).max, (1 << 109) - 1, 1, 0, nextReference(), NEVER);
        rules.publishDays(year, quorum(keccak256(abi.encode(TRADING_DAYS_TYPE, year))));
    }

    function units(uint8 who, uint64 amount) private {
        Issuance memory act = Issuance(
            member(who), KIND_CEA, 2025, 0, amount, REGISTERED, 0, bytes32(uint256(who)), nextReference(), NEVER
        );
        lots[who % 2] = keccak256(
            abi.encode(
                ISSUANCE_TYPE,
                act.member,
                act.kind,
                act.vintage,
                act.project,
                act.amount,
                act.state,
                act.registeredAt,
                act.decision,
                act.ref
            )
        );
        ledger.issue(act, Authority(quorum(keccak256(abi.encode(ISSUANCE_TYPE, act))), 0, 0, new bytes32[](0)));
        move(who, true, uint16(amount / 2));
    }

    function member(uint8 who) public pure returns (bytes32) {
        return who % 2 == 0 ? ENTERPRISE_ID : BANK_ID;
    }

    function key(uint8 who) private pure returns (uint256) {
        return who % 2 == 0 ? ENTERPRISE_KEY : BANK_KEY;
    }

    function move(uint8 who, bool outward, uint16 amount) public {
        Movement memory act = Movement(
            member(who),
            lots[who % 2],
            outward ? REGISTERED : TRADING,
            outward ? TRADING : REGISTERED,
            amount,
            nextReference(),
            NEVER
        );
        try ledger.move(act, signed(key(who), keccak256(abi.encode(MOVEMENT_TYPE, act)))) {} catch {}
    }

    function payIn(uint8 who, uint32 amount) public {
        MoneyIssuance memory act = MoneyIssuance(BANK_ID, member(who), amount, 0, nextReference(), NEVER);
        try token.issue(act, signed(BANK_KEY, keccak256(abi.encode(MONEY_ISSUANCE_TYPE, act)))) {
            issued += amount;
        } catch {}
    }

    function payOut(uint8 who, uint32 amount) external {
        MoneyRedemption memory act = MoneyRedemption(BANK_ID, member(who), amount, 0, nextReference(), NEVER);
        bytes32 structHash = keccak256(abi.encode(MONEY_REDEMPTION_TYPE, act));
        try token.redeem(act, signed(key(who), structHash), signed(BANK_KEY, structHash)) {
            redeemed += amount;
        } catch {}
    }

    function pass(uint16 time) external {
        vm.warp(block.timestamp + time);
    }

    function suspend(uint8 who, bool stop) external {
        TradingSuspension memory act = TradingSuspension(
            bytes32(uint256(1)), who % 3 == 0 ? instrument : member(who), stop ? 1 : 0, "order", nextReference(), NEVER
        );
        try market.suspend(act, signed(REGULATOR_A, keccak256(abi.encode(TRADING_SUSPENSION_TYPE, act)))) {} catch {}
    }

    /// @dev A new order, or one that was placed before: filled in part, filled, or cancelled.
    function take(uint8 who, uint8 side, uint16 amount, uint16 price, uint8 old) private returns (Order memory order) {
        if (old < 64 && _orders.length != 0) return _orders[old % _orders.length];
        order = Order(
            member(who),
            instrument,
            LISTED,
            side,
            side == SELL ? lots[who % 2] : bytes32(0),
            amount % 2000,
            7000 + (price % 1000),
            0,
            0,
            nextReference(),
            NEVER
        );
        _orders.push(order);
    }

    function place(Order memory order, uint64 sequence) private view returns (PlacedOrder memory) {
        uint256 by = order.member == ENTERPRISE_ID ? ENTERPRISE_KEY : BANK_KEY;
        return PlacedOrder(order, sequence, signed(by, keccak256(abi.encode(ORDER_TYPE, order))));
    }

    function orderId(Order memory order) private pure returns (bytes32 id) {
        bytes memory encoded = abi.encode(ORDER_TYPE, order);
        assembly ("memory-safe") {
            id := keccak256(add(encoded, 32), sub(mload(encoded), 32))
        }
    }

    function trade(uint8 who, uint16 amount, uint16 price, uint16 part, uint8 oldSale, uint8 oldPurchase) external {
        PlacedOrder[] memory placed = new PlacedOrder[](2);
        placed[0] = place(take(who, SELL, amount, price, oldSale), 1);
        placed[1] = place(take(who % 2 == 0 ? 1 : 0, BUY, amount, price, oldPurchase), 2);
        Fill[] memory fills = new Fill[](1);
        fills[0] = Fill(1, 0, part % 2000, placed[0].order.price);
        Matching memory act = Matching(
            EXCHANGE_ID,
            instrument,
            LISTED,
            0,
            uint64(block.timestamp),
            keccak256(abi.encode(orderId(placed[0].order), uint256(1), orderId(placed[1].order), uint256(2))),
            keccak256(abi.encode(fills)),
            nextReference(),
            NEVER
        );
        try market.settle(act, placed, fills, signed(EXCHANGE_KEY, keccak256(abi.encode(MATCHING_TYPE, act)))) {
            trades++;
            if (placed[0].order.price > placed[1].order.price) crossing++;
            filled[placed[0].order.ref] += fills[0].amount;
            filled[placed[1].order.ref] += fills[0].amount;
            volume += fills[0].amount;
            turnover += uint256(fills[0].amount) * fills[0].price;
        } catch {}
    }

    function cancel(uint8 which) external {
        if (_orders.length == 0) return;
        Order memory order = _orders[which % _orders.length];
        OrderCancellation memory act = OrderCancellation(order.member, order.ref, nextReference(), NEVER);
        uint256 by = order.member == ENTERPRISE_ID ? ENTERPRISE_KEY : BANK_KEY;
        try market.cancel(act, signed(by, keccak256(abi.encode(ORDER_CANCELLATION_TYPE, act)))) {} catch {}
    }

    function held(uint8 lot) external view returns (uint256 sum) {
        for (uint8 who = 0; who < 2; who++) {
            IAllowanceLedger.Position memory p = ledger.positionOf(member(who), lots[lot]);
            sum += uint256(p.registered) + p.trading;
        }
    }

    function count() external view returns (uint256) {
        return _orders.length;
    }

    function order_(uint256 i) external view returns (Order memory) {
        return _orders[i];
    }

    function days_() external view returns (uint256 listedVolume, uint256 listedTurnover) {
        uint32 latest = market.latestDay(instrument);
        (uint32 first,) = Calendar.dayOf(Calendar.monthStart(2026, 3));
        for (uint32 day = first; day <= latest; day++) {
            IMarket.TradingDay memory bar = market.dayOf(instrument, day);
            listedVolume += bar.volume;
            listedTurnover += bar.turnover;
        }
    }
}

contract MarketInvariants {
    Traders private _traders;
    address[] private _targets;

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function setUp() public {
        _traders = new Traders();
        _traders.setUp();
        _targets.push(address(_traders));
    }

    function targetContracts() public view returns (address[] memory) {
        return _targets;
    }

    function targetSelectors() public view returns (FuzzSelector[] memory all) {
        all = new FuzzSelector[](1);
        bytes4[] memory selectors = new bytes4[](9);
        selectors[0] = Traders.move.selector;
        selectors[1] = Traders.payIn.selector;
        selectors[2] = Traders.payOut.selector;
        selectors[3] = Traders.pass.selector;
        selectors[4] = Traders.suspend.selector;
        selectors[5] = Traders.trade.selector;
        selectors[6] = Traders.cancel.selector;
        selectors[7] = Traders.trade.selector;
        selectors[8] = Traders.trade.selector;
        all[0] = FuzzSelector(address(_traders), selectors);
    }

    function invariant_no_fen_is_made_or_lost() public view {
        SettlementToken token = _traders.token();
        uint256 balances = uint256(token.balanceOf(_traders.member(0))) + token.balanceOf(_traders.member(1));
        require(balances == _traders.issued() - _traders.redeemed(), "fen were made or lost");
        require(token.supply() == balances, "the supply is not what is held");
        ISettlementToken.MoneyIssuer memory bank = token.issuerOf(_traders.member(1));
        require(bank.issued == _traders.issued() && bank.redeemed == _traders.redeemed(), "a bank's totals differ");
    }

    function invariant_no_unit_is_made_or_lost() public view {
        for (uint8 lot = 0; lot < 2; lot++) {
            require(_traders.held(lot) == 10_000, "units were made or lost");
        }
    }

    function invariant_no_order_is_filled_beyond_its_amount() public view {
        for (uint256 i = 0; i < _traders.count(); i++) {
            require(_traders.filled(_traders.order_(i).ref) <= _traders.order_(i).amount, "an order was overfilled");
        }
        require(_traders.crossing() == 0, "a buyer paid more than its limit");
    }

    function invariant_the_days_count_every_trade() public view {
        (uint256 volume, uint256 turnover) = _traders.days_();
        require(volume == _traders.volume() && turnover == _traders.turnover(), "the days do not count the trades");
    }
}

contract MarketSettles is Traders {
    /// @dev The handler does trade: else the invariants would hold of nothing.
    function test_a_trade_of_the_handler_settles() public {
        this.trade(0, 500, 463, 200, 255, 255);
        equal(trades, 1);
        this.trade(0, 0, 0, 300, 0, 1);
        equal(trades, 2);
        this.trade(0, 0, 0, 1, 0, 1);
        equal(trades, 2);
    }

    /// @dev The band is rounded inwards, whatever the first price and its width.
    function testFuzz_a_days_bar_is_within_its_trades(uint16 amount, uint16 price) public {
        this.trade(0, amount, price, amount, 255, 255);
        (uint32 day,) = Calendar.dayOf(uint64(block.timestamp));
        IMarket.TradingDay memory bar = market.dayOf(instrument, day);
        isTrue(bar.low <= bar.close && bar.close <= bar.high || trades == 0);
    }
}
