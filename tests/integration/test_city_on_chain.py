"""A small city's quarter on a real chain: its codes are those of the check-up, and a second start changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.city import build, certificates, checkup, on_chain, ordering
from scripts.city.serving import LAST_QUARTER
from scripts.mainjob.home import Home
from scripts.mainjob.progress import Progress


@pytest.mark.slow
def test_the_chain_holds_the_colours_of_the_check_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    firms, _ = build.build(4, 5, 0)
    cheat = next(firm for firm in firms if firm.tests)
    for test in cheat.tests:
        if test.month // 3 == LAST_QUARTER:
            test.original_code = False
    books = checkup.Books(firms)
    rows = [
        {"firm": firm.code, "quarter": LAST_QUARTER, "colour": checkup.check(books, firm, LAST_QUARTER).colour}
        for firm in firms
    ]
    home = Home(tmp_path / "home")
    home.root.mkdir()
    colours = on_chain.file_quarter(home, firms, LAST_QUARTER, Progress())
    assert on_chain.differences(colours, rows, LAST_QUARTER) == []
    assert colours[cheat.code] == "red"
    assert sorted(colours.values()) == ["green"] * 4 + ["red"]
    said = capsys.readouterr().out
    assert on_chain.file_quarter(home, firms, LAST_QUARTER, Progress()) == colours
    height = [line for line in said.splitlines() if "block" in line]
    assert [line for line in capsys.readouterr().out.splitlines() if "block" in line] == height
    issued = certificates.issue(home, "http://127.0.0.1:8000")
    assert issued.startswith("4 code valid")  # and of the red one nothing that stands
    assert certificates.issue(home, "http://127.0.0.1:8000") == issued
    assert ordering.order(home, LAST_QUARTER).startswith("0 scores of")  # five firms are no peers
    rows[0]["colour"] = "grey"
    assert on_chain.differences(colours, rows, LAST_QUARTER) == [firms[0].code]
