"""An alert as a message of the Common Alerting Protocol 1.2 (OASIS), in Korean and English.

Each step of an alert is a message of its own: the first an Alert, the last a Cancel, those between an Update of the one
before. What the Korean profile asks for beyond the standard (codes of events and of places) is configured.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from pathlib import Path
from typing import Any

from lxml import etree
from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from features.clock import zone
from features.errors import BadInput
from serving.alerts.alert import Alert, Content, Figure
from serving.alerts.words import Life, Phase

_NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
_SCOPES = ("Public", "Restricted")
# Identifier and sender may hold none of these.
_RESERVED = re.compile(r"[\s,<&]")
# What XML 1.0 has no way to write.
_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESTIMATE = {"ko": " (지역 추정)", "en": " (area estimate)"}
_LANGUAGES = {"ko": "ko-KR", "en": "en-US"}


@dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid"))
class Profile:
    """What a city says of itself in its messages.

    Attributes:
        sender: who sends them, the same for good; a name such as ``safety.seoul.example``.
        sender_name: as people read it.
        scope: ``Restricted`` to those that ``restriction`` names, or ``Public``.
        restriction: who may read what is restricted.
        timezone: IANA name of the clock that times are written on.
        event_codes: kind of event to the names and values of its codes.
        geocodes: entity to the names and values of its codes.
    """

    sender: str = "haechi"
    sender_name: str = "Haechi"
    scope: str = "Restricted"
    restriction: str = "The city's safety room"
    timezone: str = "Asia/Seoul"
    event_codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    geocodes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.sender or _RESERVED.search(self.sender):
            raise BadInput(
                cause=f"'{self.sender[:60]}' cannot send CAP messages", mend="Use a name without blanks, commas, < or &"
            )
        if self.scope not in _SCOPES:
            raise BadInput(cause=f"'{self.scope[:60]}' is no scope", mend=f"Use one of: {', '.join(_SCOPES)}")
        if self.scope == "Restricted" and not self.restriction.strip():
            raise BadInput(cause="Restricted messages need a restriction", mend="Say who may read them")
        zone(self.timezone)


def read_profile(path: Path | None) -> Profile:
    """The profile that a TOML file holds, in the words of ``Profile``.

    Args:
        path: of the file; None: the plain one.

    Raises:
        BadInput: it cannot be read, or says what no profile says.
    """
    if path is None:
        return Profile()
    try:
        return TypeAdapter(Profile).validate_python(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise BadInput(cause=f"{path} cannot be read: {error.strerror}", mend="Mend HAECHI_CAP") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(cause=f"{path} is not valid TOML: {error}", mend="Mend that line") from None
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise BadInput(cause=f"{path}: {place}: {first['msg']}", mend="Mend that line, or leave it out") from None


def write(alert: Alert, profile: Profile) -> bytes:
    """The message of the alert's newest revision, as UTF-8 with a declaration.

    Args:
        alert: as it is.
        profile: of the city.
    """
    root = etree.Element(f"{{{_NAMESPACE}}}alert", nsmap={None: _NAMESPACE})
    kind = _message_type(alert)
    _add(root, "identifier", _identifier(alert, alert.revision))
    _add(root, "sender", profile.sender)
    _add(root, "sent", _time(alert.revised_at, profile))
    _add(root, "status", alert.content.status.value)
    _add(root, "msgType", kind)
    _add(root, "source", alert.content.model and f"{alert.content.model}/{alert.content.version}")
    _add(root, "scope", profile.scope)
    _add(root, "restriction", profile.restriction if profile.scope == "Restricted" else "")
    _add(root, "note", _note(alert))
    _add(root, "references", _references(alert, profile))
    for language in _LANGUAGES:
        _add_info(root, alert, profile, language)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def _message_type(alert: Alert) -> str:
    if not alert.is_open or alert.phase in (Phase.RELEASED, Phase.MERGED):
        return "Cancel"
    return "Alert" if alert.revision == 1 else "Update"


def _identifier(alert: Alert, revision: int) -> str:
    return f"{alert.id}.{revision}"


def _references(alert: Alert, profile: Profile) -> str:
    """The message that this one takes the place of; empty: it is the first."""
    if alert.superseded_at is None:
        return ""
    return f"{profile.sender},{_identifier(alert, alert.revision - 1)},{_time(alert.superseded_at, profile)}"


def _note(alert: Alert) -> str:
    """Why there is nothing to fear any more, or that nobody knows; also what is simulated says so here."""
    notes = ["Simulated"] if alert.content.status == "Exercise" else []
    if alert.life is Life.FALSE_ALARM:
        notes.append("False alarm")
    elif alert.phase is not Phase.ONGOING:
        notes.append(f"Merged into {alert.merged_into}" if alert.merged_into else f"The event is {alert.phase}")
    return "; ".join(notes)


def _add_info(root: Any, alert: Alert, profile: Profile, language: str) -> None:
    content = alert.content
    info = etree.SubElement(root, f"{{{_NAMESPACE}}}info")
    _add(info, "language", _LANGUAGES[language])
    _add(info, "category", content.category.value)
    _add(info, "event", getattr(content.event, language))
    for name in ("urgency", "severity", "certainty"):
        _add(info, name, getattr(content, name).value)
    _add_values(info, "eventCode", profile.event_codes.get(alert.kind, {}))
    _add(info, "onset", _time(content.onset, profile))
    _add(info, "expires", _time(content.expires, profile))
    _add(info, "senderName", profile.sender_name)
    _add(info, "headline", getattr(content.headline, language))
    told = [getattr(content.event, language), *(_line(one, language) for one in content.measured)]
    _add(info, "description", "\n".join(told))
    _add(info, "instruction", getattr(content.advice, language))
    _add_values(info, "parameter", _parameters(content))
    _add_area(info, content, profile, language)


def _line(figure: Figure, language: str) -> str:
    return f"{getattr(figure.words, language)}: {figure.value:g} {figure.unit}".rstrip()


def _parameters(content: Content) -> dict[str, str]:
    figures = {"probability": content.probability, "leadTimeMinutes": content.lead_min}
    told = {name: f"{value:g}" for name, value in figures.items() if value is not None}
    told |= {f"driver:{one.name}": f"{one.value:g} {one.unit}".rstrip() for one in content.drivers}
    return told | {"quality": content.quality} | ({"evidence": content.evidence} if content.evidence else {})


def _add_area(info: Any, content: Content, profile: Profile, language: str) -> None:
    place = content.area
    area = etree.SubElement(info, f"{{{_NAMESPACE}}}area")
    _add(area, "areaDesc", getattr(place.name, language) + (_ESTIMATE[language] if place.is_estimate else ""))
    _add(area, "polygon", " ".join(f"{lat:.6f},{lon:.6f}" for lat, lon in place.polygon))
    for entity in place.entities:
        _add_values(area, "geocode", profile.geocodes.get(entity, {}))
    _add_values(area, "geocode", {"H3": place.h3_cell} if place.h3_cell else {})


def _add_values(parent: Any, name: str, values: Mapping[str, str]) -> None:
    for value_name, value in values.items():
        element = etree.SubElement(parent, f"{{{_NAMESPACE}}}{name}")
        _add(element, "valueName", value_name)
        _add(element, "value", value)


def _add(parent: Any, name: str, text: str) -> None:
    """An element of that text; none where there is nothing to say."""
    if text:
        etree.SubElement(parent, f"{{{_NAMESPACE}}}{name}").text = _UNWRITABLE.sub("\ufffd", text)


def _time(time: datetime, profile: Profile) -> str:
    """On the city's clock, without fractions; CAP writes UTC as -00:00."""
    text = time.astimezone(zone(profile.timezone)).replace(microsecond=0).isoformat()
    return f"{text[:-6]}-00:00" if text.endswith("+00:00") else text
