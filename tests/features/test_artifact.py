"""An artifact is served only as it left training: whole, unaltered, signed where a key is trusted."""

import base64
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from features.artifact import open_artifact, public_key, seal
from features.errors import ArtifactMismatch, BadInput
from features.manifest import Manifest


def new_key() -> str:
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


KEY, STRANGERS_KEY = new_key(), new_key()


@pytest.fixture(scope="module")
def signed(make_artifact: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("signed")
    return make_artifact(root, key=KEY, files={"state.parquet": b"state"}, state_as_of="2022-12-31T14:00:00Z")


@pytest.mark.parametrize("trusted", [pytest.param(None, id="no key trusted"), pytest.param(public_key(KEY), id="ours")])
def test_a_sealed_artifact_opens(trusted: str | None, signed: Path) -> None:
    assert open_artifact(signed, trusted).name == "traffic"


@given(data=st.data())
def test_one_altered_byte_in_any_file_is_refused(data: st.DataObject, signed: Path) -> None:
    path = data.draw(st.sampled_from(sorted(signed.iterdir())))
    original = path.read_bytes()
    altered = bytearray(original)
    altered[data.draw(st.integers(0, len(original) - 1))] ^= data.draw(st.integers(1, 255))
    # Without a key nothing vouches for the signature itself; every other file is still held to its checksum.
    trusted = public_key(KEY) if path.name == "SIGNATURE" else data.draw(st.sampled_from([None, public_key(KEY)]))
    path.write_bytes(altered)
    try:
        with pytest.raises(ArtifactMismatch):
            open_artifact(signed, trusted)
    finally:
        path.write_bytes(original)


@pytest.mark.parametrize("name", ["model.onnx", "manifest.json", "CARD.md", "SHA256SUMS"])
def test_a_missing_file_is_named(name: str, make_artifact: Callable[..., Path], tmp_path: Path) -> None:
    folder = make_artifact(tmp_path)
    (folder / name).unlink()

    with pytest.raises(ArtifactMismatch, match=f"{name} is missing"):
        open_artifact(folder, None)


def append(text: bytes) -> Callable[[Path], object]:
    return lambda folder: (folder / "SHA256SUMS").write_bytes((folder / "SHA256SUMS").read_bytes() + text)


LINE = b"0" * 64 + b"  "


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        pytest.param(lambda f: (f / "extra.bin").write_bytes(b"x"), "extra.bin is not listed", id="an unlisted file"),
        pytest.param(lambda f: (f / "extra").mkdir(), "extra is a link or a folder", id="a folder inside"),
        pytest.param(lambda f: (f / "extra").symlink_to("/etc/passwd"), "extra is a link or a folder", id="a link"),
        pytest.param(lambda f: (f / "CARD.md").write_bytes(b"# Nice\n"), "CARD.md is not the file", id="another card"),
        pytest.param(append(LINE + b"../../secret\n"), "line 5 .* plain file name", id="a path out of the folder"),
        pytest.param(append(LINE + b"/etc/passwd\n"), "line 5 .* plain file name", id="an absolute path"),
        pytest.param(append(LINE + b"..\\secret\n"), "line 5 .* plain file name", id="another system's path"),
        pytest.param(append(LINE + b"SHA256SUMS\n"), "line 5 .* plain file name", id="itself"),
        pytest.param(append(LINE + b"gone.bin\n"), "not sorted", id="not in order"),
        pytest.param(append(LINE + b"zzz.bin\n"), "zzz.bin is missing", id="a listed file that is gone"),
        pytest.param(append(LINE + b"model.onnx\n"), "twice", id="a file listed twice"),
        pytest.param(append(b"\n"), "line 5", id="an empty line"),
    ],
)
def test_a_changed_folder_is_refused(
    change: Callable[[Path], object], cause: str, make_artifact: Callable[..., Path], tmp_path: Path
) -> None:
    folder = make_artifact(tmp_path)
    change(folder)

    with pytest.raises(ArtifactMismatch, match=cause):
        open_artifact(folder, None)


def test_a_file_swapped_for_a_link_to_its_twin_is_refused(make_artifact: Callable[..., Path], tmp_path: Path) -> None:
    folder = make_artifact(tmp_path / "models")
    (folder / "CARD.md").rename(tmp_path / "CARD.md")
    (folder / "CARD.md").symlink_to(tmp_path / "CARD.md")

    with pytest.raises(ArtifactMismatch, match=r"CARD\.md is a link"):
        open_artifact(folder, None)


@pytest.mark.parametrize(
    ("key", "cause"),
    [
        pytest.param(None, "SIGNATURE is missing", id="unsigned"),
        pytest.param(STRANGERS_KEY, "not a signature of SHA256SUMS", id="signed by a stranger"),
    ],
)
def test_a_trusted_key_takes_nothing_else(
    key: str | None, cause: str, make_artifact: Callable[..., Path], tmp_path: Path
) -> None:
    with pytest.raises(ArtifactMismatch, match=cause):
        open_artifact(make_artifact(tmp_path, key=key), public_key(KEY))


def test_a_signature_of_other_checksums_is_refused(make_artifact: Callable[..., Path], tmp_path: Path) -> None:
    ours = make_artifact(tmp_path, key=KEY)
    other = make_artifact(tmp_path, key=KEY, version=2)
    (ours / "SIGNATURE").write_bytes((other / "SIGNATURE").read_bytes())

    with pytest.raises(ArtifactMismatch, match="not a signature of SHA256SUMS"):
        open_artifact(ours, public_key(KEY))


def test_the_same_signature_written_another_way_is_refused(make_artifact: Callable[..., Path], tmp_path: Path) -> None:
    folder = make_artifact(tmp_path, key=KEY)
    text = (folder / "SIGNATURE").read_bytes()
    digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    # Four bits of the last digit carry nothing.
    twin = text[:85] + bytes([digits[digits.index(text[85]) ^ 1]]) + text[86:]
    assert base64.b64decode(twin) == base64.b64decode(text)
    (folder / "SIGNATURE").write_bytes(twin)

    with pytest.raises(ArtifactMismatch, match="SIGNATURE was altered"):
        open_artifact(folder, public_key(KEY))


@pytest.mark.parametrize(
    ("moved", "field"),
    [
        pytest.param("parking/1", "'name' is 'traffic', the folder says 'parking'", id="under another name"),
        pytest.param("traffic/2", "'version' is '1', the folder says '2'", id="under another version"),
    ],
)
def test_a_folder_that_was_moved_is_refused(
    moved: str, field: str, make_artifact: Callable[..., Path], tmp_path: Path
) -> None:
    target = tmp_path / moved
    target.parent.mkdir(exist_ok=True)
    folder = make_artifact(tmp_path)
    target.parent.mkdir(exist_ok=True)
    folder.rename(target)

    with pytest.raises(ArtifactMismatch, match=field):
        open_artifact(target, None)


def test_state_and_the_time_it_stands_for_come_together(make_artifact: Callable[..., Path], tmp_path: Path) -> None:
    folder = make_artifact(tmp_path, files={"state.parquet": b"state"})

    with pytest.raises(ArtifactMismatch, match=r"'state_as_of' is None, but state\.parquet is there"):
        open_artifact(folder, None)


def test_a_wrong_manifest_is_refused_by_its_field(make_artifact: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(ArtifactMismatch, match=r"manifest\.json: 'domain' is wrong: Field required"):
        open_artifact(make_artifact(tmp_path, files={"manifest.json": b'{"format": 2}'}), None)


def test_no_folder_is_the_callers_mistake(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="There is no model folder"):
        open_artifact(tmp_path / "traffic" / "1", None)


def test_sealing_an_unfinished_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"a graph")

    with pytest.raises(ArtifactMismatch, match=r"CARD\.md is missing"):
        seal(tmp_path, None)
    assert not (tmp_path / "SHA256SUMS").exists()


def test_sealing_again_without_a_key_leaves_no_old_signature(
    make_artifact: Callable[..., Path], make_manifest: Callable[..., Manifest], tmp_path: Path
) -> None:
    folder = make_artifact(tmp_path, key=KEY)
    (folder / "manifest.json").write_text(make_manifest(simulated=True).to_json())
    seal(folder, None)

    assert open_artifact(folder, None).simulated
    assert not (folder / "SIGNATURE").exists()


@pytest.mark.parametrize("pem", [pytest.param("", id="nothing"), pytest.param("hunter2", id="a password")])
def test_a_key_that_is_none_is_refused_without_repeating_it(
    pem: str, make_artifact: Callable[..., Path], tmp_path: Path
) -> None:
    folder = make_artifact(tmp_path)
    for attempt in (lambda: seal(folder, pem), lambda: open_artifact(folder, pem), lambda: public_key(pem)):
        with pytest.raises(BadInput, match="not an Ed25519") as refusal:
            attempt()
        assert not pem or pem not in str(refusal.value)
