"""A noisy signal at its limit must not be a noisy room."""

import pytest

from tests.rules.noisy import told


@pytest.mark.parametrize("seed", range(8))
def test_a_guarded_rule_speaks_once_where_a_naive_one_chatters(seed: int) -> None:
    found = told(seed)
    assert found["naive"]["raises"] >= 50
    assert found["guarded"] == {"raises": 1, "clears": 1}
