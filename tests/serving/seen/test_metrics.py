"""What Prometheus sees: every call counted once, no label that a stranger chose, and nothing where nobody asked."""

import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import grpc
import numpy as np
import pytest

from features.errors import BadInput, HaechiError, UnknownName
from features.limits import Deciles
from features.manifest import Manifest
from serving.call import Call
from serving.guard import Ended
from serving.outputs import MISSING, OUTSIDE, Outputs
from serving.proto import open_inference_grpc_pb2 as oip
from serving.rpc import ask
from serving.runtime import Runtime
from serving.seen.tally import BUCKETS_S, Tally

NOTHING = Outputs({}, {})
INFER = "/inference.GRPCInferenceService/ModelInfer"
STREAM = "/inference.GRPCInferenceService/ModelStreamInfer"


@pytest.fixture
def seen(watched: Callable[..., "Watched"]) -> Iterator["Watched"]:  # noqa: F821
    """A server that is scraped."""
    return watched(metrics_port=0)


def test_an_answered_call_is_counted_and_timed_by_model_and_version(seen) -> None:
    for _ in range(3):
        seen.double()

    assert seen.value("haechi_calls_total", method=INFER, code="OK") == 3
    assert seen.value("haechi_call_seconds_count", model="doubler", version="1") == 3
    assert 0 < seen.value("haechi_call_seconds_sum", model="doubler", version="1") < 3
    assert seen.value("haechi_call_seconds_bucket", model="doubler", version="1", le="+Inf") == 3
    assert seen.value("haechi_refusals_total", error="BadInput") is None


def test_a_refused_call_is_counted_by_its_error_and_not_timed(seen) -> None:
    with pytest.raises(UnknownName):
        seen.double("nobody")
    with pytest.raises(BadInput):
        seen.client.infer("doubler", {"x": np.zeros((1, 2), dtype=np.float32)})

    assert seen.value("haechi_refusals_total", error="UnknownName") == 1
    assert seen.value("haechi_refusals_total", error="BadInput") == 1
    assert seen.value("haechi_calls_total", method=INFER, code="NOT_FOUND") == 1
    assert seen.value("haechi_call_seconds_count", model="doubler", version="1") is None


def test_each_message_of_a_stream_counts_and_its_end_does_not(seen) -> None:
    request = oip.ModelInferRequest(model_name="doubler", raw_input_contents=[np.zeros(3, np.float32).tobytes()])
    request.inputs.add(name="x", datatype="FP32", shape=[1, 3])
    wrong = oip.ModelInferRequest(model_name="nobody")
    method = oip.DESCRIPTOR.services_by_name["GRPCInferenceService"].methods_by_name["ModelStreamInfer"]
    with grpc.insecure_channel(seen.server.address) as channel:
        replies = list(ask(channel, method)(iter([request, wrong, request])))

    assert [bool(reply.error_message) for reply in replies] == [False, True, False]
    assert seen.value("haechi_calls_total", method=STREAM, code="OK") == 2
    assert seen.value("haechi_calls_total", method=STREAM, code="NOT_FOUND") == 1


def test_no_label_comes_from_a_stranger(seen) -> None:
    before = len(seen.samples())
    for number in range(20):
        with pytest.raises(HaechiError):
            seen.double(f"stranger-{number}")
    after = seen.samples()

    assert not [labels for _, labels in after if any("stranger" in value for _, value in labels)]
    # One call counted by method and status, one refusal by its error.
    assert len(after) == before + 2


def test_rows_of_the_fallback_are_counted_by_their_reason(watched, own_runtime: Runtime) -> None:
    seen = watched(metrics_port=0)
    x = {"x": np.ones((3, 3), dtype=np.float32)}
    for hear in own_runtime.after_run:
        hear(own_runtime.get("doubler"), x, Outputs(x, {0: MISSING, 2: OUTSIDE}))

    labels = {"model": "doubler", "version": "1"}
    assert seen.value("haechi_fallback_rows_total", **labels, reason=OUTSIDE) == 1
    assert seen.value("haechi_fallback_rows_total", **labels, reason=MISSING) == 1


def test_versions_that_are_long_gone_are_forgotten() -> None:
    tally = Tally()
    for version in range(300):
        tally.ended(Ended(call=Call(method="m", model=f"traffic/{version}"), code=grpc.StatusCode.OK, took_s=0.01))

    assert len(tally.latencies) == 100
    assert "traffic/299" in tally.latencies


def test_a_number_that_comes_back_with_other_inputs_counts_what_it_has(
    own_runtime: Runtime, make_manifest: Callable[..., Manifest]
) -> None:
    tally, masked = Tally(), own_runtime.get("masked")
    manifest = masked.manifest
    renamed = manifest.inputs[1].model_copy(update={"name": "other_mask"})
    again = replace(masked, manifest=make_manifest(name="masked", inputs=(manifest.inputs[0], renamed)))
    tally.ran(masked, {"x_mask": np.array([True, False])}, NOTHING)
    tally.ran(again, {"other_mask": np.array([True, False, False])}, NOTHING)
    tally.ran(masked, {"x_mask": np.array([True])}, NOTHING)

    counted = {name: (one.values, one.missing) for name, one in tally.masks["masked/1"].items()}
    assert counted == {"x_mask": (3, 1), "other_mask": (3, 2)}


@pytest.mark.parametrize(
    ("took_s", "bucket"),
    [
        pytest.param(0.00001, 0, id="faster than any"),
        pytest.param(0.0001, 0, id="an end belongs to what lies below"),
        pytest.param(0.0002, 1, id="between two ends"),
        pytest.param(60.0, len(BUCKETS_S), id="slower than any"),
    ],
)
def test_a_latency_falls_into_its_bucket(took_s: float, bucket: int) -> None:
    tally = Tally()
    tally.ended(Ended(call=Call(method="m", model="traffic/1"), code=grpc.StatusCode.OK, took_s=took_s))

    assert tally.latencies["traffic/1"].counts.index(1) == bucket


def test_missing_inputs_are_counted_by_their_mask(seen) -> None:
    mask = np.array([[True, False, False], [True, True, True]])
    seen.client.infer("masked", {"x": np.ones((2, 3), dtype=np.float32), "x_mask": mask})

    labels = {"model": "masked", "version": "1", "mask": "x_mask"}
    assert seen.value("haechi_input_values_total", **labels) == 6
    assert seen.value("haechi_input_missing_values_total", **labels) == 2


def test_drift_is_told_by_input(watched, own_runtime: Runtime, make_manifest: Callable[..., Manifest]) -> None:
    seen, doubler = watched(metrics_port=0), own_runtime.get("doubler")
    rising = Deciles(input="x", values=(tuple(float(point) for point in range(9)),))
    served = replace(doubler, manifest=make_manifest(**{**dict(doubler.manifest), "deciles": (rising,)}))
    x = {"x": np.full((64, 3), 20, dtype=np.float32)}
    drift = next(hear for hear in own_runtime.after_run if hear.__qualname__ == "Drift.ran").__self__
    drift._clock = iter(range(100)).__next__
    for _ in range(20):
        drift.ran(served, x, NOTHING)

    # All in the last bin, and as good as nothing in the others.
    assert seen.value("haechi_input_drift_psi", model="doubler", version="1", input="x") == pytest.approx(8.29, abs=0.1)


def test_models_their_age_and_who_answers_are_told(seen) -> None:
    samples = seen.samples()

    assert samples["haechi_models_loaded", frozenset()] == 4
    assert seen.value("haechi_model_answers", model="weigher", version="2") == 1
    assert seen.value("haechi_model_answers", model="weigher", version="1") == 0
    # Since the last hour of 2022.
    assert seen.value("haechi_model_age_seconds", model="doubler", version="1") > 365 * 86400
    assert seen.value("haechi_calls_waiting") == 0
    assert seen.value("process_resident_memory_bytes") > 0


def test_names_follow_the_conventions_of_prometheus(seen) -> None:
    seen.double()
    for line in seen.scrape().splitlines():
        if line.startswith("# TYPE haechi_"):
            _, _, name, kind = line.split()
            assert re.fullmatch(r"[a-z_]+", name)
            assert name.endswith("_total") == (kind == "counter"), name
            assert not name.endswith(("_ms", "_mib", "_percent")), name


def test_two_servers_in_one_process_count_for_themselves(watched) -> None:
    one, other = watched(metrics_port=0), watched(metrics_port=0)
    one.double()

    assert one.value("haechi_calls_total", method=INFER, code="OK") == 1
    assert other.value("haechi_calls_total", method=INFER, code="OK") is None


def test_without_a_port_nothing_listens_to_calls(watched) -> None:
    seen = watched()

    assert seen.server.watch.metrics_url is None
    assert seen.listening() == []


def test_a_server_that_stopped_leaves_no_listener(watched, tmp_path: Path) -> None:
    seen = watched(metrics_port=0, slow_ms=0, request_log=tmp_path / "requests")
    assert sorted(seen.listening()) == ["Drift.ran", "RequestLog.ran", "Slow.ended", "Tally.ended", "Tally.ran"]
    seen.server.stop(0)

    assert seen.listening() == []


def test_a_port_in_use_is_refused_with_the_setting_to_mend(watched) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(BadInput, match="in use") as refused:
            watched(metrics_port=taken.getsockname()[1])

    assert "HAECHI_METRICS_PORT" in refused.value.mend


def test_the_dashboard_names_only_metrics_that_are_there(seen) -> None:
    dashboard = (Path(__file__).parents[3] / "deploy" / "grafana" / "haechi.json").read_text(encoding="utf-8")
    seen.double()
    with pytest.raises(UnknownName):
        seen.double("nobody")
    there = {name for name, _ in seen.samples()} | set(re.findall(r"# TYPE (\S+)", seen.scrape()))

    named = set(re.findall(r"\b(?:haechi|process)_[a-z_]+", dashboard))
    assert named
    assert named <= there | OF_MORE, named - there


OF_MORE = {"haechi_models_refused", "haechi_request_log_rows_total", "haechi_request_log_dropped_total"}
"""Of a server that follows a folder, or logs requests; tests of those hold them."""
