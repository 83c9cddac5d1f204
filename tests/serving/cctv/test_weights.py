"""Public weights: only what was released is kept, whole and with its licence."""

import hashlib
import http.server
import threading
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from features.errors import BadInput, HaechiError, UnknownName
from serving.cctv import weights

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data" / "weights"
CONTENT, LICENCE = b"weights" * 1000, b"Apache License"


@pytest.fixture
def released(tmp_path, monkeypatch):
    """A release of a test's own, on this machine."""
    folder = tmp_path / "release"
    folder.mkdir()
    (folder / "tiny.onnx").write_bytes(CONTENT)
    (folder / "LICENSE").write_bytes(LICENCE)
    (folder / "tiny.LICENSE").write_bytes(LICENCE)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    one = weights.Weights(
        file="tiny.onnx",
        url=f"{url}/tiny.onnx",
        licence_url=f"{url}/LICENSE",
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        size_bytes=len(CONTENT),
    )
    monkeypatch.setitem(weights.KNOWN, "tiny", one)
    yield folder
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("from_folder", [True, False], ids=["from a folder", "from its release"])
def test_weights_are_kept_with_their_licence(released, tmp_path, from_folder):
    got = weights.get("tiny", tmp_path / "home", released if from_folder else None)
    assert got.file == weights.path_of("tiny", tmp_path / "home")
    assert got.file.read_bytes() == CONTENT
    assert got.licence.read_bytes() == LICENCE
    assert sorted(path.name for path in got.file.parent.iterdir()) == ["tiny.LICENSE", "tiny.onnx"]


def test_another_file_is_refused_with_both_hashes_and_the_old_one_stays(released, tmp_path):
    got = weights.get("tiny", tmp_path / "home", released)
    other = CONTENT[::-1]
    (released / "tiny.onnx").write_bytes(other)
    with pytest.raises(BadInput) as refused:
        weights.get("tiny", tmp_path / "home", released)
    assert hashlib.sha256(CONTENT).hexdigest() in refused.value.cause
    assert hashlib.sha256(other).hexdigest() in refused.value.cause
    assert got.file.read_bytes() == CONTENT


@pytest.mark.parametrize("from_folder", [True, False], ids=["from a folder", "from its release"])
def test_a_file_without_end_is_not_read_to_its_end(released, tmp_path, from_folder):
    (released / "tiny.onnx").write_bytes(CONTENT * 2)
    with pytest.raises(BadInput, match="longer than the 7000 bytes"):
        weights.get("tiny", tmp_path / "home", released if from_folder else None)


def test_a_release_out_of_reach_says_how_to_bring_it(released, tmp_path, monkeypatch):
    away = replace(weights.KNOWN["tiny"], url="http://127.0.0.1:1/tiny.onnx")
    monkeypatch.setitem(weights.KNOWN, "tiny", away)
    with pytest.raises(HaechiError, match="cannot be fetched") as refused:
        weights.get("tiny", tmp_path / "home")
    assert "--from DIR" in refused.value.mend
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("missing", ["tiny.onnx", "tiny.LICENSE"])
def test_a_folder_without_them_is_refused(released, tmp_path, missing):
    (released / missing).unlink()
    with pytest.raises(BadInput, match="cannot be read"):
        weights.get("tiny", tmp_path / "home", released)
    assert not (tmp_path / "home").exists()


def test_a_name_that_is_none_is_refused_with_the_nearest(tmp_path):
    with pytest.raises(UnknownName, match="Did you mean 'yolox-nano'"):
        weights.get("yolox-nona", tmp_path)


def test_what_is_pinned_is_what_was_released(tmp_path):
    if not SHARED.is_dir():
        pytest.skip("the public weights are not on this machine")
    got = weights.get("yolox-nano", tmp_path, SHARED)
    assert got.file.stat().st_size == weights.KNOWN["yolox-nano"].size_bytes
