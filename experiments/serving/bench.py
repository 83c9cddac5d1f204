"""``make bench-serving``: what a call costs beside the graph alone, with every check on.

Run from the repository's root: ``python -m experiments.serving.bench [--seconds S]``. The in-process ceiling is taken
before and after each figure in the same run, and the ratio to it is what stays true on another machine. Prints a
Markdown table; some four minutes on two cores.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from experiments.serving import models
from experiments.serving.load import Load, answer, cost_us, framed, h2load_or_exit, infer_request, load, served
from serving.inference import streamed
from serving.runtime import Runtime

REPEATS, STREAM_MESSAGES = 3, 64
Row = tuple[str, str, str, str]


def main() -> None:
    """Serve, load, and print what was reached."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each run")
    seconds = parser.parse_args().seconds
    h2load_or_exit()
    write = sys.stdout.write
    write("| figure | goal | reached | times the graph alone |\n| --- | --- | --- | --- |\n")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        models.traffic(root)
        models.tabular(root)
        for make in (unary, stream, batch):
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
    request, rows = infer_request("traffic", example(1)), []
    with served(root, cores="0") as (address, pid):
        reply = answer(address, request)
        _check(root, reply.raw_output_contents[0])
        size = len(framed(reply.SerializeToString()))
        for in_flight, goal in ((1, "-"), (8, "<= 340 us (4.1 times)"), (64, "-")):
            run = lambda n=in_flight: load(  # noqa: E731
                address, pid, framed(request), reply_bytes=size, in_flight=n, seconds=seconds
            )
            found, ceiling = measured(run, lambda: ceiling_us(root, 1))
            rows.append(_row(f"unary infer, {in_flight} in flight", goal, found, found.cpu_us, ceiling))
    return rows


def stream(root: Path, seconds: float) -> list[Row]:
    """Messages over streams: 64 in flight on each call of one connection."""
    request = infer_request("traffic", example(1))
    with served(root, cores="0") as (address, pid):
        reply = streamed(answer(address, request).SerializeToString())
        size = len(framed(*[reply] * STREAM_MESSAGES))
        found, ceiling = measured(
            lambda: load(
                address,
                pid,
                framed(*[request] * STREAM_MESSAGES),
                reply_bytes=size,
                in_flight=1,
                seconds=seconds,
                method="ModelStreamInfer",
            ),
            lambda: ceiling_us(root, 1),
        )
    label = f"streaming infer, {STREAM_MESSAGES} messages in flight, a message"
    return [_row(label, "<= 200 us (2.4 times)", found, found.cpu_us / STREAM_MESSAGES, ceiling)]


def batch(root: Path, seconds: float) -> list[Row]:
    """How much of the graph's own speed is left at 32 rows a call."""
    request = infer_request("traffic", example(32))
    with served(root, cores="0") as (address, pid):
        size = len(framed(answer(address, request).SerializeToString()))
        found, ceiling = measured(
            lambda: load(address, pid, framed(request), reply_bytes=size, in_flight=8, seconds=seconds),
            lambda: ceiling_us(root, 32),
        )
    share = f"{ceiling / found.cpu_us:.0%} of the ceiling"
    return [("32 rows a call, 8 in flight", ">= 60 % of the ceiling", share, f"{found.cpu_us / ceiling:.2f}")]


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


def _check(root: Path, raw: bytes) -> None:
    runtime = Runtime()
    runtime.load(root / "traffic" / "1")
    expected = runtime.run("traffic", {"x": example(1)})["y"]
    np.testing.assert_allclose(np.frombuffer(raw, np.float32), expected.ravel(), rtol=1e-5, atol=1e-6)


def _row(figure: str, goal: str, found: Load, cost: float, ceiling: float) -> Row:
    reached = f"{cost:.0f} us CPU ({found.rate_per_s:,.0f}/s, p50 {found.p50_ms:.1f} ms, p99 {found.p99_ms:.1f} ms)"
    return (figure, goal, reached, f"{cost / ceiling:.2f} (graph {ceiling:.0f} us)")


if __name__ == "__main__":
    main()
