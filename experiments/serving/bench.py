"""``make bench-serving``: what a call costs beside the graph alone, with every check on.

Run from the repository's root: ``python -m experiments.serving.bench [--seconds S]``. The in-process ceiling is taken
before and after each figure in the same run, and the ratio to it is what stays true on another machine. Prints a
Markdown table; some four minutes on two cores.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

import numpy as np
from prometheus_client.parser import text_string_to_metric_families

from experiments.serving import models
from experiments.serving.load import (
    Load,
    Serving,
    answer,
    asked_seconds,
    cost_us,
    framed,
    infer_request,
    load,
    served,
)
from serving.inference import streamed
from serving.runtime import Runtime
from serving.tokens import new_token

REPEATS, STREAM_MESSAGES = 3, 64
Row = tuple[str, str, str, str]


def main() -> None:
    """Serve, load, and print what was reached."""
    seconds = asked_seconds(__doc__)
    write = sys.stdout.write
    write("| figure | goal | reached | times the graph alone |\n| --- | --- | --- | --- |\n")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        models.traffic(root)
        models.tabular(root)
        for make in (unary, token, stream, batch, workers):
            for row in make(root, seconds):
                write(f"| {' | '.join(row)} |\n")
                sys.stdout.flush()
    write(f"| {' | '.join(start())} |\n")


def example(rows: int) -> np.ndarray:
    """Rows of the traffic model, the same in every run."""
    shape = (rows, models.SENSORS, models.STEPS, models.CHANNELS)
    return np.random.default_rng(11).standard_normal(shape, dtype=np.float32)


def ceiling_us(root: Path, rows: int) -> float:
    """The graph alone: bytes to array to bytes, no server."""
    runtime = Runtime()
    runtime.load(root / "traffic" / "1")
    session, raw = runtime.get("traffic").session, example(rows).tobytes()
    shape = example(rows).shape
    return cost_us(lambda: session.run(None, {"x": np.frombuffer(raw, np.float32).reshape(shape)})[0].tobytes())


def measured(run: Callable[[], Load], ceiling: Callable[[], float]) -> tuple[Load, float]:
    """The run of median cost, and the ceiling beside it."""
    ceilings, loads = [ceiling()], []
    for _ in range(REPEATS):
        loads.append(run())
        ceilings.append(ceiling())
    failed = sum(one.failed for one in loads)
    if failed:
        sys.exit(f"error: {failed} calls failed, so there is no figure\n  fix: look into the server's log")
    middle = statistics.median_low([one.cpu_us for one in loads])
    return next(one for one in loads if one.cpu_us == middle), statistics.median(ceilings)


def unary(root: Path, seconds: float) -> list[Row]:
    """One row a call, at 1, 8 and 64 calls in flight."""
    rows = []
    with served(root, cores="0") as server:
        check(root, answer(server.address, infer_request("traffic", example(1))).raw_output_contents[0])
        for in_flight, goal in ((1, "-"), (8, "<= 340 us (4.1 times)"), (64, "-")):
            rows.append(_unary(root, server, f"unary infer, {in_flight} in flight", goal, in_flight, seconds))
    return rows


def token(root: Path, seconds: float) -> list[Row]:
    """The same where callers are asked for a token."""
    tokens = root / "tokens.toml"
    shown = new_token(tokens, "bench", ["infer:traffic"], zone="", expires=None, rate_per_s=None)
    with served(root, "--tokens", str(tokens), cores="0") as server:
        figure, goal = "unary infer, 8 in flight, with a token", "<= 400 us (4.8 times)"
        return [_unary(root, server, figure, goal, 8, seconds, ("authorization", f"Bearer {shown}"))]


def _unary(
    root: Path, server: Serving, figure: str, goal: str, in_flight: int, seconds: float, *metadata: tuple[str, str]
) -> Row:
    request = infer_request("traffic", example(1))
    size = len(framed(answer(server.address, request, metadata).SerializeToString()))
    headers = tuple(f"{name}: {value}" for name, value in metadata)
    found, ceiling = measured(
        lambda: load(server, framed(request), reply_bytes=size, in_flight=in_flight, seconds=seconds, headers=headers),
        lambda: ceiling_us(root, 1),
    )
    return _row(figure, goal, found, found.cpu_us, ceiling)


def stream(root: Path, seconds: float) -> list[Row]:
    """Messages over streams: 64 in flight on each call of one connection."""
    request = infer_request("traffic", example(1))
    body = framed(*[request] * STREAM_MESSAGES)
    with served(root, cores="0") as server:
        reply = streamed(answer(server.address, request).SerializeToString())
        size = len(framed(*[reply] * STREAM_MESSAGES))
        found, ceiling = measured(
            lambda: load(server, body, reply_bytes=size, in_flight=1, seconds=seconds, method="ModelStreamInfer"),
            lambda: ceiling_us(root, 1),
        )
    label = f"streaming infer, {STREAM_MESSAGES} messages in flight, a message"
    return [_row(label, "<= 200 us (2.4 times)", found, found.cpu_us / STREAM_MESSAGES, ceiling)]


def batch(root: Path, seconds: float) -> list[Row]:
    """How much of the graph's own speed is left at 32 rows a call."""
    request = infer_request("traffic", example(32))
    with served(root, cores="0") as server:
        size = len(framed(answer(server.address, request).SerializeToString()))
        found, ceiling = measured(
            lambda: load(server, framed(request), reply_bytes=size, in_flight=8, seconds=seconds),
            lambda: ceiling_us(root, 32),
        )
    share = f"{ceiling / found.cpu_us:.0%} of the ceiling"
    return [("32 rows a call, 8 in flight", ">= 60 % of the ceiling", share, f"{found.cpu_us / ceiling:.2f}")]


def workers(root: Path, seconds: float) -> list[Row]:
    """Two processes, a core each, beside one; as many connections as calls in flight, as of many callers."""
    request, costs, shares = infer_request("traffic", example(1)), [], [0.0]
    for flags in ((), ("--workers", "2")):
        with served(root, *flags, cores=None if flags else "0", metrics_port="0") as server:
            size = len(framed(answer(server.address, request).SerializeToString()))
            before = [_answered(url) for url in server.metrics]
            found, _ = measured(
                lambda server=server, size=size: load(
                    server, framed(request), reply_bytes=size, in_flight=64, seconds=seconds, most_connections=64
                ),
                lambda: 1.0,
            )
            costs.append(found.cpu_us)
            counts = [_answered(url) - one for url, one in zip(server.metrics, before, strict=True)]
            shares = [count / sum(counts) for count in counts]
    figure = "two workers against one, 64 callers"
    return [
        (f"{figure}: CPU a call", "<= 1.1 times", f"{costs[1]:.0f} against {costs[0]:.0f} us", "-"),
        (f"{figure}: the lesser share of calls", ">= 40 %", f"{min(shares):.0%}", "-"),
    ]


def _answered(url: str) -> float:
    """Calls that a process has answered, by its metrics."""
    with urlopen(url, timeout=10) as reply:  # noqa: S310
        families = text_string_to_metric_families(reply.read().decode())
        return sum(one.value for each in families for one in each.samples if one.name == "haechi_call_seconds_count")


def start() -> Row:
    """From the command to the first answer, with four models."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        models.tabular(root)
        models.slow(root, 8)
        models.traffic(root)
        models.traffic(root, name="traffic-north")
        taken = []
        for _ in range(5):
            began_s = time.perf_counter()
            with served(root):
                taken.append(time.perf_counter() - began_s)
    return ("start to ready, four models", "< 2 s", f"{statistics.median(taken):.2f} s", "-")


def check(root: Path, raw: bytes) -> None:
    """Hold the numbers of a reply to one row against those of the graph; raises ``AssertionError``."""
    runtime = Runtime()
    runtime.load(root / "traffic" / "1")
    expected = runtime.run("traffic", {"x": example(1)})["y"]
    np.testing.assert_allclose(np.frombuffer(raw, np.float32), expected.ravel(), rtol=1e-5, atol=1e-6)


def _row(figure: str, goal: str, found: Load, cost: float, ceiling: float) -> Row:
    reached = f"{cost:.0f} us CPU ({found.rate_per_s:,.0f}/s, p50 {found.p50_ms:.1f} ms, p99 {found.p99_ms:.1f} ms)"
    return (figure, goal, reached, f"{cost / ceiling:.2f} (graph {ceiling:.0f} us)")


if __name__ == "__main__":
    main()
