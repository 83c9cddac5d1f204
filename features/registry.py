"""Artifacts in a plain folder tree, ``ROOT/NAME/VERSION/``, with aliases beside them: read without any tracker.

A folder whose name starts with ``.`` is still being written and is not seen.
"""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from features.errors import BadInput, StorageFailure, UnknownName
from features.manifest import MAX_NAME_LENGTH, NAME_PATTERN

CHAMPION = "champion"
"""The alias that a plain model name means."""

PREVIOUS = "previous"
"""The alias of the champion before this one: what a rollback goes back to."""

_ALIASES = "aliases.json"
_PROMOTIONS = "promotions.jsonl"
_NAME = re.compile(NAME_PATTERN)
_VERSION = re.compile(r"[1-9][0-9]{0,8}")
_REFERENCE = re.compile(rf"(?P<name>{NAME_PATTERN})(?:@(?P<alias>{NAME_PATTERN})|/(?P<version>[1-9][0-9]{{0,8}}))?")


def names(root: Path) -> tuple[str, ...]:
    """Every model under ``root`` that has at least one version, sorted; none where there is no such folder."""
    if not root.is_dir():
        return ()
    found = (entry.name for entry in root.iterdir() if _NAME.fullmatch(entry.name) and entry.is_dir())
    return tuple(sorted(name for name in found if versions(root, name)))


def versions(root: Path, name: str) -> tuple[int, ...]:
    """The finished versions of ``name``, oldest first; none where the model is not there.

    Raises:
        BadInput: ``name`` is not a model's name.
    """
    folder = root / _checked(name)
    if not folder.is_dir():
        return ()
    found = (entry.name for entry in folder.iterdir() if _VERSION.fullmatch(entry.name) and entry.is_dir())
    return tuple(sorted(map(int, found)))


def aliases(root: Path, name: str) -> dict[str, int]:
    """Alias -> version of ``name``; empty where none was ever set.

    Raises:
        BadInput: ``name`` is not a model's name.
        StorageFailure: the aliases file is damaged.
    """
    path = root / _checked(name) / _ALIASES
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except ValueError:
        content = None
    if not isinstance(content, dict) or not all(
        _NAME.fullmatch(alias) and type(version) is int and version > 0 for alias, version in content.items()
    ):
        raise StorageFailure(
            cause=f"{path} is not a table of aliases and versions",
            mend=f"Delete it and set the alias again: haechi models promote {name}/VERSION",
        )
    return content


def set_aliases(root: Path, name: str, chosen: Mapping[str, int]) -> None:
    """Replace the aliases of ``name`` by ``chosen``, all at once: a reader sees the old table or the new one.

    Raises:
        BadInput: ``name`` or an alias is not a name.
        UnknownName: a version is not there; nothing is changed.
    """
    known = versions(root, name)
    for alias, version in chosen.items():
        _checked(alias, kind="an alias")
        if version not in known:
            raise UnknownName.among(f"version of {name}", str(version), list(map(str, known)))
    path = root / name / _ALIASES
    # Ignored by readers; two processes that promote at once never write into one file.
    partial = path.with_name(f".{_ALIASES}.{os.getpid()}.partial")
    with partial.open("w", encoding="utf-8") as file:
        json.dump(dict(sorted(chosen.items())), file, indent=2)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    _sync_folder(path.parent)


def promotions(root: Path, name: str) -> list[dict[str, Any]]:
    """Every change of the champion of ``name`` that was recorded, oldest first.

    Raises:
        BadInput: ``name`` is not a model's name.
        StorageFailure: a line of the record is damaged.
    """
    path = root / _checked(name) / _PROMOTIONS
    lines = path.read_bytes().splitlines(keepends=True) if path.is_file() else []
    # A line without an end was cut off by a kill, and the promotion with it.
    whole = [line for line in lines if line.endswith(b"\n")]
    found: list[dict[str, Any]] = []
    for number, line in enumerate(whole, start=1):
        try:
            record = json.loads(line)
        except ValueError:
            record = None
        if not isinstance(record, dict) or type(record.get("to")) is not int:
            raise StorageFailure(
                cause=f"Line {number} of {path} is not a promotion", mend="Mend that line, or move the file away"
            )
        found.append(record)
    return found


def record_promotion(root: Path, name: str, record: Mapping[str, Any]) -> None:
    """Add one line to the record of ``name``; the caller holds the registry's lock.

    Raises:
        BadInput: ``name`` is not a model's name.
    """
    path = root / _checked(name) / _PROMOTIONS
    with path.open("a+b") as file:
        file.seek(0)
        content = file.read()
        # What a kill cut off never took place.
        file.truncate(content.rfind(b"\n") + 1)
        file.write(json.dumps(record, ensure_ascii=False).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    _sync_folder(path.parent)


def resolve(root: Path, reference: str) -> Path:
    """The folder of ``traffic`` (its champion, else its newest version), ``traffic@alias`` or ``traffic/3``.

    Raises:
        BadInput: ``reference`` has another shape.
        UnknownName: no such model, alias or version; offers the nearest.
        StorageFailure: the aliases file is damaged.
    """
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        raise BadInput(
            cause=f"'{reference}' is not a model: lower-case letters, digits and '-' only",
            mend="Write NAME, NAME@ALIAS or NAME/VERSION, e.g. traffic, traffic@champion, traffic/3",
        )
    name = match["name"]
    known = versions(root, name)
    if not known:
        raise UnknownName.among("model", name, list(names(root)))
    version = int(match["version"]) if match["version"] else _aliased(root, name, match["alias"], known)
    if version not in known:
        raise UnknownName.among(f"version of {name}", str(version), list(map(str, known)))
    return root / name / str(version)


def _aliased(root: Path, name: str, alias: str | None, known: tuple[int, ...]) -> int:
    table = aliases(root, name)
    if alias is None:
        return table.get(CHAMPION, known[-1])
    if alias not in table:
        raise UnknownName.among(f"alias of {name}", alias, list(table))
    return table[alias]


def _checked(name: str, kind: str = "a model's name") -> str:
    if _NAME.fullmatch(name) is None or len(name) > MAX_NAME_LENGTH:
        raise BadInput(
            cause=f"'{name}' is not {kind}",
            mend=f"Use at most {MAX_NAME_LENGTH} lower-case letters, digits and '-', e.g. traffic or gangnam-volume",
        )
    return name


def _sync_folder(folder: Path) -> None:
    """Put a rename on the disk, so that it outlives a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
