"""Metrics for Prometheus: what was counted, and how things stand as it looks."""

import socket
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import accumulate
from socketserver import TCPServer, ThreadingMixIn

from prometheus_client import CollectorRegistry, MetricsHandler, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from features.errors import BadInput
from serving.runtime import Runtime
from serving.seen.drift import Drift
from serving.seen.reading import Reading
from serving.seen.tally import BUCKETS_S, Tally

# A scraper that says nothing for longer is gone.
_PATIENCE_S = 5.0
_MODEL = ["model", "version"]


class Endpoint:
    """``http://HOST:PORT/metrics``, bound when made, answering once started, on threads of its own.

    Args:
        host: to bind.
        port: 0 picks a free one.
        tally: what was counted.
        drift: what was seen of inputs.
        runtime: whose models are told of.
        readings: what else there is.

    Raises:
        BadInput: the address cannot be had.
    """

    def __init__(
        self, host: str, port: int, tally: Tally, drift: Drift, runtime: Runtime, readings: Sequence[Reading]
    ) -> None:
        # Of its own, not the library's global one: two servers in one process are two targets.
        registry = CollectorRegistry()
        registry.register(_Collector(tally, drift, runtime, readings))
        ProcessCollector(registry=registry)
        try:
            self._http = _Http((host, port), _handler(registry))
        except (OSError, OverflowError) as error:
            # A port beyond the last overflows.
            raise BadInput(
                cause=f"Metrics cannot be had at {host}:{port}: {getattr(error, 'strerror', None) or error}",
                mend="Stop what listens there, or pick another (HAECHI_METRICS_PORT; 0 finds a free one)",
            ) from None
        self._thread = threading.Thread(target=self._http.serve_forever, name="haechi-metrics", daemon=True)
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{self._http.server_address[1]}/metrics"

    def start(self) -> None:
        """Answer whoever scrapes."""
        self._thread.start()

    def stop(self) -> None:
        """Answer nobody any more."""
        if self._thread.is_alive():
            self._http.shutdown()
            self._thread.join()
        self._http.server_close()


class _Http(ThreadingMixIn, TCPServer):
    """Unlike the standard library's ``HTTPServer`` it looks no host's name up as it binds."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], handler: type[MetricsHandler]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, handler)


def _handler(registry: CollectorRegistry) -> type[MetricsHandler]:
    return type("_Handler", (MetricsHandler,), {"registry": registry, "timeout": _PATIENCE_S})


class _Collector(Collector):
    """Says what a server's numbers are at the moment it is asked."""

    def __init__(self, tally: Tally, drift: Drift, runtime: Runtime, readings: Sequence[Reading]) -> None:
        self._tally = tally
        self._drift = drift
        self._runtime = runtime
        self._readings = readings

    def collect(self) -> Iterator[Metric]:
        with self._tally.lock:
            counted = (*_calls(self._tally), *_masks(self._tally), _fallbacks(self._tally))
        yield from counted
        yield from _models(self._runtime)
        yield _drifted(self._drift)
        yield _shadows(self._runtime)
        for one in self._readings:
            family = CounterMetricFamily if one.counts else GaugeMetricFamily
            yield family(one.name, one.meaning, value=one.read())


def _calls(tally: Tally) -> tuple[Metric, ...]:
    calls = CounterMetricFamily("haechi_calls", "Calls that are over, by method and status", labels=["method", "code"])
    for (method, code), count in tally.calls.items():
        calls.add_metric([method, code.name], count)
    refusals = CounterMetricFamily("haechi_refusals", "Calls that were refused, by the error's name", labels=["error"])
    for error, count in tally.refusals.items():
        refusals.add_metric([error], count)
    meaning = "From a message's arrival to its answer, of calls that were answered"
    latency = HistogramMetricFamily("haechi_call_seconds", meaning, labels=_MODEL)
    for label, one in tally.latencies.items():
        ends = [*map(str, BUCKETS_S), "+Inf"]
        buckets = list(zip(ends, accumulate(map(float, one.counts)), strict=True))
        latency.add_metric(label.split("/"), buckets, one.sum_s)
    return calls, refusals, latency


def _masks(tally: Tally) -> tuple[Metric, ...]:
    labels = [*_MODEL, "mask"]
    values = CounterMetricFamily("haechi_input_values", "Values that a mask speaks of, over all calls", labels=labels)
    missing = CounterMetricFamily("haechi_input_missing_values", "Those of them that were missing", labels=labels)
    for label, masks in tally.masks.items():
        for name, one in masks.items():
            values.add_metric([*label.split("/"), name], one.values)
            missing.add_metric([*label.split("/"), name], one.missing)
    return values, missing


def _fallbacks(tally: Tally) -> Metric:
    meaning = "Rows that the fallback answered in the model's place"
    rows = CounterMetricFamily("haechi_fallback_rows", meaning, labels=[*_MODEL, "reason"])
    for label, reasons in tally.fallbacks.items():
        for reason, count in reasons.items():
            rows.add_metric([*label.split("/"), reason], count)
    return rows


def _models(runtime: Runtime) -> tuple[Metric, ...]:
    models, now = runtime.models(), datetime.now(UTC)
    loaded = GaugeMetricFamily("haechi_models_loaded", "Versions that are at hand", value=len(models))
    answers = GaugeMetricFamily(
        "haechi_model_answers", "1 for the version that answers where nothing else is said, 0 for others", labels=_MODEL
    )
    age = GaugeMetricFamily("haechi_model_age_seconds", "Since the version was made", labels=_MODEL)
    state = GaugeMetricFamily(
        "haechi_model_state_age_seconds", "Since the last measurement that the version's state has seen", labels=_MODEL
    )
    lines = runtime.lines()
    for served in models:
        manifest = served.manifest
        labels = [manifest.name, str(manifest.version)]
        line = lines.get(manifest.name)
        answers.add_metric(labels, float(line is not None and line.current == manifest.version))
        age.add_metric(labels, (now - manifest.created_at).total_seconds())
        if manifest.state_as_of is not None:
            state.add_metric(labels, (now - manifest.state_as_of).total_seconds())
    return loaded, answers, age, state


def _drifted(drift: Drift) -> Metric:
    index = GaugeMetricFamily(
        "haechi_input_drift_psi",
        "Population stability index of an input beside training, over about a day; under 0.1 none, over 0.25 look",
        labels=[*_MODEL, "input"],
    )
    for (label, name), value in drift.indices().items():
        index.add_metric([*label.split("/"), name], value)
    return index


def _shadows(runtime: Runtime) -> Metric:
    share = GaugeMetricFamily(
        "haechi_shadow_difference_ratio",
        "Mean absolute difference between a shadow's answers and those returned, as a share of their size",
        labels=["pair"],
    )
    for pair, compared in runtime.shadows.compared.items():
        share.add_metric([pair], compared.mean_share)
    return share
