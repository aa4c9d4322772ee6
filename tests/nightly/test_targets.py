"""What is predicted, in the other framework: slow to start, so it runs by night."""

import pytest

from tests.situations.test_targets import check_rows_are_compared

pytestmark = pytest.mark.nightly


def test_a_column_of_numbers_is_compared_row_by_row_in_tensorflow(tmp_path):
    """E 81."""
    check_rows_are_compared("tensorflow", tmp_path)
