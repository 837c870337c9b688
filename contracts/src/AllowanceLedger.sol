// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    END_CANCELLED,
    END_SURRENDERED,
    FROZEN,
    IAllowanceLedger,
    KIND_CCER,
    KIND_CEA,
    PENDING,
    PLEDGED,
    PROVINCIAL,
    REGISTERED,
    TRADING
} from "./interfaces/IAllowanceLedger.sol";
import {
    AUDITOR,
    BANK,
    ENTERPRISE,
    EXCHANGE,
    IMemberRegistry,
    METROLOGY_LAB,
    PREPARER,
    REGULATOR,
    VERIFIER
} from "./interfaces/IMemberRegistry.sol";
import {Authority} from "./interfaces/IPlanRegistry.sol";
import {IReductionRegistry} from "./interfaces/IReductionRegistry.sol";
import {Calendar} from "./libraries/Calendar.sol";
import {Planned} from "./Planned.sol";
import {
    Freeze,
    FREEZE_TYPE,
    Issuance,
    ISSUANCE_TYPE,
    Movement,
    MOVEMENT_TYPE,
    OffsetProject,
    OFFSET_PROJECT_TYPE,
    Recall,
    RECALL_TYPE,
    Release,
    RELEASE_TYPE,
    Thaw,
    THAW_TYPE
} from "./QuotaActs.sol";
import {Registry} from "./Registry.sol";
import {Signed} from "./Signatures.sol";

contract AllowanceLedger is IAllowanceLedger, Planned {
    bytes32 private constant LOT_TAG = keccak256("carbonledger/record/lot/v1");
    bytes32 private constant TALLY_TAG = keccak256("carbonledger/record/tally/v1");
    bytes32 private constant POSITION_TAG = keccak256("carbonledger/record/position/v1");
    bytes32 private constant FREEZE_TAG = keccak256("carbonledger/record/freeze/v1");
    bytes32 private constant PROJECT_TAG = keccak256("carbonledger/record/offsetproject/v1");

    bytes32 private constant MARKET = "Market";
    bytes32 private constant COMPLIANCE = "Compliance";
    bytes32 private constant PLEDGES = "PledgeRegistry";

    uint256 private constant BITS = 40;
    uint64 private constant MOST = 2 ** 40 - 1;
    uint16 private constant HOLDERS = ENTERPRISE | BANK;
    uint16 private constant NOT_HOLDERS = REGULATOR | PREPARER | VERIFIER | AUDITOR | EXCHANGE | METROLOGY_LAB;

    /// @dev One slot; amounts are at most MOST.
    struct StoredLot {
        uint8 kind;
        uint16 vintage;
        uint40 registeredAt;
        uint40 issued;
        uint40 surrendered;
        uint40 cancelled;
        uint40 carried;
    }

    struct Flow {
        uint64 sold;
        uint64 bought;
    }

    mapping(bytes32 lot => StoredLot) private _lots;
    mapping(bytes32 lot => bytes32 project) private _projectOfLot;
    /// @dev Six amounts of 40 bits, state 1 lowest. None overflows: together they are at most the lot's `issued`.
    mapping(bytes32 memberAndLot => uint256 amounts) private _positions;
    mapping(bytes32 memberAndClass => Account) private _accounts;
    mapping(bytes32 memberClassYear => Flow) private _flows;
    mapping(bytes32 classId => uint64) private _serials;
    mapping(bytes32 decisionMemberClass => bytes32 lot) private _decided;
    mapping(bytes32 freezeId => FreezeRecord) private _freezes;
    mapping(bytes32 project => ProjectRecord) private _projects;

    constructor(address directory_) Registry(directory_) {}

    /* ISSUE */

    /// @inheritdoc IAllowanceLedger
    function registerProject(OffsetProject calldata act, Signed[] calldata quorum) external {
        (bool fresh,, bytes32 digest) = _open(abi.encode(OFFSET_PROJECT_TYPE, act), QUORUM);
        if (!fresh) return;
        _members().requireQuorum(digest, quorum);
        if (act.project == 0) revert AllowanceLedgerProjectUnknown(act.project);
        if (_projects[act.project].owner != 0) revert AllowanceLedgerProjectKnown(act.project);
        _requireHolder(_members(), act.owner);
        ProjectRecord memory project =
            ProjectRecord(act.project, act.owner, act.methodology, act.covered != 0, act.documentDigest, _now());
        _projects[act.project] = project;
        _record(PROJECT_TAG, act.project, abi.encode(PROJECT_TAG, project));
    }

    /// @inheritdoc IAllowanceLedger
    function issue(Issuance calldata act, Authority calldata authority) external {
        (bool fresh, bytes32 lot, bytes32 digest) = _open(abi.encode(ISSUANCE_TYPE, act), QUORUM);
        if (!fresh) return;
        _requireAuthority(lot, digest, authority);
        if (act.state != REGISTERED && act.state != PROVINCIAL) revert AllowanceLedgerMoveForbidden(0, act.state);
        if (act.registeredAt > block.timestamp) revert AllowanceLedgerAmountOutOfRange(act.registeredAt);
        if (act.kind == KIND_CCER) {
            bytes32 owner = _projects[act.project].owner;
            if (owner == 0) revert AllowanceLedgerProjectUnknown(act.project);
            if (owner != act.member) revert AllowanceLedgerNotTheOwner(act.project, owner, act.member);
            // a project with a methodology is credited here, period by period; others were credited elsewhere
            if (_projects[act.project].methodology != 0) {
                IReductionRegistry(_located("ReductionRegistry"))
                    .requireIssue(act.decision, act.project, act.vintage, act.amount);
            }
        } else if (act.kind != KIND_CEA || act.project != 0) {
            revert AllowanceLedgerKindUnknown(act.kind, act.vintage, act.project);
        }
        _requireHolder(_members(), act.member);
        bytes32 classId = classOf(act.kind, act.vintage, act.project);
        bytes32 key = keccak256(abi.encode(act.decision, act.member, classId));
        if (_decided[key] != 0) revert AllowanceLedgerDecisionUsed(act.decision, _decided[key]);
        _decided[key] = lot;

        Lot memory made = Lot(
            lot,
            act.member,
            act.kind,
            act.vintage,
            act.project,
            act.amount,
            0,
            act.registeredAt,
            act.decision,
            authority.plan,
            0,
            _now()
        );
        _create(made, classId, act.state);
        Account storage account = _account(act.member, classId);
        account.issued += act.amount;
        account.held += act.amount;
    }

    /// @inheritdoc IAllowanceLedger
    function recall(Recall calldata act, Authority calldata authority) external {
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(RECALL_TYPE, act), QUORUM);
        if (!fresh) return;
        _requireAuthority(actId, digest, authority);
        _requireLot(act.lot);
        uint64 provincial = _amount(_positions[_pair(act.member, act.lot)], PROVINCIAL);
        uint64 first = provincial < act.amount ? provincial : act.amount;
        if (first != 0) _end(act.member, act.lot, PROVINCIAL, first, END_CANCELLED, actId);
        if (first != act.amount || first == 0) {
            _end(act.member, act.lot, REGISTERED, act.amount - first, END_CANCELLED, actId);
        }
    }

    /// @inheritdoc IAllowanceLedger
    function release(Release calldata act, Authority calldata authority) external {
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(RELEASE_TYPE, act), QUORUM);
        if (!fresh) return;
        _requireAuthority(actId, digest, authority);
        _shift(act.member, act.lot, PROVINCIAL, REGISTERED, act.amount, actId);
    }

    /* HOLDERS AND REGULATORS */

    /// @inheritdoc IAllowanceLedger
    function move(Movement calldata act, Signed calldata holder) external {
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(MOVEMENT_TYPE, act), act.member);
        if (!fresh) return;
        _requireMember(act.member, holder, digest);
        bool outward = act.source == REGISTERED && act.target == TRADING;
        if (!outward && (act.source != TRADING || act.target != REGISTERED)) {
            revert AllowanceLedgerMoveForbidden(act.source, act.target);
        }
        _shift(act.member, act.lot, act.source, act.target, act.amount, actId);
    }

    /// @inheritdoc IAllowanceLedger
    function freeze(Freeze calldata act, Signed calldata regulator) external {
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(FREEZE_TYPE, act), act.regulator);
        if (!fresh) return;
        _requireMember(act.regulator, regulator, digest);
        _requireKind(act.regulator, REGULATOR);
        if (act.source != REGISTERED && act.source != TRADING) revert AllowanceLedgerMoveForbidden(act.source, FROZEN);
        _shift(act.member, act.lot, act.source, FROZEN, act.amount, actId);
        _freezes[actId] = FreezeRecord(actId, act.member, act.lot, act.amount, act.order, act.regulator, _now(), 0, 0);
        _recordFreeze(actId);
    }

    /// @inheritdoc IAllowanceLedger
    function thaw(Thaw calldata act, Signed calldata regulator) external {
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(THAW_TYPE, act), act.regulator);
        if (!fresh) return;
        _requireMember(act.regulator, regulator, digest);
        _requireKind(act.regulator, REGULATOR);
        FreezeRecord storage frozen = _freezes[act.freezeId];
        if (frozen.freezeId == 0) revert AllowanceLedgerFreezeUnknown(act.freezeId);
        if (frozen.thawedAt != 0) revert AllowanceLedgerAlreadyThawed(act.freezeId, frozen.thawedAt);
        frozen.thawedAt = _now();
        frozen.thawOrder = act.order;
        _shift(frozen.member, frozen.lot, FROZEN, REGISTERED, frozen.amount, actId);
        _recordFreeze(act.freezeId);
    }

    /* OTHER CONTRACTS */

    /// @inheritdoc IAllowanceLedger
    function shift(bytes32 name, bytes32 member, bytes32 lot, uint8 source, uint8 target, uint64 amount, bytes32 cause)
        external
    {
        // the state beside `registered` that is this contract's own
        uint8 own = name == COMPLIANCE ? PENDING : name == PLEDGES ? PLEDGED : 0;
        if (own == 0) revert AllowanceLedgerNotTheContract(name, address(0), msg.sender);
        _requireContract(name);
        if (!(source == REGISTERED && target == own) && !(source == own && target == REGISTERED)) {
            revert AllowanceLedgerMoveForbidden(source, target);
        }
        _shift(member, lot, source, target, amount, cause);
    }

    /// @inheritdoc IAllowanceLedger
    function transfer(bytes32 name, bytes32 lot, bytes32 giver, bytes32 taker, uint64 amount, bytes32 cause) external {
        if (name != PLEDGES) revert AllowanceLedgerNotTheContract(name, address(0), msg.sender);
        _requireContract(name);
        _requireHolder(_members(), taker);
        _take(giver, lot, PLEDGED, amount);
        _put(taker, lot, REGISTERED, amount);
        bytes32 classId = _classOfLot(lot);
        uint16 year = Calendar.yearOf(_now());
        _account(giver, classId, year).held -= amount;
        _account(taker, classId, year).held += amount;
        emit UnitsTransferred(lot, giver, taker, amount, REGISTERED, cause);
    }

    /// @inheritdoc IAllowanceLedger
    function deliver(bytes32 name, Delivery[] calldata deliveries) external {
        if (name != MARKET) revert AllowanceLedgerNotTheContract(name, address(0), msg.sender);
        _requireContract(name);
        IMemberRegistry members = _members();
        uint16 year = Calendar.yearOf(_now());
        for (uint256 i = 0; i < deliveries.length; i++) {
            Delivery calldata one = deliveries[i];
            _requireHolder(members, one.taker);
            bytes32 key = _pair(one.giver, one.lot);
            _positions[key] = _taken(one.giver, one.lot, _positions[key], TRADING, one.amount);
            // what the giver gives of the lot without a break is told once
            bool last =
                i + 1 == deliveries.length || deliveries[i + 1].giver != one.giver || deliveries[i + 1].lot != one.lot;
            if (last) _recordPosition(one.giver, one.lot);
            _put(one.taker, one.lot, TRADING, one.amount);
            bytes32 classId = _classOfLot(one.lot);
            _account(one.giver, classId, year).held -= one.amount;
            _account(one.taker, classId, year).held += one.amount;
            _flows[keccak256(abi.encode(one.giver, classId, year))].sold += one.amount;
            _flows[keccak256(abi.encode(one.taker, classId, year))].bought += one.amount;
            emit UnitsTransferred(one.lot, one.giver, one.taker, one.amount, TRADING, one.cause);
        }
    }

    /// @inheritdoc IAllowanceLedger
    function retire(bytes32 member, bytes32 lot, uint8 state, uint64 amount, uint8 end, bytes32 cause) external {
        _requireContract(COMPLIANCE);
        if (state == FROZEN || state == PLEDGED) revert AllowanceLedgerMoveForbidden(state, 0);
        _end(member, lot, state, amount, end, cause);
    }

    /// @inheritdoc IAllowanceLedger
    function carry(bytes32 member, bytes32 lot, uint64 amount, uint16 toVintage, bytes32 newLot) external {
        _requireContract(COMPLIANCE);
        _take(member, lot, PENDING, amount);
        StoredLot storage old = _lots[lot];
        old.carried += uint40(amount); // at most `issued`
        _recordTally(lot);
        emit UnitsCarried(lot, member, amount, newLot);
        bytes32 classId = classOf(KIND_CEA, toVintage, 0);
        Lot memory made = Lot(newLot, member, KIND_CEA, toVintage, 0, amount, 0, _now(), newLot, 0, lot, _now());
        _create(made, classId, REGISTERED);
        _account(member, classId).held += amount;
    }

    /* VIEWS */

    /// @inheritdoc IAllowanceLedger
    function mayHold(bytes32 member) public view returns (bool) {
        return _mayHold(_members(), member);
    }

    /// @inheritdoc IAllowanceLedger
    function classOf(uint8 kind, uint16 vintage, bytes32 project) public pure returns (bytes32) {
        return keccak256(abi.encode(kind, vintage, project));
    }

    /// @inheritdoc IAllowanceLedger
    function lotOf(bytes32 lot) external view returns (uint8, uint16, bytes32, uint64) {
        StoredLot storage stored = _requireLot(lot);
        return (stored.kind, stored.vintage, _projectOfLot[lot], stored.registeredAt);
    }

    /// @inheritdoc IAllowanceLedger
    function tallyOf(bytes32 lot) public view returns (Tally memory) {
        StoredLot storage stored = _requireLot(lot);
        return Tally(lot, stored.issued, stored.surrendered, stored.cancelled, stored.carried);
    }

    /// @inheritdoc IAllowanceLedger
    function positionOf(bytes32 member, bytes32 lot) public view returns (Position memory) {
        uint256 p = _positions[_pair(member, lot)];
        return Position(
            member,
            lot,
            _amount(p, REGISTERED),
            _amount(p, TRADING),
            _amount(p, FROZEN),
            _amount(p, PLEDGED),
            _amount(p, PENDING),
            _amount(p, PROVINCIAL)
        );
    }

    /// @inheritdoc IAllowanceLedger
    function freezeOf(bytes32 freezeId) external view returns (FreezeRecord memory) {
        if (_freezes[freezeId].freezeId == 0) revert AllowanceLedgerFreezeUnknown(freezeId);
        return _freezes[freezeId];
    }

    /// @inheritdoc IAllowanceLedger
    function projectOf(bytes32 project) external view returns (ProjectRecord memory) {
        if (_projects[project].owner == 0) revert AllowanceLedgerProjectUnknown(project);
        return _projects[project];
    }

    /// @inheritdoc IAllowanceLedger
    function accountOf(bytes32 member, bytes32 classId) external view returns (Account memory) {
        return _accounts[_pair(member, classId)];
    }

    /// @inheritdoc IAllowanceLedger
    function heldAtEnd(bytes32 member, bytes32 classId, uint16 year) public view returns (uint64) {
        Account memory account = _accounts[_pair(member, classId)];
        if (account.year <= year) return account.held;
        if (account.year == year + 1) return account.heldAtStart;
        revert AllowanceLedgerHoldingsForgotten(member, year, account.year);
    }

    /// @inheritdoc IAllowanceLedger
    function flowOf(bytes32 member, bytes32 classId, uint16 year) external view returns (uint64, uint64) {
        Flow storage flow = _flows[keccak256(abi.encode(member, classId, year))];
        return (flow.sold, flow.bought);
    }

    /// @inheritdoc IAllowanceLedger
    function carryBasis(
        bytes32 member,
        uint16 vintageFrom,
        uint16 vintageTo,
        uint16 salesFrom,
        uint16 salesTo,
        uint16 holdingsYear
    ) external view returns (uint64 sold, uint64 bought, uint64 held) {
        for (uint16 vintage = vintageFrom; vintage <= vintageTo; vintage++) {
            bytes32 classId = classOf(KIND_CEA, vintage, 0);
            held += heldAtEnd(member, classId, holdingsYear);
            for (uint16 year = salesFrom; year <= salesTo; year++) {
                Flow storage flow = _flows[keccak256(abi.encode(member, classId, year))];
                sold += flow.sold;
                bought += flow.bought;
            }
        }
    }

    /// @inheritdoc IAllowanceLedger
    function serialsOf(bytes32 classId) external view returns (uint64) {
        return _serials[classId];
    }

    /* INSIDE */

    function _requireContract(bytes32 name) private view {
        address expected = _located(name);
        if (msg.sender != expected) revert AllowanceLedgerNotTheContract(name, expected, msg.sender);
    }

    function _mayHold(IMemberRegistry members, bytes32 member) private view returns (bool) {
        return members.isAdmitted(member, HOLDERS) && !members.isAdmitted(member, NOT_HOLDERS);
    }

    function _requireHolder(IMemberRegistry members, bytes32 member) private view {
        if (!_mayHold(members, member)) {
            revert AllowanceLedgerHolderRefused(member, members.memberOf(member).kinds);
        }
    }

    function _requireLot(bytes32 lot) private view returns (StoredLot storage stored) {
        stored = _lots[lot];
        if (stored.kind == 0) revert AllowanceLedgerLotUnknown(lot);
    }

    /// @dev `serialFrom` is filled in here.
    function _create(Lot memory made, bytes32 classId, uint8 state) private {
        if (made.amount == 0 || made.amount > MOST) revert AllowanceLedgerAmountOutOfRange(made.amount);
        made.serialFrom = _serials[classId];
        _serials[classId] = made.serialFrom + made.amount;
        _lots[made.lot] = StoredLot(made.kind, made.vintage, uint40(made.registeredAt), uint40(made.amount), 0, 0, 0);
        if (made.project != 0) _projectOfLot[made.lot] = made.project;
        _record(LOT_TAG, made.lot, abi.encode(LOT_TAG, made));
        _put(made.member, made.lot, state, made.amount);
        emit UnitsIssued(made.lot, made.member, classId, made.amount, state);
    }

    function _end(bytes32 member, bytes32 lot, uint8 state, uint64 amount, uint8 end, bytes32 cause) private {
        _take(member, lot, state, amount);
        StoredLot storage stored = _lots[lot];
        if (end == END_SURRENDERED) stored.surrendered += uint40(amount); // at most `issued`
        else stored.cancelled += uint40(amount);
        if (state != PENDING) _account(member, _classOfLot(lot)).held -= amount;
        _recordTally(lot);
        emit UnitsEnded(lot, member, amount, end, cause);
    }

    function _shift(bytes32 member, bytes32 lot, uint8 source, uint8 target, uint64 amount, bytes32 cause) private {
        bytes32 key = _pair(member, lot);
        uint256 p = _taken(member, lot, _positions[key], source, amount);
        _positions[key] = p + (uint256(amount) << (BITS * (target - 1)));
        if (target == PENDING) _account(member, _classOfLot(lot)).held -= amount;
        if (source == PENDING) _account(member, _classOfLot(lot)).held += amount;
        _recordPosition(member, lot);
        emit UnitsMoved(lot, member, source, target, amount, cause);
    }

    function _take(bytes32 member, bytes32 lot, uint8 state, uint64 amount) private {
        bytes32 key = _pair(member, lot);
        _positions[key] = _taken(member, lot, _positions[key], state, amount);
        _recordPosition(member, lot);
    }

    function _put(bytes32 member, bytes32 lot, uint8 state, uint64 amount) private {
        _positions[_pair(member, lot)] += uint256(amount) << (BITS * (state - 1));
        _recordPosition(member, lot);
    }

    function _taken(bytes32 member, bytes32 lot, uint256 p, uint8 state, uint64 amount) private pure returns (uint256) {
        if (amount == 0) revert AllowanceLedgerAmountOutOfRange(amount);
        uint64 available = _amount(p, state);
        if (available < amount) revert AllowanceLedgerTooFew(member, lot, state, available, amount);
        return p - (uint256(amount) << (BITS * (state - 1)));
    }

    function _amount(uint256 p, uint8 state) private pure returns (uint64) {
        return uint64((p >> (BITS * (state - 1))) & MOST);
    }

    /// @dev The account, its year's opening balance kept before the first change of a year.
    function _account(bytes32 member, bytes32 classId) private returns (Account storage) {
        return _account(member, classId, Calendar.yearOf(_now()));
    }

    /// @param year that of now.
    function _account(bytes32 member, bytes32 classId, uint16 year) private returns (Account storage account) {
        account = _accounts[_pair(member, classId)];
        if (account.year != year) {
            account.heldAtStart = account.held;
            account.year = year;
        }
    }

    function _classOfLot(bytes32 lot) private view returns (bytes32) {
        StoredLot storage stored = _lots[lot];
        return classOf(stored.kind, stored.vintage, stored.kind == KIND_CCER ? _projectOfLot[lot] : bytes32(0));
    }

    function _pair(bytes32 member, bytes32 other) private pure returns (bytes32) {
        return keccak256(abi.encode(member, other));
    }

    function _recordPosition(bytes32 member, bytes32 lot) private {
        _record(POSITION_TAG, _pair(member, lot), abi.encode(POSITION_TAG, positionOf(member, lot)));
    }

    function _recordTally(bytes32 lot) private {
        _record(TALLY_TAG, lot, abi.encode(TALLY_TAG, tallyOf(lot)));
    }

    function _recordFreeze(bytes32 freezeId) private {
        FreezeRecord memory frozen = _freezes[freezeId];
        _record(FREEZE_TAG, freezeId, abi.encode(FREEZE_TAG, frozen));
    }
}
