"""``make bench-overload``: ten times the calls that a model of 20 ms can answer, for a minute.

Run from the repository's root: ``python -m experiments.serving.overload [--seconds S]``. Calls are sent by the clock,
whether or not earlier ones were answered. Prints a Markdown table; two minutes.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import grpc
import numpy as np
import psutil

from experiments.serving import models
from experiments.serving.load import SERVICE, cost_us, infer_request, served
from serving.runtime import Runtime

RUN_MS, TIMES, CHANNELS = 20.0, 10, 8
_ROWS = 64


def main() -> None:
    """Find out what the server can answer, ask for ten times as much, and print what became of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    seconds = parser.parse_args().seconds
    x = np.random.default_rng(3).standard_normal((_ROWS, 512), dtype=np.float32)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        models.slow(root, _layers(x))
        with served(root, cores="0") as server:
            request = infer_request("slow", x)
            alone = asyncio.run(_closed(server.address, request, 1, seconds / 6))
            full = asyncio.run(_closed(server.address, request, 2, seconds / 6))
            before = psutil.Process(server.pid).memory_info().rss
            took, refused = asyncio.run(_open(server.address, request, TIMES * len(full) / (seconds / 6), seconds))
            after = psutil.Process(server.pid).memory_info().rss
    capacity = len(full) / (seconds / 6)
    goodput, p99, unloaded = len(took) / seconds, np.percentile(took, 99) * 1000, np.percentile(alone, 99) * 1000
    write = sys.stdout.write
    write("| figure | goal | reached |\n| --- | --- | --- |\n")
    write(f"| a call alone, p50 and p99 | - | {np.percentile(alone, 50) * 1000:.1f}, {unloaded:.1f} ms |\n")
    write(f"| capacity, two in flight | - | {capacity:.1f}/s |\n")
    write(f"| asked for | - | {TIMES * capacity:.0f}/s for {seconds:.0f} s |\n")
    write(f"| goodput | >= 80 % of capacity | {goodput:.1f}/s, {goodput / capacity:.0%} |\n")
    write(f"| p99 of accepted calls | <= 3 times a call alone | {p99:.1f} ms, {p99 / unloaded:.2f} times |\n")
    write(f"| memory before and after | bounded | {before / 2**20:.0f}, {after / 2**20:.0f} MiB |\n")
    write(f"| refused, by status | RESOURCE_EXHAUSTED alone | {dict(refused)} |\n")


def _layers(x: np.ndarray) -> int:
    """How many layers take a run of about ``RUN_MS``."""
    with tempfile.TemporaryDirectory() as folder:
        models.slow(Path(folder), 8)
        runtime = Runtime()
        runtime.load(Path(folder) / "slow" / "1")
        session = runtime.get("slow").session
        return max(1, round(8 * RUN_MS * 1000 / cost_us(lambda: session.run(None, {"x": x}))))


async def _closed(address: str, request: bytes, in_flight: int, seconds: float) -> list[float]:
    """Seconds that each answered call took, with so many callers who wait for their answers."""
    took: list[float] = []
    until_s = time.perf_counter() + seconds

    async def caller() -> None:
        async with grpc.aio.insecure_channel(address, options=[("grpc.enable_http_proxy", 0)]) as channel:
            ask = channel.unary_unary(f"{SERVICE}/ModelInfer")
            while time.perf_counter() < until_s:
                began_s = time.perf_counter()
                await ask(request, timeout=30)
                took.append(time.perf_counter() - began_s)

    await asyncio.gather(*(caller() for _ in range(in_flight)))
    return took


async def _open(address: str, request: bytes, rate_per_s: float, seconds: float) -> tuple[list[float], Counter[str]]:
    took: list[float] = []
    refused: Counter[str] = Counter()
    options = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_http_proxy", 0), ("grpc.enable_retries", 0)]
    channels = [grpc.aio.insecure_channel(address, options=options) for _ in range(CHANNELS)]
    asks = [channel.unary_unary(f"{SERVICE}/ModelInfer") for channel in channels]

    async def call(number: int) -> None:
        began_s = time.perf_counter()
        try:
            await asks[number % CHANNELS](request, timeout=30)
        except grpc.aio.AioRpcError as error:
            refused[error.code().name] += 1
        else:
            took.append(time.perf_counter() - began_s)

    calls, began_s = [], time.perf_counter()
    for number in range(int(rate_per_s * seconds)):
        wait_s = began_s + number / rate_per_s - time.perf_counter()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        calls.append(asyncio.create_task(call(number)))
    await asyncio.gather(*calls)
    for channel in channels:
        await channel.close()
    return took, refused


if __name__ == "__main__":
    main()
