// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    Calibration,
    CALIBRATION_TYPE,
    DeviceEnrolment,
    DEVICE_ENROLMENT_TYPE,
    DeviceRemoval,
    DEVICE_REMOVAL_TYPE
} from "./Acts.sol";
import {IDeviceRegistry} from "./interfaces/IDeviceRegistry.sol";
import {ENTERPRISE, IMemberRegistry, PURPOSE_DEVICE} from "./interfaces/IMemberRegistry.sol";
import {Registry} from "./Registry.sol";
import {Signed} from "./Signatures.sol";

contract DeviceRegistry is IDeviceRegistry, Registry {
    bytes32 private constant DEVICE_TAG = keccak256("carbonledger/record/device/v1");
    bytes32 private constant UNIT_TAG = keccak256("carbonledger/record/unit/v1");
    bytes32 private constant UNITS_TAG = keccak256("carbonledger/record/units/v1");

    /// @dev How late a removal may be told: one that reached further back would take a meter out of a whole period.
    uint64 private constant REMOVAL_DELAY = 7 days;

    mapping(bytes32 device => Device) private _devices;
    mapping(bytes32 unit => UnitList) private _units;
    mapping(bytes32 member => MemberUnits) private _memberUnits;
    mapping(bytes32 device => bytes32 successor) private _successors;

    constructor(address directory_) Registry(directory_) {}

    /// @inheritdoc IDeviceRegistry
    function enrol(DeviceEnrolment calldata act, Signed calldata member) external {
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(DEVICE_ENROLMENT_TYPE, act), act.member);
        if (!fresh) return;
        _requireMember(act.member, member, digest);
        _requireKind(act.member, ENTERPRISE);
        _check(act);

        if (act.replaces != 0) _replace(act);
        Device storage device = _devices[act.device];
        device.device = act.device;
        device.member = act.member;
        device.unit = act.unit;
        device.kind = act.kind;
        device.keyId = act.keyId;
        device.saltDigest = act.saltDigest;
        device.measure = act.measure;
        device.registerType = act.registerType;
        device.ratedMax = act.ratedMax;
        device.accuracyClass = act.accuracyClass;
        device.modulus = act.modulus;
        device.calibration = act.calibration;
        device.calibrationTo = act.calibrationTo;
        device.installedFrom = act.installedFrom;
        device.replaces = act.replaces;
        _recordDevice(act.device);
        emit DeviceEnrolled(act.device, act.member, act.unit, actId);
        _extendUnit(act.unit, act.member, act.device);
    }

    /// @inheritdoc IDeviceRegistry
    function calibrate(Calibration calldata act, Signed calldata member) external {
        Device storage device = _known(act.device);
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(CALIBRATION_TYPE, act), device.member);
        if (!fresh) return;
        _requireMember(device.member, member, digest);
        if (device.removedAt != 0) revert DeviceRegistryDeviceRemoved(act.device, device.removedAt);
        if (act.calibratedAt > block.timestamp || act.validTo <= block.timestamp || act.validTo <= device.calibrationTo)
        {
            revert DeviceRegistryCalibrationOutOfRange(act.device, act.calibratedAt, act.validTo, device.calibrationTo);
        }
        device.calibration = act.certificate;
        device.calibrationTo = act.validTo;
        _recordDevice(act.device);
        emit DeviceCalibrated(act.device, act.certificate, act.calibratedAt, act.validTo, actId);
    }

    /// @inheritdoc IDeviceRegistry
    function remove(DeviceRemoval calldata act, Signed calldata member) external {
        Device storage device = _known(act.device);
        (bool fresh, bytes32 actId, bytes32 digest) = _open(abi.encode(DEVICE_REMOVAL_TYPE, act), device.member);
        if (!fresh) return;
        _requireMember(device.member, member, digest);
        if (device.removedAt != 0) revert DeviceRegistryDeviceRemoved(act.device, device.removedAt);
        if (
            act.removedAt < device.installedFrom || act.removedAt > block.timestamp
                || act.removedAt + REMOVAL_DELAY < block.timestamp
        ) {
            revert DeviceRegistryRemovalOutOfRange(act.device, act.removedAt, device.installedFrom, _now());
        }
        device.removedAt = act.removedAt;
        _recordDevice(act.device);
        emit DeviceRemoved(act.device, act.removedAt, act.reasonDigest, actId);
    }

    /// @inheritdoc IDeviceRegistry
    function deviceOf(bytes32 device) external view returns (Device memory) {
        return _devices[device];
    }

    /// @inheritdoc IDeviceRegistry
    function unitOf(bytes32 unit) external view returns (UnitList memory) {
        return _units[unit];
    }

    /// @inheritdoc IDeviceRegistry
    function unitsOf(bytes32 member) external view returns (MemberUnits memory) {
        return _memberUnits[member];
    }

    /* INSIDE */

    function _check(DeviceEnrolment calldata act) private view {
        if (act.device == 0) revert DeviceRegistryFieldOutOfRange("device", 0);
        if (_devices[act.device].member != 0) revert DeviceRegistryDeviceKnown(act.device);
        if (act.unit == 0) revert DeviceRegistryFieldOutOfRange("unit", 0);
        if (act.kind == 0 || (act.kind > 5 && act.kind != 9)) revert DeviceRegistryFieldOutOfRange("kind", act.kind);
        if (act.measure == 0 || act.measure > 4) revert DeviceRegistryFieldOutOfRange("measure", act.measure);
        if (act.registerType == 0 || act.registerType > 2) {
            revert DeviceRegistryFieldOutOfRange("registerType", act.registerType);
        }
        if (act.ratedMax == 0) revert DeviceRegistryFieldOutOfRange("ratedMax", 0);
        if (act.calibrationTo <= block.timestamp) {
            revert DeviceRegistryCalibrationExpired(act.device, act.calibrationTo, _now());
        }
        bytes32 owner = _units[act.unit].member;
        if (owner != 0 && owner != act.member) revert DeviceRegistryUnitForeign(act.unit, owner, act.member);
        if (act.keyId != 0) {
            IMemberRegistry members = _members();
            IMemberRegistry.Key memory key = members.keyOf(act.keyId);
            if (
                key.purpose != PURPOSE_DEVICE || key.member != act.member || key.subject != act.device
                    || !members.keyValidAt(act.keyId, _now())
            ) {
                revert DeviceRegistryKeyForeign(act.keyId, act.device);
            }
        }
    }

    function _replace(DeviceEnrolment calldata act) private {
        Device storage old = _devices[act.replaces];
        if (
            old.unit != act.unit || old.member != act.member || old.removedAt == 0 || old.removedAt > act.installedFrom
                || _successors[act.replaces] != 0
        ) {
            revert DeviceRegistryReplacementRefused(act.device, act.replaces);
        }
        _successors[act.replaces] = act.device;
    }

    function _extendUnit(bytes32 unit, bytes32 member, bytes32 device) private {
        UnitList storage list = _units[unit];
        if (list.count == 0) {
            list.unit = unit;
            list.member = member;
            MemberUnits storage units = _memberUnits[member];
            units.member = member;
            units.count++;
            units.chain = keccak256(abi.encode(units.chain, unit));
            MemberUnits memory all = units;
            _record(UNITS_TAG, member, abi.encode(UNITS_TAG, all));
        }
        list.count++;
        list.chain = keccak256(abi.encode(list.chain, device));
        UnitList memory devices = list;
        _record(UNIT_TAG, unit, abi.encode(UNIT_TAG, devices));
    }

    function _known(bytes32 id) private view returns (Device storage device) {
        device = _devices[id];
        if (device.member == 0) revert DeviceRegistryDeviceUnknown(id);
    }

    function _recordDevice(bytes32 id) private {
        Device memory device = _devices[id];
        _record(DEVICE_TAG, id, abi.encode(DEVICE_TAG, device));
    }
}
