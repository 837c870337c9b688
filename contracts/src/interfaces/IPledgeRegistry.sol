// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "./IRegistry.sol";
import {Pledge, PledgeEnforcement, PledgeRelease, PledgeSubstitution} from "../PledgeActs.sol";
import {Signed} from "../Signatures.sol";

uint8 constant PLEDGE_OFFERED_BY_MEMBER = 1;
uint8 constant PLEDGE_OFFERED_BY_BANK = 2;
uint8 constant PLEDGE_IN_FORCE = 3;
uint8 constant PLEDGE_ENDED = 4;

/// @title Units that secure a bank's loan: in state pledged of the AllowanceLedger until released or enforced.
/// @dev For each member and lot, the units in state pledged are the sum of `held` of its pledges in force; for each
/// pledge in force or ended, amount = held + released + enforced.
/// @dev Warning: an offer cannot be withdrawn; it lapses with the deadline under which it was signed.
/// @dev Warning: principal and term are what both signed; nothing here knows whether the loan was paid out or back.
interface IPledgeRegistry is IRegistry {
    /// @notice The record `pledge`. `amount` counts all units ever pledged under it, those of replaced lots too.
    struct PledgeRecord {
        bytes32 pledgeId;
        bytes32 member;
        bytes32 bank;
        bytes32 lot;
        uint64 amount;
        uint64 held;
        uint64 released;
        uint64 enforced;
        bytes32 loan;
        uint64 principal;
        uint64 termTo;
        uint64 offeredUntil;
        uint64 pledgedAt;
        uint64 endedAt;
        uint8 status;
    }

    /// @notice The record `enforcement`.
    struct EnforcementRecord {
        bytes32 enforcementId;
        bytes32 pledge;
        bytes32 lot;
        uint64 amount;
        bytes32 taker;
        bytes32 regulator;
        bytes32 order;
        uint64 enforcedAt;
    }

    event PledgeOffered(bytes32 indexed pledgeId, bytes32 indexed member, bytes32 indexed bank, uint8 status);
    event UnitsPledged(
        bytes32 indexed pledgeId, bytes32 indexed member, bytes32 indexed bank, bytes32 lot, uint64 amount
    );
    event PledgeSubstituted(
        bytes32 indexed pledgeId, bytes32 oldLot, uint64 oldAmount, bytes32 newLot, uint64 newAmount
    );
    event PledgeReleased(bytes32 indexed pledgeId, uint64 amount, uint64 held, bytes32 actId);
    event PledgeEnforced(bytes32 indexed pledgeId, uint64 amount, bytes32 indexed taker, bytes32 order, bytes32 actId);

    error PledgeRegistryUnknown(bytes32 pledgeId);
    /// @notice The pledge is not in force: it is an offer, or has ended.
    error PledgeRegistryNotInForce(bytes32 pledgeId, uint8 status);
    /// @notice The pledgee must be another member, admitted as a bank, that may hold units.
    error PledgeRegistryBankRefused(bytes32 bank);
    /// @notice Neither an amount nor the principal is zero.
    error PledgeRegistryAmountOutOfRange(uint64 amount, uint64 principal);
    /// @notice The loan's term must end in the future.
    error PledgeRegistryTermOutOfRange(uint64 termTo, uint64 time);
    /// @notice The other side's offer was good until `offeredUntil` only; both sign anew under another reference.
    error PledgeRegistryOfferLapsed(bytes32 pledgeId, uint64 offeredUntil, uint64 time);
    error PledgeRegistryTooFew(bytes32 pledgeId, uint64 held, uint64 asked);

    /// @notice Pledges units. Signed by an act key of the member and one of the bank, in one call or in two, in any
    /// order: a signature whose signer is zero is still to come. The first makes an offer that binds nobody's units,
    /// the second puts the pledge in force: the units go from registered to pledged. The act's id is the pledge's.
    function pledge(Pledge calldata act, Signed calldata member, Signed calldata bank) external;

    /// @notice Puts units of another lot (or another amount of the same) in the place of those held. Signed by both.
    function substitute(PledgeSubstitution calldata act, Signed calldata member, Signed calldata bank) external;

    /// @notice Gives units back to the member, all or a part. Signed by an act key of the bank.
    function release(PledgeRelease calldata act, Signed calldata bank) external;

    /// @notice Moves pledged units to `taker`: the bank, a buyer, or back to the member, on the order of a court or
    /// regulator. Signed by an act key of a regulator.
    function enforce(PledgeEnforcement calldata act, Signed calldata regulator) external;

    function pledgeOf(bytes32 pledgeId) external view returns (PledgeRecord memory);
}
