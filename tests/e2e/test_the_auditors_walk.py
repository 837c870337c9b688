"""docs/verify-it-yourself.md is run as it stands, each command with the exit code it states."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.walk import ROOT, steps, walk

if TYPE_CHECKING:
    from tests.e2e.conftest import Job

PAGE = ROOT / "docs/verify-it-yourself.md"

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("main-job")]


def test_every_command_of_the_walk_does_what_the_page_says(job: Job, tmp_path: Path) -> None:
    assert len(steps(PAGE)) > 8
    walk(PAGE, job.home, tmp_path)
