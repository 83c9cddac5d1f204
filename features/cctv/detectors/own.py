"""Haechi's own detector as it comes with the package, so that a machine without weights still has one."""

import hashlib
from importlib import resources

from features.errors import ArtifactMismatch, BadInput

NAME = "haechi-small"
SHA256 = "ca37c3d2ab36536343b4091a2c9c85337dc5ca6058b77922d954cce9cda5caf0"
"""Of the file, which ``haechi train cctv`` made."""

_ASSET = "haechi-small.onnx"


def graph() -> bytes:
    """The ONNX file that ``small.Small`` adapts.

    Raises:
        BadInput: this Haechi was installed without it.
        ArtifactMismatch: it was altered.
    """
    asset = resources.files("features.cctv.detectors") / _ASSET
    if not asset.is_file():
        raise BadInput(
            cause="This Haechi comes without its own detector",
            mend="Train one: haechi train cctv --part detector; or name another: --detector FILE.onnx",
        )
    content = asset.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256:
        raise ArtifactMismatch(
            cause=f"Haechi's own detector was altered: its SHA-256 is {found}, not {SHA256}",
            mend="Install Haechi again",
        )
    return content
