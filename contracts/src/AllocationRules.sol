// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ALLOCATION_PUBLICATION_TYPE, AllocationPublication, BALANCE_PROPOSAL_TYPE, BalanceProposal} from "./Acts.sol";
import {
    ABSENT,
    AllocationForm,
    Benchmark,
    EntityFacts,
    EntityResult,
    IAllocationCalculator,
    LoadSegment,
    UnitFacts,
    UnitResult
} from "./interfaces/IAllocationCalculator.sol";
import {BandEntry, IAllocationRules} from "./interfaces/IAllocationRules.sol";
import {DataStore} from "./libraries/DataStore.sol";
import {Registry} from "./Registry.sol";
import {Signed} from "./Signatures.sol";

contract AllocationRules is IAllocationRules, Registry {
    bytes32 private constant TAG = keccak256("carbonledger/record/allocationRules/v1");
    uint8 private constant SUPPLY = 1;
    uint8 private constant VERIFIED = 3;
    uint8 private constant BAND = 4;
    uint256 private constant SPECIALS = 10; // words of the closed list
    uint256 private constant MOST = 1e27; // a thousand million, in 1e-18
    uint16 private constant LOAD_END = 10_001; // after 100.00 %

    struct Stored {
        bytes32 key;
        bytes32 formDigest;
        uint16 yearFrom;
        uint16 yearTo;
        uint8 status;
        uint8 method;
        address[] json;
        address[] form;
    }

    mapping(bytes32 ruleSetId => Stored) private _ruleSets;
    bytes32[] private _published;
    mapping(bytes32 balanceId => Balance) private _balances;
    mapping(bytes32 ofSector => uint64 value) private _proven;

    constructor(address directory_) Registry(directory_) {}

    /// @inheritdoc IAllocationRules
    function publish(
        AllocationPublication calldata act,
        bytes calldata json_,
        AllocationForm calldata form,
        Signed[] calldata quorum
    ) external {
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(ALLOCATION_PUBLICATION_TYPE, act), QUORUM);
        if (!fresh) return;
        _members().requireQuorum(digest, quorum);

        Stored storage stored = _ruleSets[act.ruleSetId];
        if (stored.status != 0) revert AllocationRulesKnown(act.ruleSetId);
        bytes32 found = sha256(json_);
        if (found != act.ruleSetId) revert AllocationRulesJsonDiffers(act.ruleSetId, found);
        found = _formDigest(form);
        if (found != act.formDigest) revert AllocationRulesFormDiffers(act.formDigest, found);
        _checkForm(form);
        _checkLoadFactors(form.load, IAllocationCalculator(_located(form.calculator)));

        stored.key = form.key;
        stored.formDigest = found;
        stored.yearFrom = form.yearFrom;
        stored.yearTo = form.yearTo;
        stored.status = form.status;
        stored.method = form.method;
        stored.json = DataStore.write(json_);
        stored.form = DataStore.write(abi.encode(form));
        _published.push(act.ruleSetId);
        _record(TAG, act.ruleSetId, abi.encode(TAG, ruleSetOf(act.ruleSetId)));
        emit AllocationRulesPublished(act.ruleSetId, form.key, found, actId);
    }

    /// @inheritdoc IAllocationRules
    function proposeBalance(BalanceProposal calldata act, Signed[] calldata quorum) external {
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(BALANCE_PROPOSAL_TYPE, act), QUORUM);
        if (!fresh) return;
        _members().requireQuorum(digest, quorum);

        Stored storage stored = _known(act.ruleSetId);
        if (stored.method != BAND) revert AllocationRulesNotABand(act.ruleSetId);
        if (act.year < stored.yearFrom || act.year > stored.yearTo) {
            revert AllocationRulesYearOutside(act.ruleSetId, act.year);
        }
        if (act.value == 0 || act.value == type(uint64).max || act.members == 0) {
            revert AllocationRulesBalanceEmpty(act.value, act.members);
        }
        Balance storage balance = _balances[actId];
        balance.ruleSetId = act.ruleSetId;
        balance.year = act.year;
        balance.sector = act.sector;
        balance.value = act.value;
        balance.members = act.members;
        balance.entriesDigest = act.entriesDigest;
        emit BalanceProposed(actId, act.ruleSetId, act.year, act.sector);
    }

    /// @inheritdoc IAllocationRules
    function sumBalance(bytes32 balanceId, BandEntry[] calldata entries) external {
        Balance memory balance = _balances[balanceId];
        if (balance.value == 0) revert AllocationRulesBalanceUnknown(balanceId);
        if (balance.proven) revert AllocationRulesBalanceDone(balanceId);
        if (entries.length > balance.members - balance.seen) {
            revert AllocationRulesTooManyEntries(balance.members - balance.seen, entries.length);
        }
        AllocationForm memory form = formOf(balance.ruleSetId);
        IAllocationCalculator calculator = IAllocationCalculator(_located(form.calculator));
        for (uint256 i = 0; i < entries.length; i++) {
            BandEntry calldata entry = entries[i];
            if (entry.id <= balance.last) revert AllocationRulesEntriesNotAscending(balance.last, entry.id);
            balance.last = entry.id;
            balance.running = keccak256(abi.encode(balance.running, entry.id, entry.intensity, entry.emissions));
            balance.below += calculator.bandTerm(form.numbers, balance.value, entry.intensity, entry.emissions);
            balance.above += calculator.bandTerm(form.numbers, balance.value + 1, entry.intensity, entry.emissions);
        }
        balance.seen += uint32(entries.length);
        if (balance.seen == balance.members) _prove(balanceId, balance);
        _balances[balanceId] = balance;
        emit BalanceSummed(balanceId, balance.seen);
    }

    /// @inheritdoc IAllocationRules
    function allocate(
        bytes32 ruleSetId,
        uint16 year,
        UnitFacts calldata facts,
        EntityFacts calldata entityFacts,
        bool small
    ) external view returns (UnitResult memory) {
        AllocationForm memory form = formOf(ruleSetId);
        return IAllocationCalculator(_located(form.calculator)).unit(form, year, facts, entityFacts, small);
    }

    /// @inheritdoc IAllocationRules
    function entity(
        bytes32 ruleSetId,
        uint16 year,
        bytes32 sector,
        UnitFacts[] calldata units,
        EntityFacts calldata entityFacts
    ) external view returns (EntityResult memory, UnitResult[] memory) {
        AllocationForm memory form = formOf(ruleSetId);
        if (entityFacts.balance != 0 && provenBalance(ruleSetId, year, sector) != entityFacts.balance) {
            revert AllocationRulesBalanceUnproven(ruleSetId, year, sector, entityFacts.balance);
        }
        return IAllocationCalculator(_located(form.calculator)).entity(form, year, units, entityFacts);
    }

    /// @inheritdoc IAllocationRules
    function provenBalance(bytes32 ruleSetId, uint16 year, bytes32 sector) public view returns (uint64) {
        return _proven[keccak256(abi.encode(ruleSetId, year, sector))];
    }

    /// @inheritdoc IAllocationRules
    function balanceOf(bytes32 balanceId) external view returns (Balance memory) {
        return _balances[balanceId];
    }

    /// @inheritdoc IAllocationRules
    function json(bytes32 ruleSetId) external view returns (bytes memory) {
        return DataStore.read(_known(ruleSetId).json);
    }

    /// @inheritdoc IAllocationRules
    function formOf(bytes32 ruleSetId) public view returns (AllocationForm memory) {
        return abi.decode(DataStore.read(_known(ruleSetId).form), (AllocationForm));
    }

    /// @inheritdoc IAllocationRules
    function ruleSetOf(bytes32 ruleSetId) public view returns (AllocationRuleSet memory) {
        Stored storage stored = _known(ruleSetId);
        return
            AllocationRuleSet(ruleSetId, stored.key, stored.yearFrom, stored.yearTo, stored.status, stored.formDigest);
    }

    /// @inheritdoc IAllocationRules
    function count() external view returns (uint256) {
        return _published.length;
    }

    /// @inheritdoc IAllocationRules
    function ruleSetAt(uint256 index) external view returns (bytes32) {
        return _published[index];
    }

    /* INSIDE */

    function _known(bytes32 ruleSetId) private view returns (Stored storage stored) {
        stored = _ruleSets[ruleSetId];
        if (stored.status == 0) revert AllocationRulesUnknown(ruleSetId);
    }

    function _prove(bytes32 balanceId, Balance memory balance) private {
        if (balance.running != balance.entriesDigest) {
            revert AllocationRulesEntriesDiffer(balance.entriesDigest, balance.running);
        }
        if (balance.below > 0 || balance.above <= 0) revert AllocationRulesNotABracket(balance.below, balance.above);
        balance.proven = true;
        _proven[keccak256(abi.encode(balance.ruleSetId, balance.year, balance.sector))] = balance.value;
        emit BalanceProven(balanceId, balance.value);
    }

    /// @dev What the calculator reads without looking again.
    function _checkForm(AllocationForm calldata form) private pure {
        if (form.key == 0) revert AllocationRulesFormWrong("key", 0);
        if (form.yearFrom == 0 || form.yearFrom > form.yearTo) revert AllocationRulesFormWrong("yearTo", form.yearTo);
        if (form.status == 0 || form.status > 3) revert AllocationRulesFormWrong("status", form.status);
        if (form.sectors == 0 || form.sectors > 15) revert AllocationRulesFormWrong("sectors", form.sectors);
        if (form.method == 0 || form.method > BAND) revert AllocationRulesFormWrong("method", form.method);
        if (form.excluded > 2) revert AllocationRulesFormWrong("excluded", form.excluded);
        if (form.preAllocation > 2) revert AllocationRulesFormWrong("preAllocation", form.preAllocation);
        if (form.loadScope > 2) revert AllocationRulesFormWrong("loadScope", form.loadScope);
        if (form.special & 1 != 0 || form.special >> (SPECIALS + 1) != 0) {
            revert AllocationRulesFormWrong("special", form.special);
        }
        _checkNumbers(form);
        bool benchmarked = form.method < VERIFIED;
        if ((form.benchmarks.length != 0) != benchmarked) {
            revert AllocationRulesFormWrong("benchmarks", form.benchmarks.length);
        }
        for (uint256 i = 0; i < form.benchmarks.length; i++) {
            Benchmark calldata mark = form.benchmarks[i];
            if (
                mark.unitClass == 0 || mark.unitClass > 4 || mark.yearFrom > mark.yearTo
                    || mark.yearFrom < form.yearFrom || mark.yearTo > form.yearTo || mark.electricity > MOST
                    || mark.heat > MOST
            ) revert AllocationRulesFormWrong("benchmarks", i);
        }
        _checkLoad(form);
    }

    /// @dev A number that a method needs is there; none is so large that a product of the calculator overflows.
    function _checkNumbers(AllocationForm calldata form) private pure {
        for (uint256 i = 0; i < form.numbers.length; i++) {
            uint256 number = form.numbers[i];
            if (number != ABSENT && number > MOST) revert AllocationRulesFormWrong("numbers", i);
            // 14, 15: a share of the emissions, at most all of them
            bool share = i == 14 || i == 15;
            if (share && number != ABSENT && number > 1e18) revert AllocationRulesFormWrong("numbers", i);
            bool needed = (form.method < VERIFIED && i == 0) || (form.method == SUPPLY && i >= 3 && i <= 6)
                || (form.preAllocation != 0 && i == 15) || (form.method == BAND && i >= 16);
            if (needed && number == ABSENT) revert AllocationRulesFormWrong("numbers", i);
        }
    }

    /// @dev The segments leave no load of 0 to 100 % out, and none in two of them.
    function _checkLoad(AllocationForm calldata form) private pure {
        if ((form.load.length == 0) != (form.loadScope == 0)) {
            revert AllocationRulesFormWrong("load", form.load.length);
        }
        uint16 next = 0;
        for (uint256 i = 0; i < form.load.length; i++) {
            LoadSegment calldata part = form.load[i];
            bool scaled = part.kind != 4 || (part.numbers[2] != 0 && part.numbers[4] != 0);
            if (part.start != next || part.below <= part.start || part.kind == 0 || part.kind > 4 || !scaled) {
                revert AllocationRulesFormWrong("load", i);
            }
            next = part.below;
        }
        if (form.load.length != 0 && next != LOAD_END) revert AllocationRulesFormWrong("load", next);
    }

    /// @dev There is a factor at both ends of each segment, and so between them: in a segment it only rises or falls.
    function _checkLoadFactors(LoadSegment[] calldata load, IAllocationCalculator calculator) private pure {
        for (uint256 i = 0; i < load.length; i++) {
            if (!_computable(load, load[i].start, calculator) || !_computable(load, load[i].below - 1, calculator)) {
                revert AllocationRulesFormWrong("load", i);
            }
        }
    }

    /// @dev The calculator answers in 1e-6; its products hold what is not above MOST.
    function _computable(LoadSegment[] calldata segments, uint16 load, IAllocationCalculator calculator)
        private
        pure
        returns (bool)
    {
        try calculator.loadFactor(segments, load) returns (uint256 factor) {
            return factor != 0 && factor <= MOST / 1e12;
        } catch {
            return false;
        }
    }

    /// @dev keccak256 of the form's words: the two counts, the head, the numbers, each benchmark, each segment.
    function _formDigest(AllocationForm calldata form) private pure returns (bytes32) {
        bytes memory words = abi.encode(
            form.benchmarks.length,
            form.load.length,
            form.key,
            form.calculator,
            form.yearFrom,
            form.yearTo,
            form.status,
            form.sectors,
            form.method
        );
        words = bytes.concat(
            words, abi.encode(form.excluded, form.preAllocation, form.loadScope, form.special, form.numbers)
        );
        for (uint256 i = 0; i < form.benchmarks.length; i++) {
            words = bytes.concat(words, abi.encode(form.benchmarks[i]));
        }
        for (uint256 i = 0; i < form.load.length; i++) {
            words = bytes.concat(words, abi.encode(form.load[i]));
        }
        return keccak256(words);
    }
}
