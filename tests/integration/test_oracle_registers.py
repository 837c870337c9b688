"""A month's manifest where the register rolls over, and where the meter came within the month."""

from __future__ import annotations

from pathlib import Path

import pytest

from carbonledger.entry import Body
from carbonledger.keys import PrivateKey
from carbonledger.manifest import Manifest
from oracle import closing, enrolment, log_entries
from oracle.config import Settings
from oracle.meter import Meter, seeded_nonces
from oracle.node import OracleNode
from oracle.periods import month_bounds

HOUR_MS = 3_600_000


def closed(folder: Path, register: int, modulus: int | None, commissioned_ms: int, hours: range) -> Manifest:
    """November 2025 of a meter that counts 10 Wh an hour, its register taken modulo `modulus`."""
    start, end = month_bounds(2025, 11)
    node = OracleNode.open(
        folder / "node", lambda: end, Settings(origin="gateway.example/readings", chain_id=1), witnesses=[]
    )
    meter = Meter("METER-1", PrivateKey.from_seed("ed25519", b"\x07" * 32), seeded_nonces(b"seed"), register)
    enrolment.enrol_gateway(node, "gateway.example")
    enrolment.enrol_device(node, "METER-1", meter.key.public.data, profile={"modulus": modulus} if modulus else None)
    items = [meter.commission(commissioned_ms)]
    for hour in hours:
        body = meter.body("reading", start + hour * HOUR_MS, 10)
        if modulus:
            rolled = int(Body.parse(body).register or 0) % modulus
            meter.register = rolled
            body = body.replace(f'"r":{Body.parse(body).register}'.encode(), f'"r":{rolled}'.encode())
        items.append(meter.sign(body))
    assert {result.status for result in node.accept(items)} == {"accepted"}
    content = Body.parse(log_entries.one(node, closing.close_month(node, 2025, 11)["METER-1"]).body).content
    node.close()
    return Manifest.parse(content)


@pytest.mark.parametrize("modulus", [7000, 1000])
def test_a_register_that_rolls_over_loses_nothing(tmp_path: Path, modulus: int) -> None:
    start, _ = month_bounds(2025, 11)
    manifest = closed(tmp_path, 900, modulus, start, range(1, 721))
    assert manifest.count == 720
    assert manifest.total == 7200
    assert manifest.flags == {}


def test_a_meter_that_came_within_the_month_counts_from_its_commissioning(tmp_path: Path) -> None:
    start, _ = month_bounds(2025, 11)
    manifest = closed(tmp_path, 5000, None, start + 240 * HOUR_MS, range(241, 721))
    assert (manifest.register_start, manifest.register_end, manifest.total) == (5000, 5000 + 4800, 4800)
    assert (manifest.first, manifest.last, manifest.count) == (1, 480, 480)
