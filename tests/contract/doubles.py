"""What a domain lends to the contract suite: one file ``tests/contract/DOMAIN.py`` that holds a ``DOUBLE``.

A new domain joins by that file and its word in ``features.DOMAINS``; no test of the suite is written again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import pytest


@dataclass(frozen=True, slots=True, kw_only=True)
class Double:
    """A small city of one domain, deterministic by seed.

    Attributes:
        unit: of what is forecast.
        rising: outputs whose last axis never falls: quantiles, and probabilities of ever longer times.
        configs: small valid configs, by what is special about them; the first is used where one is enough.
        state: config to a state that remembers something.
        issued_at: state, config to rising issue times, none before the state's ``as_of``.
        raw: state, config, seed, instant to what is known by that instant, starting before the state's ``as_of``.
        raw_of_another_future: as ``raw``, with one instant more: what became known after it differs.
    """

    unit: str
    rising: tuple[str, ...]
    configs: dict[str, Any]
    state: Callable[[Any], Any]
    issued_at: Callable[[Any, Any], list[datetime]]
    raw: Callable[[Any, Any, int, datetime], Any]
    raw_of_another_future: Callable[[Any, Any, int, datetime, datetime], Any]


def double_of(domain: str) -> Double:
    """The double that ``domain`` lends.

    Raises:
        Failed: there is none.
    """
    module = f"tests.contract.{domain}"
    if find_spec(module) is None:
        pytest.fail(f"The domain {domain} joins the contract suite by tests/contract/{domain}.py with a DOUBLE")
    double: Double = import_module(module).DOUBLE
    return double
