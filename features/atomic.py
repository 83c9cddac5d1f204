"""Files that are either there whole or not at all."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from features.errors import BadInput, StorageFailure


@contextmanager
def full_disk_named() -> Iterator[None]:
    """Around what polars writes: it wraps the system's error and keeps only its text.

    Raises:
        OSError: the disk is full, with its number, as any other writer says it.
    """
    import polars as pl

    try:
        yield
    except pl.exceptions.ComputeError as error:
        if f"os error {errno.ENOSPC}" not in str(error):
            raise
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from None


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """A temporary file beside ``path`` that takes its name once the block ends well, and is removed if it does not.

    Args:
        path: where the finished file belongs; an older file of that name is replaced in one move.

    Yields:
        The path to write to.

    Raises:
        BadInput: the folder of ``path`` is not there, or ``path`` is a folder.
        StorageFailure: the disk is full; an older file of that name is still whole.
    """
    if path.is_dir():
        raise BadInput(cause=f"{path} is a folder", mend="Name a file in it")
    if not path.parent.is_dir():
        raise BadInput(cause=f"The folder {path.parent} is not there", mend=f"Run: mkdir -p {path.parent}")
    # The same folder, so that the last step is a rename and never a copy.
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield partial
        os.replace(partial, path)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise StorageFailure(
            cause=f"The disk is full: {path} could not be written, and no part of it was left behind",
            mend="Free some space, or name a file on another disk, and run it again",
        ) from None
    finally:
        partial.unlink(missing_ok=True)
