// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {KIND_CCER, KIND_CEA} from "./interfaces/IAllowanceLedger.sol";
import {EVIDENCE_DRAFT, EVIDENCE_LAST} from "./interfaces/IFactorRegistry.sol";
import {EXCHANGE} from "./interfaces/IMemberRegistry.sol";
import {
    AUCTION,
    BUY,
    ITradingRules,
    LISTED,
    PRICING_AS_BID,
    PRICING_UNIFORM,
    SELL
} from "./interfaces/ITradingRules.sol";
import {Calendar} from "./libraries/Calendar.sol";
import {
    Auction,
    AUCTION_TYPE,
    Instrument,
    INSTRUMENT_TYPE,
    TradingDays,
    TRADING_DAYS_TYPE,
    TradingTerms,
    TRADING_TERMS_TYPE
} from "./MarketActs.sol";
import {Registry} from "./Registry.sol";
import {Signed} from "./Signatures.sol";

contract TradingRules is ITradingRules, Registry {
    bytes32 private constant INSTRUMENT_TAG = keccak256("carbonledger/record/instrument/v1");
    bytes32 private constant TERMS_TAG = keccak256("carbonledger/record/tradingterms/v1");
    bytes32 private constant DAYS_TAG = keccak256("carbonledger/record/tradingdays/v1");
    bytes32 private constant AUCTION_TAG = keccak256("carbonledger/record/auction/v1");

    uint64 private constant MOST_FEN = 2 ** 32 - 1;
    uint64 private constant MOST_TONNES = 2 ** 40 - 1;
    uint32 private constant MILLION = 1_000_000;

    mapping(bytes32 instrument => InstrumentRecord) private _listings;
    mapping(uint8 mode => TermsRecord[]) private _terms;
    mapping(uint16 year => DaysRecord) private _days;
    mapping(bytes32 auction => AuctionRecord) private _auctions;

    constructor(address directory_) Registry(directory_) {}

    /// @inheritdoc ITradingRules
    function list(Instrument calldata act, Signed[] calldata quorum) external {
        (bool fresh,, bytes32 digest) = _open(abi.encode(INSTRUMENT_TYPE, act), QUORUM);
        if (!fresh) return;
        _members().requireQuorum(digest, quorum);
        // the class of units, as AllowanceLedger.classOf
        bytes32 instrument = keccak256(abi.encode(act.kind, act.vintage, act.project));
        if (_listings[instrument].listedAt != 0) revert TradingRulesInstrumentKnown(instrument);
        if (act.kind != KIND_CEA && act.kind != KIND_CCER) revert TradingRulesFieldWrong("kind", act.kind);
        if ((act.kind == KIND_CEA) != (act.project == 0)) {
            revert TradingRulesFieldWrong("project", uint256(act.project));
        }
        if (act.firstPrice == 0 || act.firstPrice > MOST_FEN) {
            revert TradingRulesFieldWrong("firstPrice", act.firstPrice);
        }
        InstrumentRecord memory listing =
            InstrumentRecord(instrument, act.kind, act.vintage, act.project, act.firstPrice, act.sourceDigest, _now());
        _listings[instrument] = listing;
        _record(INSTRUMENT_TAG, instrument, abi.encode(INSTRUMENT_TAG, listing));
    }

    /// @inheritdoc ITradingRules
    function publishTerms(TradingTerms calldata act, Signed[] calldata quorum) external {
        (bool fresh, bytes32 termsId, bytes32 digest) = _open(abi.encode(TRADING_TERMS_TYPE, act), QUORUM);
        if (!fresh) return;
        _members().requireQuorum(digest, quorum);
        _checkTerms(act);
        TermsRecord[] storage all = _terms[act.mode];
        uint64 latest = all.length == 0 ? 0 : all[all.length - 1].since;
        if (act.since <= latest) revert TradingRulesTermsNotLater(act.mode, latest, act.since);
        TermsRecord memory terms;
        terms.termsId = termsId;
        terms.mode = act.mode;
        terms.since = act.since;
        terms.smallest = act.smallest;
        terms.largest = act.largest;
        terms.lotSize = act.lotSize;
        terms.tick = act.tick;
        terms.bandPpm = act.bandPpm;
        terms.opens = act.opens;
        terms.pauses = act.pauses;
        terms.resumes = act.resumes;
        terms.closes = act.closes;
        terms.settleWithin = act.settleWithin;
        terms.positionLimit = act.positionLimit;
        terms.evidence = act.evidence;
        terms.sourceDigest = act.sourceDigest;
        all.push(terms);
        _record(TERMS_TAG, termsId, abi.encode(TERMS_TAG, terms));
    }

    /// @inheritdoc ITradingRules
    function publishDays(TradingDays calldata act, Signed[] calldata quorum) external {
        (bool fresh, bytes32 daysId, bytes32 digest) = _open(abi.encode(TRADING_DAYS_TYPE, act), QUORUM);
        if (!fresh) return;
        _members().requireQuorum(digest, quorum);
        uint16 next = _days[act.year].edition + 1;
        if (act.edition != next) revert TradingRulesEditionNotNext(act.year, next, act.edition);
        if (act.late >> 110 != 0) revert TradingRulesFieldWrong("late", act.late);
        _checkEvidence(act.evidence);
        DaysRecord memory year =
            DaysRecord(daysId, act.year, act.edition, act.early, act.late, act.evidence, act.sourceDigest);
        _days[act.year] = year;
        _record(DAYS_TAG, daysId, abi.encode(DAYS_TAG, year));
    }

    /// @inheritdoc ITradingRules
    function announce(Auction calldata act, Signed calldata exchange) external {
        (bool fresh, bytes32 auctionId, bytes32 digest) = _open(abi.encode(AUCTION_TYPE, act), act.exchange);
        if (!fresh) return;
        _requireMember(act.exchange, exchange, digest);
        _requireKind(act.exchange, EXCHANGE);
        if (_listings[act.instrument].listedAt == 0) revert TradingRulesInstrumentUnknown(act.instrument);
        if (act.side != BUY && act.side != SELL) revert TradingRulesFieldWrong("side", act.side);
        if (act.amount == 0 || act.amount > MOST_TONNES) revert TradingRulesFieldWrong("amount", act.amount);
        if (act.limit == 0 || act.limit > MOST_FEN) revert TradingRulesFieldWrong("limit", act.limit);
        if (act.pricing != PRICING_UNIFORM && act.pricing != PRICING_AS_BID) {
            revert TradingRulesFieldWrong("pricing", act.pricing);
        }
        if (act.opensAt < block.timestamp) revert TradingRulesFieldWrong("opensAt", act.opensAt);
        if (act.closesAt <= act.opensAt) revert TradingRulesFieldWrong("closesAt", act.closesAt);
        AuctionRecord memory notice = AuctionRecord(
            auctionId,
            act.exchange,
            act.instrument,
            act.member,
            act.side,
            act.amount,
            act.limit,
            act.pricing,
            act.opensAt,
            act.closesAt,
            act.noticeDigest
        );
        _auctions[auctionId] = notice;
        _record(AUCTION_TAG, auctionId, abi.encode(AUCTION_TAG, notice));
    }

    /* VIEWS */

    /// @inheritdoc ITradingRules
    function conditions(bytes32 instrument, uint8 mode, uint64 time)
        external
        view
        returns (TermsRecord memory terms, uint64 firstPrice)
    {
        firstPrice = _listings[instrument].firstPrice;
        if (firstPrice == 0) revert TradingRulesInstrumentUnknown(instrument);
        terms = termsAt(mode, time);
        (uint32 day, uint32 second) = Calendar.dayOf(time);
        _requireTradingDay(time, day);
        if (terms.closes == 0 && terms.pauses == 0) return (terms, firstPrice); // as announced
        bool first = terms.opens <= second && second < terms.pauses;
        if (!first && (second < terms.resumes || second >= terms.closes)) {
            revert TradingRulesOutsideHours(mode, second);
        }
    }

    /// @inheritdoc ITradingRules
    function termsAt(uint8 mode, uint64 time) public view returns (TermsRecord memory) {
        TermsRecord[] storage all = _terms[mode];
        for (uint256 i = all.length; i > 0; i--) {
            TermsRecord storage terms = all[i - 1];
            if (terms.since <= time && terms.evidence != EVIDENCE_DRAFT) return terms;
        }
        revert TradingRulesNoTermsAt(mode, time);
    }

    /// @inheritdoc ITradingRules
    function daysOf(uint16 year) public view returns (DaysRecord memory found) {
        found = _days[year];
        if (found.daysId == 0 || found.evidence == EVIDENCE_DRAFT) revert TradingRulesDaysUnknown(year);
    }

    /// @inheritdoc ITradingRules
    function instrumentOf(bytes32 instrument) external view returns (InstrumentRecord memory) {
        if (_listings[instrument].listedAt == 0) revert TradingRulesInstrumentUnknown(instrument);
        return _listings[instrument];
    }

    /// @inheritdoc ITradingRules
    function auctionOf(bytes32 auction) external view returns (AuctionRecord memory) {
        if (_auctions[auction].auctionId == 0) revert TradingRulesAuctionUnknown(auction);
        return _auctions[auction];
    }

    /* INSIDE */

    function _requireTradingDay(uint64 time, uint32 day) private view {
        uint16 year = Calendar.yearOf(time);
        DaysRecord memory found = daysOf(year);
        (uint32 newYear,) = Calendar.dayOf(Calendar.monthStart(year, 1));
        uint32 dayOfYear = day - newYear;
        uint256 open = dayOfYear < 256 ? found.early >> dayOfYear : found.late >> (dayOfYear - 256);
        if (open & 1 == 0) revert TradingRulesNotATradingDay(year, uint16(dayOfYear));
    }

    function _checkTerms(TradingTerms calldata act) private pure {
        if (act.mode < LISTED || act.mode > AUCTION) revert TradingRulesFieldWrong("mode", act.mode);
        if (act.smallest == 0) revert TradingRulesFieldWrong("smallest", act.smallest);
        if (act.largest != 0 && act.largest < act.smallest) revert TradingRulesFieldWrong("largest", act.largest);
        if (act.lotSize == 0) revert TradingRulesFieldWrong("lotSize", act.lotSize);
        if (act.tick == 0) revert TradingRulesFieldWrong("tick", act.tick);
        if (act.bandPpm > MILLION) revert TradingRulesFieldWrong("bandPpm", act.bandPpm);
        if (act.pauses < act.opens) revert TradingRulesFieldWrong("pauses", act.pauses);
        if (act.resumes < act.pauses) revert TradingRulesFieldWrong("resumes", act.resumes);
        if (act.closes < act.resumes || act.closes > 1 days) revert TradingRulesFieldWrong("closes", act.closes);
        _checkEvidence(act.evidence);
    }

    function _checkEvidence(uint8 evidence) private pure {
        if (evidence == 0 || evidence > EVIDENCE_LAST) revert TradingRulesFieldWrong("evidence", evidence);
    }
}
