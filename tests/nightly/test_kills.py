"""A hundred SIGKILLs of the whole group at random moments: every run ends as if it had not been.

Six of them are in the suite (tests/runs/test_kills.py): the same, of fewer models.
"""

import pytest

from tests.runs.test_kills import FAMILIES, kill_and_resume, whole_run

pytestmark = pytest.mark.nightly


@pytest.mark.parametrize("family", [*FAMILIES])
def test_a_hundred_kills_change_nothing(family, tmp_path):
    whole = whole_run(family, tmp_path / "whole")
    for number in range(25):
        kill_and_resume(family, tmp_path / f"{number}", whole, seed=100 + number)
