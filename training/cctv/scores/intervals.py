"""Exact confidence intervals of counts: what so few observations can say, and no more."""

from scipy.stats import beta, chi2

LEVEL = 0.95


def rate_interval(count: int, exposure: float) -> tuple[float, float]:
    """Of a Poisson rate (Garwood 1936, Biometrika 28:437).

    Args:
        count: of what happened.
        exposure: for how long it was looked at, > 0; the rate is by its unit.

    Returns:
        Lower and upper bound of 95 %, each missed with at most 2.5 %.

    >>> [round(bound, 3) for bound in rate_interval(0, 1.0)]
    [0.0, 3.689]
    """
    tail = (1 - LEVEL) / 2
    low = float(chi2.ppf(tail, 2 * count)) / 2 if count else 0.0
    return low / exposure, float(chi2.ppf(1 - tail, 2 * count + 2)) / 2 / exposure


def share_interval(hits: int, of: int) -> tuple[float, float]:
    """Of a share (Clopper and Pearson 1934, Biometrika 26:404).

    Args:
        hits: among them.
        of: so many; 0 says nothing.

    Returns:
        Lower and upper bound of 95 %.

    >>> [round(bound, 3) for bound in share_interval(20, 20)]
    [0.832, 1.0]
    """
    tail = (1 - LEVEL) / 2
    low = float(beta.ppf(tail, hits, of - hits + 1)) if hits else 0.0
    return low, float(beta.ppf(1 - tail, hits + 1, of - hits)) if hits < of else 1.0
