"""The simulated years that tests of weather, air and river look at: local ones, whole."""

from datetime import UTC, datetime

from features.simulated.hours import KST_OFFSET_H, hour_number

SEEDS = (1, 2, 3, 7)


def year(number):
    """The hours of a local year."""
    first, end = (hour_number(datetime(each, 1, 1, tzinfo=UTC)) - KST_OFFSET_H for each in (number, number + 1))
    return range(first, end)
