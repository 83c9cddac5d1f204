"""Members are fitted beside each other, and end together."""

import os
import signal
import threading

import numpy as np
import pytest

from features.console import progress
from tests.training.traffic.rows import CONFIG, TINY, persistent, rows, sample
from training.traffic import members
from training.traffic.model import LinearCorrection


@pytest.fixture
def fit(monkeypatch):
    """Fits with trees that grow until they are told to stop, and a network that does ``network``."""

    def call(network):
        grown = threading.Event()

        def fit_trees(*arguments):
            on_tree = arguments[-1]
            while True:
                on_tree(None)
                grown.set()

        def fit_network(*_):
            assert grown.wait(60)
            return network()

        monkeypatch.setattr(members, "fit_trees", fit_trees)
        monkeypatch.setattr(members, "fit_network", fit_network)
        inputs = rows(20)
        known = sample(inputs, persistent(inputs))
        with progress() as bar:
            members.fit_members(LinearCorrection(CONFIG), known, np.arange(20), CONFIG, TINY, 1, bar)

    return call


def test_a_network_that_fails_stops_the_trees(fit):
    def network():
        raise ValueError("diverged")

    with pytest.raises(ValueError, match="diverged"):
        fit(network)


def test_ctrl_c_while_the_trees_grow_stops_them(fit):
    killer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))

    with pytest.raises(KeyboardInterrupt):
        fit(killer.start)
