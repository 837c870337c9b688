"""A year of odd months through filing: values missing, a meter replaced mid-month, a belt scale badly calibrated."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction as F
from math import ceil
from pathlib import Path

import pytest

from carbonledger.accounting import library
from carbonledger.accounting.calibration import Calibration
from carbonledger.acts import Act
from carbonledger.entry import Body
from carbonledger.errors import Invalid, Refused
from carbonledger.identifiers import object_id
from carbonledger.keys import PrivateKey
from carbonledger.manifest import Manifest
from carbonledger.mrv.evidence import Manual, Measured, MeterCase
from carbonledger.periods import instants, month_bounds
from carbonledger.replay import replay
from carbonledger.verify import verify
from ledger_node.reports import make, reader
from ledger_node.reports.options import Options
from oracle import closing, documents, enrolment, filing, log_entries
from oracle.disclosure import Disclosure, Reported
from oracle.filing import MeterPoint, Month
from oracle.log import Published
from oracle.meter import Meter, seeded_nonces
from oracle.package import export
from scripts.mainjob import consortium, plant
from scripts.mainjob.report import Approved, file_and_approve
from tests.integration.sharing_kit import FILING_MS, HOUR_MS, YEAR, SmallYear

ITEM = object_id(plant.UNIT)
ONE = 10**18
DAY_MS = 24 * HOUR_MS
COAL = "coal-heat"
SECOND = "88.608.130100/METER-0002"
SCALE = "88.608.130100/SCALE-0001"
POINTS = (*plant.POINTS, MeterPoint(SECOND, plant.UNIT, plant.LINE), MeterPoint(SCALE, plant.UNIT, COAL))
REPLACED_MS = month_bounds(YEAR, 6)[0] + 14 * DAY_MS + 9 * HOUR_MS  # 15 June, 09:00
CALIBRATED_MS = month_bounds(YEAR, 5)[0] + 9 * DAY_MS  # 10 May
EXPIRES_MS = month_bounds(YEAR, 3)[0]
UNSAMPLED, SAFE, BATCHES = 8, 7, 2
(GRID,) = library.factors().named("MEE-NBS electricity EF 2025-12-31 grid-national")

# what the scale showed, g; nothing here is a multiple of anything, so that every rounding shows
COALS = {month: 1_000_003 * month + 7 for month in range(1, 13)}
LATE_COVERED = 3_000_001
REQUIRED = F("0.005")
CASES = {
    3: Calibration("not-calibrated", "activity", REQUIRED),
    4: Calibration("not-calibrated", "activity", REQUIRED),
    5: Calibration("late", "activity", REQUIRED, F("0.004"), F(LATE_COVERED)),
    6: Calibration("on-time", "activity", REQUIRED, F("0.0071")),
}


def counted(month: int) -> int:
    """The guide's table, written out by hand."""
    read = COALS[month]
    if month in (3, 4):
        return ceil(read * F("1.005"))
    if month == 5:
        return ceil(LATE_COVERED + (read - LATE_COVERED) * F("1.005"))
    return ceil(read * F("1.0021")) if month == 6 else read


def ncv(month: int) -> F:
    return F(26_700 if month == UNSAMPLED else 22_000 + month, 1000)


def cc(month: int) -> F:
    """tC/GJ; February has two batches, August the default."""
    if month == BATCHES:
        mean = (F(700_000) * F("0.0261") + F(1_300_013) * F("0.0264")) / 2_000_013
        return F((2 * mean.numerator * ONE + mean.denominator) // (2 * mean.denominator), ONE)
    return F("0.03085") if month == UNSAMPLED else F("0.02618")


class OddYear(SmallYear):
    """The small year under the rules for power facilities, with a belt scale and a meter that is replaced in June."""

    def _publish(self) -> None:
        consortium.publish_rules(self.relay, self.regulators, YEAR, "power-2023", [GRID])

    def _approve(self, head: Published) -> Approved:
        chosen = {(plant.LINE, ITEM): {"ef": GRID.full_name}}
        return file_and_approve(self.relay, self.cast, self.months, head, YEAR, rule_set="power-2023", chosen=chosen)

    def _close_and_file(self) -> list[Month]:
        start, node = instants(YEAR)[0], self.node
        self.second = self._meter("second meter", SECOND, 77_000, "Wh")
        self.scale = self._meter("belt scale", SCALE, 5_000_000, "g")
        self._enrol(self.scale, 3, 3, EXPIRES_MS, start - 5 * DAY_MS, plant.NONE)
        self.clock.set_ms(start)
        self._accept(self.meter.commission(start), self.scale.commission(start))
        self.used: dict[tuple[str, int], int] = {}
        for month in range(1, 13):
            self._month(month)
        self.clock.set_ms(FILING_MS)
        head = self._head()
        with pytest.raises(Refused, match="METER-0009"):
            filing.month(node, self.owner, (*POINTS, MeterPoint("METER-0009", plant.UNIT, COAL)), YEAR, 1, head)
        months = [filing.month(node, self.owner, POINTS, YEAR, number, head) for number in range(1, 13)]
        for month in months:
            self.carry(
                f"month/{month.statement.month}",
                lambda month=month: filing.month_act(month, self.owner, self.relay.deadline()),
                "enterprise",
                plant.NOBODY,
            )
        return months

    def _month(self, month: int) -> None:
        start, end = month_bounds(YEAR, month)
        halves = [start + 9 * DAY_MS, end]
        if month == 6:
            self._until(self.meter, REPLACED_MS, 60_500, month)
            self._replace()
            self._until(self.second, end, 40_011, month)
        else:
            self._until(self.meter if month < 6 else self.second, end, 100_000 + month, month)
        first = COALS[month] - LATE_COVERED if month == 5 else 7
        self._until(self.scale, halves[0], first, month)
        if month == 5:
            self._calibrate()
        self._until(self.scale, halves[1], COALS[month] - first, month)
        self._enter(month)
        closing.close_month(self.node, YEAR, month)

    def _until(self, meter: Meter, time_ms: int, amount: int, month: int) -> None:
        self.clock.set_ms(max(self.clock.now_ms(), time_ms))
        self.used[meter.identifier, month] = self.used.get((meter.identifier, month), 0) + amount
        self._accept(meter.read(time_ms, amount))

    def _replace(self) -> None:
        """The old meter out, the new one in, at one instant."""
        self.chain.advance()
        at = REPLACED_MS // 1000

        def removal() -> Act:
            why = hashlib.sha256(b"display broken").digest()
            return Act(
                "DeviceRemoval", device=object_id(plant.METER), removedAt=at, reasonDigest=why,
                reference=hashlib.sha256(b"removal").digest(), deadline=self.relay.deadline(),
            )  # fmt: skip

        self.carry("removal", removal, "enterprise")
        enrolment.remove_device(self.node, plant.METER, REPLACED_MS)
        self._enrol(self.second, 1, 1, FILING_MS * 2, REPLACED_MS, object_id(plant.METER))
        self._accept(self.second.commission(REPLACED_MS))

    def _calibrate(self) -> None:
        def calibration() -> Act:
            return Act(
                "Calibration", device=object_id(SCALE), certificate=hashlib.sha256(b"certificate 2").digest(),
                calibratedAt=CALIBRATED_MS // 1000, validTo=FILING_MS // 1000 * 2,
                reference=hashlib.sha256(b"calibration").digest(), deadline=self.relay.deadline(),
            )  # fmt: skip

        self.chain.advance()
        self.carry("calibration", calibration, "enterprise")

    def _enter(self, month: int) -> None:
        """The laboratory's values, and how the scale was calibrated."""
        report = documents.add(self.node, b"lab %d" % month, name=f"lab {month}", purpose="lab-report")
        values: dict[str, Measured] = {}
        missing = None
        if month == UNSAMPLED:
            missing = {"ncv": "sampler broken", "cc": "sampler broken"}
        else:
            tier = "conservative" if month == SAFE else "measured"
            values["ncv"] = Measured("kJ/g", int(ncv(month) * ONE), tier=tier)
            if month != BATCHES:
                values["cc"] = Measured("gC/kJ", int(cc(month) * ONE))
        self._manual(month, (report,), parameters=values, missing=missing)
        if month == BATCHES:
            for weight, value in ((700_000, "0.0261"), (1_300_013, "0.0264")):
                self._manual(month, (report,), parameters={"cc": Measured("gC/kJ", int(F(value) * ONE), weight)})
        if month in CASES:
            paper = documents.add(self.node, b"certificate %d" % month, name="certificate", purpose="calibration")
            self._manual(month, (paper,), meter=MeterCase(CASES[month], SCALE))

    def _manual(self, month: int, papers: tuple[int, ...], **said: object) -> int:
        period = month_bounds(YEAR, month)
        manual = Manual(COAL, ITEM, YEAR, month, period, "monthly record", documents=papers, **said)  # type: ignore[arg-type]
        return documents.enter(self.node, manual)

    def _meter(self, seed: str, name: str, register: int, unit: str) -> Meter:
        secret = hashlib.sha256(seed.encode()).digest()
        return Meter(name, PrivateKey.from_seed("ed25519", secret), seeded_nonces(secret), register, unit)

    def _accept(self, *items: object) -> None:
        assert {result.status for result in self.node.accept(list(items))} == {"accepted"}  # type: ignore[arg-type]

    def _enrol(
        self, meter: Meter, kind: int, measure: int, calibrated_to_ms: int, installed_ms: int, replaces: bytes
    ) -> None:
        profile = {"rated_max": 10**9, "interval_ms": 900_000, "calibration_to_ms": calibrated_to_ms}
        signer = enrolment.enrol_device(
            self.node, meter.identifier, meter.key.public.data, unit=meter.unit, profile=profile
        )
        device = object_id(meter.identifier)
        plant._key(self.relay, self.cast["enterprise"], plant.PURPOSE_DEVICE, device, meter.key)
        self.relay.settle()

        def act() -> Act:
            return Act(
                "DeviceEnrolment", device=device, member=self.owner, unit=ITEM, kind=kind,
                keyId=meter.key.public.key_id, saltDigest=hashlib.sha256(signer.salt).digest(), measure=measure,
                registerType=1, ratedMax=10**9, accuracyClass=50, modulus=0, calibration=hashlib.sha256(b"1").digest(),
                calibrationTo=calibrated_to_ms // 1000, installedFrom=installed_ms // 1000, replaces=replaces,
                reference=hashlib.sha256(device).digest(), deadline=self.relay.deadline(),
            )  # fmt: skip

        self.carry(f"device/{meter.identifier}", act, "enterprise")

    def reported(self) -> Reported:
        units = ((plant.UNIT, (plant.METER, SCALE, SECOND)),)
        approved = self.report
        return Reported(
            approved.report_id, self.owner, YEAR, approved.statement, approved.months, approved.month_ids, units
        )

    def disclosure(self) -> Disclosure:
        keys = self.node.log.keys
        log, witness = (keys.verifier, keys.eip712_verifier), (self._witness.vkey, self._witness.eip712_vkey)
        return Disclosure(self.node, self.chain, self.relay.addresses, log, witness)

    def _bundle(self) -> bytes:
        self.evidence = self.disclosure().evidence(self.reported(), self.chain.head().number)
        return self.disclosure().report_bundle(self.reported(), self.evidence)


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OddYear]:
    with ExitStack() as stack:
        yield OddYear(tmp_path_factory.mktemp("odd"), stack)


def test_the_year_computes_as_by_hand_to_the_gram_and_its_bundle_is_valid(year: OddYear) -> None:
    coal = sum(counted(m) * ncv(m) * cc(m) * F("0.99") * F(44, 12) for m in range(1, 13))
    power = sum(amount for (device, _), amount in year.used.items() if device != SCALE)
    assert power == sum(100_000 + m for m in range(1, 13) if m != 6) + 60_500 + 40_011
    assert year.report.statement.emission == int(coal + power * F(GRID.value, ONE))
    found = verify(year.bundle.read_bytes(), year.policy())
    assert found.verdict == "VALID", found.to_json()


def test_a_replaced_meter_loses_nothing_and_counts_nothing_twice(year: OddYear) -> None:
    registers = {}
    for device in (plant.METER, SECOND):
        for entry in log_entries.manifests(year.node, device, YEAR):
            manifest = Manifest.parse(Body.parse(entry.body).content)
            registers[device, manifest.start_ms] = (manifest.register_start, manifest.register_end, manifest.total)
    june = month_bounds(YEAR, 6)[0]
    before = 1_000 + sum(100_000 + month for month in range(1, 6))
    assert registers[plant.METER, june] == (before, before + 60_500, 60_500)
    assert registers[SECOND, june] == (77_000, 77_000 + 40_011, 40_011)
    after = month_bounds(YEAR, 7)[0]
    assert registers[plant.METER, after] == (before + 60_500, before + 60_500, 0)
    assert registers[SECOND, after][0] == 77_000 + 40_011
    (line,) = [line for line in year.months[5].statement.lines if line.code == plant.LINE]
    assert line.quantity == 60_500 + 40_011


def test_corrections_and_stand_ins_are_told_by_verifier_replay_and_report(year: OddYear, tmp_path: Path) -> None:
    bundle = year.bundle.read_bytes()
    path = tmp_path / "audit.zip"
    export(year.node, year.disclosure(), year.reported(), year.evidence, bundle, path)
    replayed = replay([path.read_bytes()], year.policy()).packages[0]
    assert replayed.verdict == "VALID", replayed.to_json()
    for step in (verify(bundle).step(14), replayed.step(13)):
        assert step.verdict == "valid", step
        assert f"{SCALE}, month 3, meter not-calibrated: {COALS[3]} counts as {counted(3)}" in step.reason
        assert f"{SCALE}, month 5, meter late: {COALS[5]} counts as {counted(5)}" in step.reason
        assert f"{SCALE}, month 6, meter on-time: {COALS[6]} counts as {counted(6)}" in step.reason
        assert "ncv of line coal-heat, month 8, is missing: sampler broken" in step.reason
        assert "the gateway flagged calibration_expired" in step.reason
    document = make.make(bundle, Options(language="en"), "json").decode()
    assert f"read {COALS[3]:,}, counts as {counted(3):,}" in document
    assert "cc is missing (sampler broken)" in document
    assert verify(reader.evidence(make.make(bundle, Options(), "pdf")), year.policy()).verdict == "VALID"


def test_the_tiers_of_the_filed_lines_say_where_each_value_is_from(year: OddYear) -> None:
    tiers = {
        line.month: {used.name: used.tier for used in line.parameters}
        for line in year.report.statement.lines
        if line.rule.code == COAL
    }
    assert tiers[1] == {"ncv": "measured", "cc": "measured", "of": "default"}
    assert tiers[SAFE] == {"ncv": "conservative", "cc": "measured", "of": "default"}
    assert tiers[UNSAMPLED] == {"ncv": "default", "cc": "default", "of": "default"}


def test_a_filing_that_forgets_its_correction_or_doubts_it_is_noticed(year: OddYear) -> None:
    march = year.months[2]
    (coal,) = [line for line in march.statement.lines if line.code == COAL]
    assert coal.quantity == counted(3)
    head = filing.Published(march.statement.size, march.statement.root, b"")
    again = filing.month(year.node, year.owner, POINTS, YEAR, 3, head)
    assert again == march  # derived again, nothing kept
    wrong = dataclasses.replace(CASES[3], data="production")
    index = next(i for i, m in documents.listed(year.node).manuals.items() if m.month == 3 and m.meter)
    paper = documents.listed(year.node).manuals[index].documents
    with pytest.raises(Invalid, match="covered"):
        late = Calibration("late", "activity", REQUIRED, F("0.004"), F(COALS[3] + 1))
        year._manual(3, paper, meter=MeterCase(late, SCALE), replaces=index)
        head = year._head()
        filing.month(year.node, year.owner, POINTS, YEAR, 3, head)
    last = max(documents.listed(year.node).manuals)
    year._manual(3, paper, meter=MeterCase(wrong, SCALE), replaces=last)
    head = year._head()
    downwards = filing.month(year.node, year.owner, POINTS, YEAR, 3, head)
    months = [*year.months[:2], downwards, *year.months[3:]]
    with pytest.raises(Refused, match="data of the meter"):
        filing.yearly(months, year.report.statement.rules, filing.Factors([]))
