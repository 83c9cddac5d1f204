"""The artifact folder ``NAME/VERSION/``: sealed by training, opened by serving, refused when one byte differs.

``SHA256SUMS`` lists every other file (``sha256sum -c SHA256SUMS`` checks it too); ``SIGNATURE``, where a key is set, is
the base64 of an Ed25519 signature over the bytes of ``SHA256SUMS``.
"""

import base64
import binascii
import hashlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from features.errors import ArtifactMismatch, BadInput
from features.manifest import Manifest, parse

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

MODEL, MANIFEST, CARD, STATE = "model.onnx", "manifest.json", "CARD.md", "state.parquet"
SELF_TEST: Final = "self_test.npz"
FALLBACK: Final = "fallback.onnx"
SUMS, SIGNATURE = "SHA256SUMS", "SIGNATURE"

_REQUIRED = (CARD, MANIFEST, MODEL)
_LINE = re.compile(r"([0-9a-f]{64})  ([A-Za-z0-9][A-Za-z0-9._-]*)")


def seal(folder: Path, signing_key_pem: str | None) -> None:
    """Write the checksums of every file in ``folder``, and the signature over them where a key is given.

    The files are on the disk when it returns, so that a rename of the folder afterwards publishes all of it.

    Raises:
        ArtifactMismatch: a required file is missing, or the folder holds something that is no plain file.
        BadInput: ``signing_key_pem`` is no Ed25519 private key.
    """
    files = [name for name in _plain_files(folder) if name not in (SUMS, SIGNATURE)]
    _require(files, folder)
    sums = _render({name: _sha256(folder / name, durable=True) for name in files})
    _write(folder / SUMS, sums)
    (folder / SIGNATURE).unlink(missing_ok=True)
    if signing_key_pem is not None:
        _write(folder / SIGNATURE, base64.b64encode(_private_key(signing_key_pem).sign(sums)) + b"\n")


def open_artifact(folder: Path, trusted_key_pem: str | None) -> Manifest:
    """Check everything that ``folder`` claims and return its manifest.

    Args:
        folder: ``NAME/VERSION``; both must be what the manifest says.
        trusted_key_pem: Ed25519 public key (PEM); None takes unsigned artifacts.

    Raises:
        ArtifactMismatch: a file is missing, unlisted or altered, the signature is not ours, or the manifest is wrong;
            names the file and field.
        BadInput: there is no such folder, or ``trusted_key_pem`` is no Ed25519 public key.
    """
    sums = _listed(folder, trusted_key_pem)
    for name, expected in sums.items():
        if _sha256(folder / name) != expected:
            raise _altered(f"{folder}: {name} is not the file that {SUMS} lists: its checksum differs")
    manifest = parse((folder / MANIFEST).read_bytes())
    _matches_folder(manifest, folder, has_state=STATE in sums)
    promised = {"self_test": SELF_TEST} | ({} if manifest.fallback is None else {"fallback": FALLBACK})
    for field, file in promised.items():
        if file not in sums:
            raise _altered(f"{folder}: manifest.json: '{field}' is given, but {file} is missing")
    return manifest


def public_key(signing_key_pem: str) -> str:
    """The public half (PEM) of an Ed25519 private key: what a server's ``trusted_key`` is set to.

    Raises:
        BadInput: it is no Ed25519 private key in PEM, or it is locked by a password.
    """
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key = _private_key(signing_key_pem).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _listed(folder: Path, trusted_key_pem: str | None) -> dict[str, str]:
    """Name -> checksum, as SHA256SUMS gives them, once it is signed, complete and exhaustive."""
    present = _plain_files(folder)
    if SUMS not in present:
        raise _altered(f"{folder}: {SUMS} is missing")
    text = (folder / SUMS).read_bytes()
    # Before anything else is read: what a stranger wrote is not even parsed.
    if trusted_key_pem is not None:
        _verify(folder, text, _public_key(trusted_key_pem))
    sums = _parse(folder, text)
    _require(list(sums), folder)
    for name in sorted(set(sums) - set(present)):
        raise _altered(f"{folder}: {name} is missing")
    for name in sorted(set(present) - set(sums) - {SUMS, SIGNATURE}):
        raise _altered(f"{folder}: {name} is not listed in {SUMS}")
    return sums


def _parse(folder: Path, text: bytes) -> dict[str, str]:
    sums: dict[str, str] = {}
    for row, line in enumerate(text.decode("ascii", "replace").splitlines(), start=1):
        match = _LINE.fullmatch(line)
        if match is None or match[2] in (SUMS, SIGNATURE):
            raise _altered(f"{folder}: line {row} of {SUMS} is not a checksum and a plain file name")
        sums[match[2]] = match[1]
    # One way to write it, so that no two texts mean the same files.
    if _render(sums) != text:
        raise _altered(f"{folder}: {SUMS} is not sorted, or lists a file twice")
    return sums


def _render(sums: dict[str, str]) -> bytes:
    return "".join(f"{sums[name]}  {name}\n" for name in sorted(sums)).encode()


def _plain_files(folder: Path) -> list[str]:
    if not folder.is_dir():
        raise BadInput(cause=f"There is no model folder {folder}", mend="Name one: NAME/VERSION, as `train` writes it")
    names = []
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if not entry.is_file(follow_symlinks=False):
            raise _altered(f"{folder}: {entry.name} is a link or a folder; an artifact holds plain files only")
        names.append(entry.name)
    return names


def _require(names: list[str], folder: Path) -> None:
    for name in _REQUIRED:
        if name not in names:
            raise _altered(f"{folder}: {name} is missing")


def _matches_folder(manifest: Manifest, folder: Path, *, has_state: bool) -> None:
    place = folder.resolve()
    for field, claimed, actual in (
        ("name", manifest.name, place.parent.name),
        ("version", str(manifest.version), place.name),
    ):
        if claimed != actual:
            raise ArtifactMismatch(
                cause=f"{folder}: manifest.json: '{field}' is '{claimed}', the folder says '{actual}'",
                mend="Move the folder back to NAME/VERSION as its manifest says",
            )
    if has_state != (manifest.state_as_of is not None):
        found = "is there" if has_state else "is missing"
        raise _altered(f"{folder}: manifest.json: 'state_as_of' is {manifest.state_as_of}, but {STATE} {found}")


def _verify(folder: Path, sums: bytes, key: "Ed25519PublicKey") -> None:
    from cryptography.exceptions import InvalidSignature

    mend = "Use a model that was signed with the key this server trusts (HAECHI_TRUSTED_KEY)"
    try:
        text = (folder / SIGNATURE).read_bytes()
        signature = base64.b64decode(text.removesuffix(b"\n"), validate=True)
        key.verify(signature, sums)
    except FileNotFoundError:
        raise ArtifactMismatch(cause=f"{folder}: {SIGNATURE} is missing", mend=mend) from None
    except (InvalidSignature, binascii.Error):
        raise ArtifactMismatch(cause=f"{folder}: {SIGNATURE} is not a signature of {SUMS}", mend=mend) from None
    # Base64 leaves bits unused at its end: with them set it would be another file that says the same.
    if text != base64.b64encode(signature) + b"\n":
        raise ArtifactMismatch(cause=f"{folder}: {SIGNATURE} was altered", mend=mend)


def _private_key(pem: str) -> "Ed25519PrivateKey":
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise _no_key("HAECHI_SIGNING_KEY", "private", "openssl genpkey -algorithm ed25519")
    return key


def _public_key(pem: str) -> "Ed25519PublicKey":
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise _no_key("HAECHI_TRUSTED_KEY", "public", "openssl pkey -in signing.pem -pubout")
    return key


def _no_key(setting: str, half: str, command: str) -> BadInput:
    # The text that was given is a secret, or nearly one: it is not repeated.
    return BadInput(
        cause=f"{setting} is not an Ed25519 {half} key in PEM without a password", mend=f"Make one: {command}"
    )


def _sha256(path: Path, *, durable: bool = False) -> str:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        if durable:
            os.fsync(file.fileno())
    return digest


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _altered(cause: str) -> ArtifactMismatch:
    return ArtifactMismatch(cause=cause, mend="Do not serve it: copy the folder again from where it was made")
