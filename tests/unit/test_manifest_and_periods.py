"""Months at UTC+08:00, and manifests read strictly."""

from __future__ import annotations

from typing import Any

import pytest

from carbonledger.errors import Malformed
from carbonledger.manifest import Manifest
from carbonledger.periods import instants, month_bounds, month_of, rfc3339

MANIFEST: dict[str, Any] = {
    "count": 2,
    "device": "meter-1",
    "end": 5,
    "first": 1,
    "flags": {"missing": 1},
    "from": 3,
    "gaps": [[2, 2]],
    "last": 3,
    "register_end": 9,
    "register_start": 4,
    "start": 1,
    "sum": 5,
    "to": 4,
    "unit": "Wh",
}


def test_a_month_begins_and_ends_at_midnight_in_beijing() -> None:
    assert rfc3339(month_bounds(2025, 1)[0]) == "2024-12-31T16:00:00Z"
    assert rfc3339(month_bounds(2025, 12)[1]) == "2025-12-31T16:00:00Z"
    assert len(instants(2024)) == 13
    assert month_bounds(2024, 2)[1] - month_bounds(2024, 2)[0] == 29 * 86_400_000


def test_a_period_is_a_month_or_none() -> None:
    assert month_of(*month_bounds(2025, 12)) == (2025, 12)
    for start, end in ((0, 1), (1, 0), (-5, 5), (0, 10**18), (instants(2025)[0], instants(2025)[-1])):
        assert month_of(start, end) is None
    for year, month in ((1970, 1), (9999, 1), (2025, 0), (2025, 13)):
        with pytest.raises(Malformed):
            month_bounds(year, month)


def test_a_manifest_is_read() -> None:
    manifest = Manifest.parse(MANIFEST)
    assert (manifest.count, manifest.missing, manifest.low, manifest.high) == (2, 1, 3, 4)
    assert Manifest.parse(MANIFEST | {"first": None}).first is None


@pytest.mark.parametrize(
    "change",
    [
        {"count": -1},
        {"count": True},
        {"count": None},
        {"device": 1},
        {"flags": {"odd": 1}},
        {"flags": {"missing": -1}},
        {"flags": []},
        {"gaps": [[3, 2]]},
        {"gaps": [[1, 2], [2, 3]]},
        {"gaps": [[1]]},
        {"gaps": 5},
        {"sum": "5"},
        {"extra": 1},
        {"first": -1},
    ],
)
def test_a_manifest_of_another_form_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        Manifest.parse(MANIFEST | change)


def test_a_manifest_without_body_is_refused() -> None:
    with pytest.raises(Malformed):
        Manifest.parse(None)
