"""Files of interval readings: what is read, what is refused, and what the refusal says."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from carbonledger.errors import CarbonLedgerError, Refused
from oracle.sources.csv_file import read_year
from oracle.sources.mapping import Mapping, parse_mapping, read_mapping, shipped_mappings
from oracle.sources.plant import simulate_year

DATA = Path(os.environ.get("CARBONLEDGER_DATA", "../shared/data"))
STEEL = DATA / "steel_industry_2018.csv.gz"


def write(folder: Path, text: str | bytes, name: str = "readings.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refusal(path: Path, year: int = 2025, mapping: Mapping | None = None) -> str:
    with pytest.raises(CarbonLedgerError) as caught:
        read_year(path, year, mapping)
    return str(caught.value)


@pytest.mark.skipif(not STEEL.exists(), reason=f"the steel plant's year is not at {STEEL}")
def test_the_steel_plants_year_is_recognised_by_its_header_and_sums_exactly() -> None:
    year = read_year(STEEL, 2025)
    assert year.total_wh == 959_636_710
    assert len(year.intervals) == 35_040
    assert year.missing == 0
    assert year.source_year == 2018
    assert any("replayed as reporting year 2025" in note for note in year.notes)
    days = list(year.days())
    assert len(days) == 365
    assert {len(intervals) for _, intervals in days} == {96}
    first_day = [i.energy_wh for i in days[0][1]]
    assert first_day[:4] == [3170, 4000, 3240, 3310]
    assert [i.energy_wh for i in days[-1][1]][-2:] == [3780, 3670]  # the row stamped 00:00 closes its own day


def test_the_canonical_layout_is_read_plain_and_packed(tmp_path: Path) -> None:
    text = "time,energy_kwh\n2025-01-01T00:15:00+08:00,1.5\n2026-01-01T00:00:00+08:00,2\n"
    plain = read_year(write(tmp_path, text), 2025)
    packed = read_year(write(tmp_path, gzip.compress(text.encode()), "readings.csv.gz"), 2025)
    assert plain.intervals == packed.intervals
    assert plain.total_wh == 3500
    assert plain.intervals[-1].end_ms == 1767196800000  # 2026-01-01T00:00+08:00 closes 2025


def test_utc_times_of_one_reporting_year_fit(tmp_path: Path) -> None:
    text = "time,energy_kwh\n2024-12-31T16:15:00Z,1\n2025-12-31T16:00:00Z,1\n"
    assert read_year(write(tmp_path, text), 2025).source_year == 2025


def test_a_mapping_reads_any_other_layout(tmp_path: Path) -> None:
    mapping = parse_mapping(
        'time_column = "时间"\nenergy_column = "电量"\ntime_format = "%Y/%m/%d %H:%M"\nzone = "Asia/Shanghai"\n'
        'unit = "MWh"\nencoding = "gb18030"\ndelimiter = ";"\ndecimal_point = ","\nrow_order = "any"\n'
        'round = "half-even"\n',
        "own",
    )
    text = "时间;电量\n2025/01/01 00:30;0,0025\n2025/01/01 00:15;0,0000015\n".encode("gb18030")
    year = read_year(write(tmp_path, text), 2025, mapping)
    assert [i.energy_wh for i in year.intervals] == [2, 2500]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", ["empty", "time"]),
        ("time,energy_kwh\n", ["no rows"]),
        ("when,what\n", ["'time'", "when, what", "--mapping"]),
        ("time,time,energy_kwh\n", ["'time'", "2 such columns"]),
        ("time,energy_kwh\n2025-01-01T00:15:00,1\n", ["row 2", "offset", "2025-01-01T00:15:00"]),
        ("time,energy_kwh\n01/02/2025 00:15,1\n", ["row 2", "ISO 8601"]),
        ("time,energy_kwh\n2025-02-30T00:15:00+08:00,1\n", ["row 2", "2025-02-30"]),
        ("time,energy_kwh\n2025-01-01T00:15:00+08:00,-1\n", ["row 2", "zero or more", "-1"]),
        ("time,energy_kwh\n2025-01-01T00:15:00+08:00,NaN\n", ["row 2", "decimal number", "NaN"]),
        ("time,energy_kwh\n2025-01-01T00:15:00+08:00,1e3\n", ["row 2", "1e3"]),
        ("time,energy_kwh\n2025-01-01T00:15:00+08:00,\n", ["row 2", "''"]),
        ("time,energy_kwh\n2025-01-01T00:15:00+08:00,0.0001\n", ["row 2", "finer than 1 Wh", "round"]),
        ("time,energy_kwh\n2025-01-01T00:15:00+08:00,1,2\n", ["row 2", "2 fields", "3"]),
        ("time,energy_kwh\n2025-01-01T00:15:00+08:00,1\n2025-01-01T00:15:00+08:00,1\n", ["row 3", "repeats"]),
        (
            "time,energy_kwh\n2025-01-01T00:30:00+08:00,1\n2025-01-01T00:15:00+08:00,1\n",
            ["row 3", "earlier", "row_order"],
        ),
        (
            "time,energy_kwh\n2024-05-01T00:15:00+08:00,1\n2025-05-01T00:15:00+08:00,1\n",
            ["one local year", "2024", "2025"],
        ),
        ("time,energy_kwh\n2024-02-29T12:00:00+08:00,1\n", ["leap day", "--year 2024"]),
        ("time,energy_kwh\n2025-01-01T00:15:00+08:00,999999999999999\n", ["does not fit"]),
        ("time,energy_kwh\n9999-12-31T23:15:00-08:00,1\n", ["row 2", "inside the calendar", "9999-12-31"]),
        ("time,energy_kwh\n0001-01-01T00:00:00+08:00,1\n", ["row 2", "inside the calendar", "0001-01-01"]),
        (b"time,energy_kwh\n\xff\xfe,1\n", ["byte 16", "0xff", "encoding"]),
        (b"time,energy_kwh\n\x00,1\n", ["zero byte"]),
        (b"\x1f\x8bnot gzip", ["gzip"]),
        ('time,energy_kwh\n"2025-01-01T00:15:00+08:00,1\n', ["CSV"]),
    ],
)
def test_a_bad_file_is_refused_with_the_row_and_what_was_expected(
    tmp_path: Path, text: str | bytes, says: list[str]
) -> None:
    message = refusal(write(tmp_path, text))
    assert all(part in message for part in says), message


def test_a_truncated_gzip_file_is_refused(tmp_path: Path) -> None:
    packed = gzip.compress(b"time,energy_kwh\n2025-01-01T00:15:00+08:00,1\n" * 50)
    assert "gzip" in refusal(write(tmp_path, packed[:-9]))


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    assert "nowhere.csv" in refusal(tmp_path / "nowhere.csv")


def test_a_leap_year_is_replayed_in_a_leap_year(tmp_path: Path) -> None:
    text = "time,energy_kwh\n2024-02-29T12:00:00+08:00,1\n"
    assert len(read_year(write(tmp_path, text), 2024).intervals) == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("time_colum = 'x'", ["unknown key", "time_colum"]),
        ("unit = 'J'", ["unit", "kWh", "'J'"]),
        ("zone = 'Mars/Olympus'", ["zone", "Mars/Olympus"]),
        ("zone = '+25:99'", ["zone"]),
        ("encoding = 'klingon'", ["encoding", "klingon"]),
        ("encoding = 'undefined'", ["encoding", "undefined"]),
        ("delimiter = ',,'", ["delimiter"]),
        ("unit = 3", ["unit", "string", "3"]),
        ("= nonsense", ["TOML"]),
    ],
)
def test_a_bad_mapping_is_refused_by_key(text: str, says: list[str]) -> None:
    with pytest.raises(CarbonLedgerError) as caught:
        parse_mapping(text, "own")
    assert all(part in str(caught.value) for part in says), str(caught.value)


def test_a_mapping_that_is_no_text_or_not_there_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_bytes(b"source = '\xff'")
    with pytest.raises(Refused, match=r"own\.toml; expected TOML in UTF-8; found .* at byte 10"):
        read_mapping(tmp_path / "own.toml")
    with pytest.raises(Refused, match=r"absent\.toml.*No such file"):
        read_mapping(tmp_path / "absent.toml")


def test_midnight_of_the_last_day_of_the_calendar_is_refused_where_it_closes_its_own_day(tmp_path: Path) -> None:
    path = write(tmp_path, "time,energy_kwh\n9999-12-31T00:00:00+08:00,1\n")
    with pytest.raises(Refused, match="row 2: time; expected a time inside the calendar"):
        read_year(path, 2025, parse_mapping("midnight = 'own-day'", "own"))


@pytest.mark.parametrize("year", [-1, 0, 1969, 9999, 99999])
def test_a_reporting_year_outside_the_calendar_is_refused_by_file_and_plant(tmp_path: Path, year: int) -> None:
    with pytest.raises(Refused, match=f"reporting year; expected 1970 to 9998; found {year}"):
        simulate_year(year, 1)
    with pytest.raises(Refused, match=f"reporting year; expected 1970 to 9998; found {year}"):
        read_year(write(tmp_path, "time,energy_kwh\n2025-01-01T12:00:00+08:00,1\n"), year)


def test_every_shipped_mapping_names_its_source_and_its_header() -> None:
    assert shipped_mappings()
    assert all(mapping.source and mapping.header for mapping in shipped_mappings())


def test_the_simulated_plant_is_the_same_for_the_same_seed_and_rests_at_weekends() -> None:
    year = simulate_year(2025, 7)
    assert year == simulate_year(2025, 7)
    assert year != simulate_year(2025, 8)
    assert len(year.intervals) == 35_040
    by_day = [sum(i.energy_wh for i in intervals) for _, intervals in year.days()]
    workday, sunday = by_day[8], by_day[11]  # Thursday 9 and Sunday 12 January 2025
    assert sunday < workday / 2
    assert len(simulate_year(2024, 7).intervals) == 35_136
