"""Where a figure comes from: the commit of the code and the hash of the data."""

import hashlib
import subprocess
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from features.series import Panel


def git_commit() -> str | None:
    """The commit of this checkout, ``-dirty`` where it was changed since; None outside of one."""
    here = Path(__file__).resolve().parent

    def git(*words: str) -> str | None:
        try:
            done = subprocess.run(["git", "-C", str(here), *words], capture_output=True, text=True, check=True)  # noqa: S603, S607
        except (OSError, subprocess.CalledProcessError):
            return None
        return done.stdout.strip()

    commit = git("rev-parse", "HEAD")
    if commit is None or git("ls-files", "--error-unmatch", Path(__file__).name) is None:
        return None
    return f"{commit}-dirty" if git("status", "--porcelain", "--untracked-files=no") else commit


def data_sha256(panel: Panel) -> str:
    """The hash of what was measured, where and when; equal for equal measurements whatever file they came in."""
    digest = hashlib.sha256()
    digest.update(f"{panel.start.isoformat()} {panel.step_min} {panel.quantity}\n".encode())
    digest.update("\n".join(panel.entities).encode())
    digest.update(panel.values.tobytes())
    return digest.hexdigest()


def is_simulated(paths: Sequence[Path]) -> bool:
    """Whether any of the files says in its Parquet metadata that it is simulated."""
    files = [file for path in paths for file in (sorted(path.glob("*.parquet")) if path.is_dir() else [path])]
    return any(_label(file) == "true" for file in files if file.suffix == ".parquet" and file.is_file())


def _label(path: Path) -> str | None:
    return pl.read_parquet_metadata(path).get("simulated")
