"""No decoder outlives who started it, however that one ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

WATCHER = """
import sys
from serving.cctv.camera import Camera
from serving.cctv.source import source_of

if __name__ == "__main__":
    with Camera(source_of(sys.argv[1])) as camera:
        for frame in camera:
            sys.stdout.write("frame\\n")
            sys.stdout.flush()
"""


def gone(processes, within_s=10.0):
    return not psutil.wait_procs(processes, timeout=within_s)[1]


@pytest.mark.parametrize("how", ["SIGKILL", "SIGTERM", "Ctrl-C"])
def test_decoders_leave_with_who_started_them(make_film, tmp_path, how):
    script = tmp_path / "watcher.py"
    script.write_text(WATCHER, encoding="utf-8")
    root = str(Path(__file__).parents[3])
    watcher = subprocess.Popen(  # noqa: S603  # our own words
        [sys.executable, str(script), str(make_film(frames=2000))],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": root},
        start_new_session=True,
    )
    with watcher:
        assert watcher.stdout.readline() == b"frame\n"
        below = psutil.Process(watcher.pid).children(recursive=True)
        assert len(below) >= 2
        time.sleep(0.3)
        if how == "Ctrl-C":
            # A terminal tells everybody in the foreground.
            os.killpg(watcher.pid, signal.SIGINT)
        else:
            watcher.send_signal(getattr(signal, how))
        watcher.wait(10)
        assert gone(below)
