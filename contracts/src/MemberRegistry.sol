// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    Admission,
    ADMISSION_TYPE,
    KeyEnd,
    KEY_END_TYPE,
    KeyEnrolment,
    KEY_ENROLMENT_TYPE,
    MemberStatus,
    MEMBER_STATUS_TYPE
} from "./Acts.sol";
import {
    AUDITOR,
    ENTERPRISE,
    EXCHANGE,
    IMemberRegistry,
    METROLOGY_LAB,
    PURPOSE_ACT,
    PURPOSE_GATEWAY,
    PURPOSE_WITNESS,
    REGULATOR,
    VERIFIER
} from "./interfaces/IMemberRegistry.sol";
import {Registry} from "./Registry.sol";
import {Signed} from "./Signatures.sol";

contract MemberRegistry is IMemberRegistry, Registry {
    bytes32 private constant GOVERNANCE_TAG = keccak256("carbonledger/record/governance/v1");
    bytes32 private constant MEMBER_TAG = keccak256("carbonledger/record/member/v1");
    bytes32 private constant KEY_TAG = keccak256("carbonledger/record/key/v1");

    uint8 private constant ADMITTED = 1;
    uint8 private constant EXPELLED = 3;
    uint8 private constant ES256K = 3;
    uint16 private constant ALL_KINDS = 255;

    struct StoredMember {
        bytes32 province;
        bytes32 nameDigest;
        uint64 since;
        uint16 kinds;
        uint8 status;
    }

    struct StoredKey {
        bytes32 member;
        bytes32 subject;
        uint8 purpose;
        uint8 algorithm;
        uint64 validFrom;
        uint64 validTo;
        uint64 compromisedSince;
    }

    Governance private _governance;
    mapping(bytes32 member => StoredMember) private _stored;
    mapping(bytes32 keyId => StoredKey) private _keys;

    /// @param founders the first regulators; each acts by its key from the first block on.
    constructor(address directory_, Founder[] memory founders, uint16 threshold) Registry(directory_) {
        if (threshold == 0 || threshold > founders.length) {
            revert MemberRegistryThresholdOutOfRange(threshold, founders.length);
        }
        bytes memory words;
        for (uint256 i = 0; i < founders.length; i++) {
            Founder memory founder = founders[i];
            words = bytes.concat(words, abi.encode(founder));
            _admit(founder.member, REGULATOR, founder.province, founder.key, 0, 0);
        }
        _governance = Governance(threshold, uint16(founders.length), keccak256(words));
        _recordGovernance();
    }

    /* MEMBERS */

    /// @inheritdoc IMemberRegistry
    function admit(Admission calldata act, Signed calldata applicant, Signed[] calldata quorum) external {
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(ADMISSION_TYPE, act), QUORUM);
        if (!fresh) return;
        if (applicant.signer != act.key) revert MemberRegistryKeyDidNotSign(_keyId(act.key), applicant.signer);
        _requireSigned(applicant, digest);
        requireQuorum(digest, quorum);
        _admit(act.member, act.kinds, act.province, act.key, act.nameDigest, actId);
        if (act.kinds & REGULATOR != 0) {
            _governance.regulators++;
            _recordGovernance();
        }
    }

    /// @inheritdoc IMemberRegistry
    function setStatus(MemberStatus calldata act, Signed[] calldata quorum) external {
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(MEMBER_STATUS_TYPE, act), QUORUM);
        if (!fresh) return;
        requireQuorum(digest, quorum);

        StoredMember storage member = _stored[act.member];
        uint8 old = member.status;
        if (old == 0) revert MemberRegistryMemberUnknown(act.member);
        if (old == EXPELLED || old == act.status || act.status == 0 || act.status > EXPELLED) {
            revert MemberRegistryStatusUnchangeable(act.member, old, act.status);
        }
        member.status = act.status;
        _recordMember(act.member);
        emit MemberStatusChanged(act.member, act.status, act.reasonDigest, actId);
        if (member.kinds & REGULATOR != 0 && (old == ADMITTED || act.status == ADMITTED)) {
            Governance storage rule = _governance;
            if (act.status == ADMITTED) {
                rule.regulators++;
            } else {
                if (rule.regulators <= rule.threshold) {
                    revert MemberRegistryQuorumWouldBeLost(rule.threshold, rule.regulators);
                }
                rule.regulators--;
            }
            _recordGovernance();
        }
    }

    /* KEYS */

    /// @inheritdoc IMemberRegistry
    function enrolKey(KeyEnrolment calldata act, Signed calldata member, Signed calldata newKey) external {
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(KEY_ENROLMENT_TYPE, act), act.member);
        if (!fresh) return;
        _requireMember(act.member, member, digest);
        bool actsHere = act.purpose == PURPOSE_ACT || act.purpose == PURPOSE_GATEWAY || act.purpose == PURPOSE_WITNESS;
        bool isAddress = uint256(act.keyId) >> 160 == 0;
        if (
            act.keyId == 0 || act.purpose == 0 || act.purpose > 7 || act.algorithm == 0 || act.algorithm > 4
                || isAddress != actsHere || (actsHere && act.algorithm != ES256K)
        ) {
            revert MemberRegistryKeyFormWrong(act.keyId, act.purpose, act.algorithm);
        }
        if (actsHere) {
            if (_keyId(newKey.signer) != act.keyId) revert MemberRegistryKeyDidNotSign(act.keyId, newKey.signer);
            _requireSigned(newKey, digest);
        }
        uint64 validFrom = act.validFrom > block.timestamp ? act.validFrom : _now();
        _enrol(
            Key(act.keyId, act.member, act.purpose, act.subject, act.algorithm, validFrom, 0, 0), act.supersedes, actId
        );
        if (act.supersedes != 0) _supersede(act, validFrom, actId);
    }

    /// @inheritdoc IMemberRegistry
    function endKey(KeyEnd calldata act, Signed calldata member, Signed[] calldata quorum) external {
        StoredKey storage key = _keys[act.keyId];
        bytes32 owner = key.member;
        if (owner == 0) revert MemberRegistryKeyUnknown(act.keyId);
        bool byMember = member.signer != address(0);
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(KEY_END_TYPE, act), byMember ? owner : QUORUM);
        if (!fresh) return;
        if (byMember) _requireMember(owner, member, digest);
        else requireQuorum(digest, quorum);

        uint64 validTo = act.validTo > block.timestamp ? act.validTo : _now();
        // a key that has ended keeps its end, so that a compromise can still be told of it
        if (key.validTo != 0 && key.validTo <= block.timestamp) validTo = key.validTo;
        uint64 since = act.compromisedSince == 0 ? key.compromisedSince : act.compromisedSince;
        if (
            act.validTo == 0 || (key.validTo != 0 && validTo > key.validTo) || since > block.timestamp
                || (key.compromisedSince != 0 && since > key.compromisedSince)
        ) {
            revert MemberRegistryKeyEndOutOfRange(act.keyId, act.validTo, act.compromisedSince);
        }
        _end(act.keyId, validTo, since, actId);
    }

    /* VIEWS */

    /// @inheritdoc IMemberRegistry
    function actKeyMember(address signer) external view returns (bytes32 member) {
        (member,) = _validKey(signer, PURPOSE_ACT, false);
    }

    /// @inheritdoc IMemberRegistry
    function validKey(address signer, uint8 purpose) external view returns (bytes32, bytes32) {
        return _validKey(signer, purpose, true);
    }

    /// @inheritdoc IMemberRegistry
    function keyValidAt(bytes32 keyId, uint64 time) external view returns (bool) {
        return _isValidAt(_keys[keyId], time);
    }

    /// @inheritdoc IMemberRegistry
    function isAdmitted(bytes32 member, uint16 kinds) public view returns (bool) {
        StoredMember storage stored = _stored[member];
        return stored.status == ADMITTED && stored.kinds & kinds != 0;
    }

    /// @inheritdoc IMemberRegistry
    function requireQuorum(bytes32 digest, Signed[] calldata quorum) public view {
        uint16 threshold = _governance.threshold;
        if (quorum.length < threshold) revert MemberRegistryQuorumTooSmall(threshold, quorum.length);
        bytes32 previous = 0;
        for (uint256 i = 0; i < quorum.length; i++) {
            (bytes32 member,) = _validKey(quorum[i].signer, PURPOSE_ACT, false);
            if (!isAdmitted(member, REGULATOR)) revert MemberRegistryNotARegulator(quorum[i].signer, member);
            if (member <= previous) revert MemberRegistryQuorumNotAscending(previous, member);
            _requireSigned(quorum[i], digest);
            previous = member;
        }
    }

    /// @inheritdoc IMemberRegistry
    function memberOf(bytes32 member) public view returns (Member memory) {
        StoredMember storage m = _stored[member];
        return Member(member, m.kinds, m.status, m.province, m.since, m.nameDigest);
    }

    /// @inheritdoc IMemberRegistry
    function keyOf(bytes32 keyId) public view returns (Key memory) {
        StoredKey storage k = _keys[keyId];
        return Key(keyId, k.member, k.purpose, k.subject, k.algorithm, k.validFrom, k.validTo, k.compromisedSince);
    }

    /// @inheritdoc IMemberRegistry
    function governance() external view returns (Governance memory) {
        return _governance;
    }

    /* INSIDE */

    function _members() internal view override returns (IMemberRegistry) {
        return this;
    }

    function _admit(bytes32 member, uint16 kinds, bytes32 province, address key, bytes32 nameDigest, bytes32 actId)
        private
    {
        if (member == 0) revert MemberRegistryMemberUnknown(member);
        if (_stored[member].status != 0) revert MemberRegistryMemberKnown(member);
        uint16 forbidden = _forbidden(kinds);
        if (forbidden != 0) revert MemberRegistryKindsForbidden(kinds, forbidden);
        if (key == address(0)) revert MemberRegistryKeyFormWrong(0, PURPOSE_ACT, ES256K);
        _stored[member] = StoredMember(province, nameDigest, _now(), kinds, ADMITTED);
        _recordMember(member);
        emit MemberAdmitted(member, kinds, province, actId);
        _enrol(Key(_keyId(key), member, PURPOSE_ACT, member, ES256K, _now(), 0, 0), 0, actId);
    }

    /// @dev What of `kinds` may not stand beside the rest: who judges is not judged.
    function _forbidden(uint16 kinds) private pure returns (uint16) {
        if (kinds == 0 || kinds > ALL_KINDS) return kinds == 0 ? ALL_KINDS : kinds & ~ALL_KINDS;
        if (kinds & REGULATOR != 0) return kinds & ~REGULATOR;
        if (kinds & ENTERPRISE != 0) return kinds & (VERIFIER | AUDITOR | EXCHANGE | METROLOGY_LAB);
        return 0;
    }

    function _enrol(Key memory key, bytes32 supersedes, bytes32 actId) private {
        if (_keys[key.keyId].member != 0) revert MemberRegistryKeyKnown(key.keyId);
        _keys[key.keyId] = StoredKey(key.member, key.subject, key.purpose, key.algorithm, key.validFrom, 0, 0);
        _record(KEY_TAG, key.keyId, abi.encode(KEY_TAG, key));
        emit KeyEnrolled(key.keyId, key.member, key.purpose, key.subject, supersedes, actId);
    }

    function _supersede(KeyEnrolment calldata act, uint64 validFrom, bytes32 actId) private {
        StoredKey storage old = _keys[act.supersedes];
        if (
            act.supersedes == act.keyId || old.member != act.member || old.purpose != act.purpose
                || old.subject != act.subject
        ) {
            revert MemberRegistrySupersedesForeignKey(act.keyId, act.supersedes);
        }
        if (old.validTo == 0 || old.validTo > validFrom) _end(act.supersedes, validFrom, old.compromisedSince, actId);
    }

    function _end(bytes32 keyId, uint64 validTo, uint64 compromisedSince, bytes32 actId) private {
        _keys[keyId].validTo = validTo;
        _keys[keyId].compromisedSince = compromisedSince;
        _record(KEY_TAG, keyId, abi.encode(KEY_TAG, keyOf(keyId)));
        emit KeyEnded(keyId, validTo, compromisedSince, actId);
    }

    function _validKey(address signer, uint8 purpose, bool wantSubject)
        private
        view
        returns (bytes32 member, bytes32 subject)
    {
        StoredKey storage key = _keys[_keyId(signer)];
        if (key.purpose != purpose || !_isValidAt(key, _now())) return (0, 0);
        member = key.member;
        if (_stored[member].status != ADMITTED) return (0, 0);
        if (wantSubject) subject = key.subject;
    }

    function _isValidAt(StoredKey storage key, uint64 time) private view returns (bool) {
        (uint64 from, uint64 to, uint64 compromised) = (key.validFrom, key.validTo, key.compromisedSince);
        return key.purpose != 0 && from <= time && (to == 0 || time < to) && (compromised == 0 || time < compromised);
    }

    function _recordMember(bytes32 member) private {
        _record(MEMBER_TAG, member, abi.encode(MEMBER_TAG, memberOf(member)));
    }

    function _recordGovernance() private {
        Governance memory rule = _governance;
        _record(GOVERNANCE_TAG, 0, abi.encode(GOVERNANCE_TAG, rule));
        emit GovernanceChanged(rule.threshold, rule.regulators);
    }

    function _keyId(address key) private pure returns (bytes32) {
        return bytes32(uint256(uint160(key)));
    }
}
