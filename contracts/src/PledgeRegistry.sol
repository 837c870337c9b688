// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAllowanceLedger, PLEDGED, REGISTERED} from "./interfaces/IAllowanceLedger.sol";
import {BANK, REGULATOR} from "./interfaces/IMemberRegistry.sol";
import {
    IPledgeRegistry,
    PLEDGE_ENDED,
    PLEDGE_IN_FORCE,
    PLEDGE_OFFERED_BY_BANK,
    PLEDGE_OFFERED_BY_MEMBER
} from "./interfaces/IPledgeRegistry.sol";
import {
    Pledge,
    PLEDGE_TYPE,
    PledgeEnforcement,
    PLEDGE_ENFORCEMENT_TYPE,
    PledgeRelease,
    PLEDGE_RELEASE_TYPE,
    PledgeSubstitution,
    PLEDGE_SUBSTITUTION_TYPE
} from "./PledgeActs.sol";
import {Registry} from "./Registry.sol";
import {Signed} from "./Signatures.sol";

contract PledgeRegistry is IPledgeRegistry, Registry {
    bytes32 private constant TAG = keccak256("carbonledger/record/pledge/v1");
    bytes32 private constant ENFORCEMENT_TAG = keccak256("carbonledger/record/enforcement/v1");
    bytes32 private constant NAME = "PledgeRegistry";

    mapping(bytes32 pledgeId => PledgeRecord) private _pledges;

    constructor(address directory_) Registry(directory_) {}

    /// @inheritdoc IPledgeRegistry
    function pledge(Pledge calldata act, Signed calldata member, Signed calldata bank) external {
        bytes memory encoded = abi.encode(PLEDGE_TYPE, act);
        // each side's reference is its own: neither can use up one of the other
        (bool byMember, bytes32 pledgeId) = _sign(encoded, act.member, member);
        (bool byBank, bytes32 sameId) = _sign(encoded, act.bank, bank);
        if (member.signer == address(0)) {
            if (bank.signer == address(0)) revert RegistryNotTheMember(address(0), act.member, 0);
            pledgeId = sameId;
        }
        if (!byMember && !byBank) return;

        PledgeRecord storage held = _pledges[pledgeId];
        if (held.status == 0) {
            _requireTerms(act);
            held.pledgeId = pledgeId;
            (held.member, held.bank, held.lot, held.amount) = (act.member, act.bank, act.lot, act.amount);
            (held.loan, held.principal, held.termTo) = (act.loan, act.principal, act.termTo);
            held.offeredUntil = act.deadline;
            if (!byMember || !byBank) {
                held.status = byMember ? PLEDGE_OFFERED_BY_MEMBER : PLEDGE_OFFERED_BY_BANK;
                _recordPledge(pledgeId);
                emit PledgeOffered(pledgeId, act.member, act.bank, held.status);
                return;
            }
        } else {
            _requireTerms(act);
            if (block.timestamp > held.offeredUntil) {
                revert PledgeRegistryOfferLapsed(pledgeId, held.offeredUntil, _now());
            }
        }
        held.status = PLEDGE_IN_FORCE;
        held.held = act.amount;
        held.pledgedAt = _now();
        _recordPledge(pledgeId);
        emit UnitsPledged(pledgeId, act.member, act.bank, act.lot, act.amount);
        _ledger().shift(NAME, act.member, act.lot, REGISTERED, PLEDGED, act.amount, pledgeId);
    }

    /// @inheritdoc IPledgeRegistry
    function substitute(PledgeSubstitution calldata act, Signed calldata member, Signed calldata bank) external {
        PledgeRecord storage held = _known(act.pledge);
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(PLEDGE_SUBSTITUTION_TYPE, act), held.member);
        if (!fresh) return;
        _requireMember(held.member, member, digest);
        _requireMember(held.bank, bank, digest);
        _requireInForce(held);
        if (act.amount == 0) revert PledgeRegistryAmountOutOfRange(act.amount, held.principal);
        emit PledgeSubstituted(act.pledge, held.lot, held.held, act.lot, act.amount);
        // the old units first: of one lot, they may be wanted again
        _giveBack(held, held.held, actId);
        held.amount += act.amount;
        held.held = act.amount;
        held.lot = act.lot;
        _recordPledge(act.pledge);
        _ledger().shift(NAME, held.member, act.lot, REGISTERED, PLEDGED, act.amount, actId);
    }

    /// @inheritdoc IPledgeRegistry
    function release(PledgeRelease calldata act, Signed calldata bank) external {
        PledgeRecord storage held = _known(act.pledge);
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(PLEDGE_RELEASE_TYPE, act), held.bank);
        if (!fresh) return;
        _requireMember(held.bank, bank, digest);
        _lessen(held, act.amount);
        _giveBack(held, act.amount, actId);
        _recordPledge(act.pledge);
        emit PledgeReleased(act.pledge, act.amount, held.held, actId);
    }

    /// @inheritdoc IPledgeRegistry
    function enforce(PledgeEnforcement calldata act, Signed calldata regulator) external {
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(PLEDGE_ENFORCEMENT_TYPE, act), act.regulator);
        if (!fresh) return;
        _requireMember(act.regulator, regulator, digest);
        _requireKind(act.regulator, REGULATOR);
        PledgeRecord storage held = _known(act.pledge);
        _lessen(held, act.amount);
        EnforcementRecord memory made =
            EnforcementRecord(actId, act.pledge, held.lot, act.amount, act.taker, act.regulator, act.order, _now());
        _record(ENFORCEMENT_TAG, actId, abi.encode(ENFORCEMENT_TAG, made));
        emit PledgeEnforced(act.pledge, act.amount, act.taker, act.order, actId);
        if (act.taker == held.member) {
            _giveBack(held, act.amount, actId);
        } else {
            held.enforced += act.amount;
            _ledger().transfer(NAME, held.lot, held.member, act.taker, act.amount, actId);
        }
        _recordPledge(act.pledge);
    }

    /// @inheritdoc IPledgeRegistry
    function pledgeOf(bytes32 pledgeId) external view returns (PledgeRecord memory) {
        return _known(pledgeId);
    }

    /* INSIDE */

    /// @dev Nothing for a signature that is still to come; `fresh` if this side signs for the first time.
    function _sign(bytes memory encoded, bytes32 side, Signed calldata signed)
        private
        returns (bool fresh, bytes32 pledgeId)
    {
        if (signed.signer == address(0)) return (false, 0);
        bytes32 digest;
        (fresh, pledgeId, digest) = _open(encoded, side);
        if (fresh) _requireMember(side, signed, digest);
    }

    function _requireTerms(Pledge calldata act) private view {
        if (act.bank == act.member || !_ledger().mayHold(act.bank)) revert PledgeRegistryBankRefused(act.bank);
        if (!_members().isAdmitted(act.bank, BANK)) revert PledgeRegistryBankRefused(act.bank);
        if (act.amount == 0 || act.principal == 0) revert PledgeRegistryAmountOutOfRange(act.amount, act.principal);
        if (act.termTo <= block.timestamp) revert PledgeRegistryTermOutOfRange(act.termTo, _now());
    }

    /// @dev Takes units from what is held; with the last ones the pledge ends.
    function _lessen(PledgeRecord storage held, uint64 amount) private {
        _requireInForce(held);
        if (amount == 0) revert PledgeRegistryAmountOutOfRange(amount, held.principal);
        if (amount > held.held) revert PledgeRegistryTooFew(held.pledgeId, held.held, amount);
        held.held -= amount;
        if (held.held == 0) {
            held.status = PLEDGE_ENDED;
            held.endedAt = _now();
        }
    }

    function _giveBack(PledgeRecord storage held, uint64 amount, bytes32 cause) private {
        held.released += amount;
        _ledger().shift(NAME, held.member, held.lot, PLEDGED, REGISTERED, amount, cause);
    }

    function _known(bytes32 pledgeId) private view returns (PledgeRecord storage held) {
        held = _pledges[pledgeId];
        if (held.status == 0) revert PledgeRegistryUnknown(pledgeId);
    }

    function _requireInForce(PledgeRecord storage held) private view {
        if (held.status != PLEDGE_IN_FORCE) revert PledgeRegistryNotInForce(held.pledgeId, held.status);
    }

    function _ledger() private view returns (IAllowanceLedger) {
        return IAllowanceLedger(_located("AllowanceLedger"));
    }

    function _recordPledge(bytes32 pledgeId) private {
        PledgeRecord memory held = _pledges[pledgeId];
        _record(TAG, pledgeId, abi.encode(TAG, held));
    }
}
