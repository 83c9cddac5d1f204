"""A camera's own file: its table ``[source]`` says where its pictures are and which variable holds the password.

    camera = "A-01"

    [source]
    address = "rtsp://10.0.0.7/1"
    user = "viewer"
    password_env = "A01_PASSWORD"
    rate_fps = 5

An address that expires is told by a page: ``address_from = "https://.../cctv?key={password}"`` and, where that answers
with JSON, ``address_path = "response.data.0.url"``. The same file may hold the camera's zones.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from features.errors import BadInput, UnknownName
from serving.cctv.address import with_login
from serving.cctv.source import Pace, Reading, Source, source_of

_TEXTS = ("address", "address_from", "address_path", "user", "password_env", "pace")
_NUMBERS = ("rate_fps", "folder_fps", "silence_s", "open_s", "longest_pause_s")
_SLOT = "{password}"


def read_camera_file(path: Path, environment: Mapping[str, str] = os.environ) -> Source:
    """The camera that a file describes.

    Args:
        path: of the file.
        environment: where the password is.

    Raises:
        BadInput: no such file, no TOML, no ``[source]``, no address or two; a variable that is not set; or what
            ``source_of`` and ``Reading`` refuse.
        UnknownName: an entry of ``[source]`` that does not exist.
    """
    document = _document(path)
    table = document.get("source")
    if not isinstance(table, dict):
        raise BadInput(cause=f"{path} has no table [source]", mend='Add [source] and address = "rtsp://..."')
    for name, value in table.items():
        if name not in (*_TEXTS, *_NUMBERS):
            raise UnknownName.among("entry of [source]", name, [*_TEXTS, *_NUMBERS])
        wanted = str if name in _TEXTS else (int, float)
        if isinstance(value, bool) or not isinstance(value, wanted):
            raise BadInput(
                cause=f"{path}: [source] {name} is no {'text' if name in _TEXTS else 'number'}", mend="See --help"
            )
    if ("address" in table) == ("address_from" in table):
        raise BadInput(cause=f"{path}: [source] needs one of address and address_from", mend="Name one of them")
    camera = document.get("camera", path.stem)
    if not isinstance(camera, str) or not camera:
        raise BadInput(cause=f"{path}: camera is no text", mend='Write camera = "A-01"')
    address = _with_secret(table, path, environment)
    told_by = (address, table.get("address_path", "")) if "address_from" in table else None
    return source_of("" if told_by else address, camera=camera, reading=_reading(table, path), told_by=told_by)


def _document(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(cause=f"{path} cannot be read: {error.strerror}", mend="Check the path") from None
    except ValueError:
        # The parser's own words quote the line, which may hold a password.
        raise BadInput(cause=f"{path} is no TOML in UTF-8", mend="Check quotes and brackets") from None


def _reading(table: dict[str, Any], path: Path) -> Reading:
    pace = table.get("pace", Pace.REAL)
    if pace not in set(Pace):
        raise BadInput(cause=f"{path}: pace is neither real nor max", mend='Write pace = "real"')
    return Reading(pace=Pace(pace), **{name: float(table[name]) for name in _NUMBERS if name in table})


def _with_secret(table: dict[str, Any], path: Path, environment: Mapping[str, str]) -> str:
    """The address, or the page that tells it, with the password in its place."""
    address: str = table.get("address", table.get("address_from", ""))
    variable = table.get("password_env")
    if variable is None:
        return address if "://" in address else os.fspath(path.parent / address)
    password = environment.get(variable)
    if not password:
        raise BadInput(
            cause=f"{path}: the variable {variable}, which is to hold the password, is not set",
            mend=f"Set it, e.g. in the service's environment file: {variable}=...",
        )
    if _SLOT in address:
        return address.replace(_SLOT, quote(password, safe=""))
    if "user" not in table:
        raise BadInput(
            cause=f"{path}: password_env without a user", mend=f"Add user, or write {_SLOT} where the password belongs"
        )
    return with_login(address, table["user"], password)
