"""A ledger sums what each forecast came to: by issue and step, by day and place, by regime."""

import numpy as np
import pytest

from tests.training.ledgers import START, ledger_of

HOURS = 70


def test_every_cell_holds_the_errors_of_its_forecast():
    errors = np.zeros((HOURS, 2, 3))
    errors[5, 0, 1], errors[5, 1, 1], errors[9, 1, 2] = 30, -4, 8
    ledger = ledger_of(errors)

    assert ledger.by_issue["error"][5].tolist() == [0, 34, 0]
    assert ledger.by_issue["inside"][5].tolist() == [2, 1, 2]
    assert ledger.by_issue["count"].sum() == HOURS * 2 * 3
    # Off by 30: the median loses 15, the lower quantile 0.9 * 20, the upper 0.1 * 40; the interval is 10 wide each way.
    others = (0.5 * 4, 0.9 * 0 + 0.1 * 14, 0.1 * 6)
    assert ledger.by_issue["pinball"][5, 1] == pytest.approx((15 + 0.9 * 20 + 0.1 * 40 + sum(others)) / 3, rel=1e-5)
    assert ledger.by_place["error"].tolist() == [[30, 12], [0, 0], [0, 0]]
    assert ledger.issue_day().tolist() == [hour // 24 for hour in range(HOURS)]
    assert (ledger.start, ledger.steps) == (START, 3)


def test_a_target_past_midnight_is_of_the_next_day():
    errors = np.zeros((HOURS, 1, 3))
    errors[23] = 8  # 23:00 of the first day, 0:00 and 1:00 of the second

    assert ledger_of(errors).by_place["error"].ravel().tolist() == [8, 16, 0]


def test_what_was_not_measured_counts_nowhere():
    values = np.full((HOURS + 2, 2), 1000.0)
    values[30, 0] = np.nan
    ledger = ledger_of(np.full((HOURS, 2, 3), 8.0), values=values)

    missing = HOURS * 2 * 3 - 3
    for sums in (ledger.by_issue, ledger.by_place, ledger.by_part):
        assert sums["count"].sum() == missing
        assert sums["error"].sum() == 8 * missing


def test_error_and_coverage_by_regime():
    errors = np.zeros((HOURS, 1, 3))
    # Issued at 6:00 of Monday: targets 6:00, 7:00 and 8:00. Wednesday is a holiday: the election.
    errors[6] = [[8, 40, 4]]
    errors[50] = [[20, 0, 0]]
    rows = {str(row["regime"]): row for row in ledger_of(errors).regimes()}

    assert list(rows) == ["rush hour", "night", "holiday", "ordinary"]
    assert rows["rush hour"]["mae"] == pytest.approx(44 / rows["rush hour"]["targets"])
    assert rows["rush hour"]["targets"] == 2 * 4 * 3
    assert rows["rush hour"]["coverage"] == pytest.approx(23 / 24)
    assert rows["holiday"]["mae"] == pytest.approx(20 / rows["holiday"]["targets"])
    assert rows["ordinary"]["mae"] == pytest.approx(8 / rows["ordinary"]["targets"])
    assert rows["night"]["mae"] == 0


def test_coverage_by_site_names_the_worst():
    errors = np.zeros((100, 4, 3))
    for place, outside in enumerate((20, 26, 27, 90)):
        errors[:outside, place] = 11
    found = ledger_of(errors).sites()

    assert (found.low, found.high, found.sites) == (0.74, 0.86, 4)
    assert found.share_within == 0.5
    assert list(found.worst) == ["P-3", "P-2"]
    assert found.worst["P-3"] == pytest.approx(0.1)


def test_places_that_were_never_measured_are_no_sites():
    values = np.full((HOURS + 2, 2), np.nan)

    found = ledger_of(np.zeros((HOURS, 2, 3)), values=values).sites()

    assert (found.sites, found.share_within, found.worst) == (0, None, {})
