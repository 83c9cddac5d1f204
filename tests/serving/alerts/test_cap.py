"""Messages of CAP 1.2, held against the rules of the standard's schema."""

import re
from dataclasses import replace
from typing import Any

import pytest
from lxml import etree

from features.errors import BadInput
from serving.alerts.alert import Alert, Area, Figure
from serving.alerts.cap import Profile, read_profile, write
from serving.alerts.words import Category, Certainty, Life, Phase, Severity, Status, Urgency, Words
from tests.serving.alerts.looks import content, minute

NS = "{urn:oasis:names:tc:emergency:cap:1.2}"
# Element to its children in the schema's order, each with the least and the most times that it may stand there.
ANY = 99
CHILDREN: dict[str, list[tuple[str, int, int]]] = {
    "alert": [
        ("identifier", 1, 1), ("sender", 1, 1), ("sent", 1, 1), ("status", 1, 1), ("msgType", 1, 1), ("source", 0, 1),
        ("scope", 1, 1), ("restriction", 0, 1), ("addresses", 0, 1), ("code", 0, ANY), ("note", 0, 1),
        ("references", 0, 1), ("incidents", 0, 1), ("info", 0, ANY),
    ],
    "info": [
        ("language", 0, 1), ("category", 1, ANY), ("event", 1, 1), ("responseType", 0, ANY), ("urgency", 1, 1),
        ("severity", 1, 1), ("certainty", 1, 1), ("audience", 0, 1), ("eventCode", 0, ANY), ("effective", 0, 1),
        ("onset", 0, 1), ("expires", 0, 1), ("senderName", 0, 1), ("headline", 0, 1), ("description", 0, 1),
        ("instruction", 0, 1), ("web", 0, 1), ("contact", 0, 1), ("parameter", 0, ANY), ("resource", 0, ANY),
        ("area", 0, ANY),
    ],
    "area": [
        ("areaDesc", 1, 1), ("polygon", 0, ANY), ("circle", 0, ANY), ("geocode", 0, ANY), ("altitude", 0, 1),
        ("ceiling", 0, 1),
    ],
    "eventCode": [("valueName", 1, 1), ("value", 1, 1)],
    "parameter": [("valueName", 1, 1), ("value", 1, 1)],
    "geocode": [("valueName", 1, 1), ("value", 1, 1)],
}  # fmt: skip
WORDS = {
    "status": {"Actual", "Exercise", "System", "Test", "Draft"},
    "msgType": {"Alert", "Update", "Cancel", "Ack", "Error"},
    "scope": {"Public", "Restricted", "Private"},
    "category": {
        "Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "CBRNE", "Other",
    },
    "urgency": {"Immediate", "Expected", "Future", "Past", "Unknown"},
    "severity": {"Extreme", "Severe", "Moderate", "Minor", "Unknown"},
    "certainty": {"Observed", "Likely", "Possible", "Unlikely", "Unknown"},
}  # fmt: skip
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d")
POLYGON = re.compile(r"-?\d+\.\d+,-?\d+\.\d+( -?\d+\.\d+,-?\d+\.\d+){3,}")


def alert(**changes: Any) -> Alert:
    fields: dict[str, Any] = {
        "id": "disaster-0123456789abcdef",
        "domain": "disaster",
        "kind": "river",
        "place": "jamsu",
        "life": Life.NEW,
        "phase": Phase.ONGOING,
        "revision": 1,
        "raised_at": minute(0),
        "revised_at": minute(0),
        "superseded_at": None,
        "merged_into": "",
        "content": content(0),
    }
    return Alert(**fields | changes)


def read(one: Alert, profile: Profile | None = None) -> Any:
    """The message's root, once it has met every rule of the schema."""
    text = write(one, profile or Profile())
    assert text.startswith(b"<?xml version='1.0' encoding='UTF-8'?>")
    root = etree.fromstring(text)
    assert root.tag == f"{NS}alert"
    _hold(root)
    return root


def _hold(element: Any) -> None:
    name = element.tag.removeprefix(NS)
    assert element.tag == NS + name
    assert not element.attrib
    children = [child.tag.removeprefix(NS) for child in element]
    if name not in CHILDREN:
        assert not children, name
        assert element.text, f"{name} is empty"
        assert name not in WORDS or element.text in WORDS[name]
        if name in ("sent", "onset", "expires", "effective"):
            assert TIME.fullmatch(element.text), element.text
        if name == "polygon":
            assert POLYGON.fullmatch(element.text)
        if name in ("identifier", "sender"):
            assert not re.search(r"[\s,<&]", element.text)
        return
    order = [one for one, _, _ in CHILDREN[name]]
    assert [order.index(child) for child in children] == sorted(order.index(child) for child in children)
    for child, least, most in CHILDREN[name]:
        assert least <= children.count(child) <= most, f"{name}/{child}"
    for child in element:
        _hold(child)


def texts(root: Any, path: str) -> list[str]:
    return [one.text for one in root.findall("/".join(f"{NS}{part}" for part in path.split("/")))]


def test_a_message_says_all_in_both_languages():
    root = read(alert())
    assert texts(root, "info/language") == ["ko-KR", "en-US"]
    assert texts(root, "info/headline") == ["잠수교 수위 상승", "The river rises at Jamsu bridge"]
    assert texts(root, "info/instruction") == ["잠수교를 통제하십시오", "Close the bridge"]
    assert texts(root, "info/area/areaDesc") == ["잠수교", "Jamsu bridge"]
    assert texts(root, "identifier") == ["disaster-0123456789abcdef.1"]
    assert texts(root, "sent") == ["2026-07-01T09:00:00+09:00"]
    assert texts(root, "scope") + texts(root, "restriction") == ["Restricted", "The city's safety room"]
    values = dict(zip(texts(root, "info/parameter/valueName"), texts(root, "info/parameter/value"), strict=True))
    assert values == {"probability": "0.8", "leadTimeMinutes": "90", "quality": "ok"}


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        pytest.param({}, "Alert", id="the first"),
        pytest.param({"revision": 3, "superseded_at": minute(4)}, "Update", id="a later one"),
        pytest.param({"revision": 2, "phase": Phase.EXPIRED}, "Update", id="nobody knows"),
        pytest.param({"revision": 2, "phase": Phase.RELEASED}, "Cancel", id="it is over"),
        pytest.param({"revision": 2, "life": Life.CLOSED}, "Cancel", id="it was closed"),
        pytest.param({"revision": 2, "life": Life.FALSE_ALARM}, "Cancel", id="it was nothing"),
    ],
)
def test_what_sort_of_message_it_is(changes, kind):
    assert texts(read(alert(**changes)), "msgType") == [kind]


def test_a_later_message_refers_to_the_one_that_it_takes_the_place_of():
    first = read(alert(revised_at=minute(4)))
    later = read(alert(revision=2, revised_at=minute(9), superseded_at=minute(4)))
    (told,) = texts(later, "references")
    assert told.split(",") == texts(first, "sender") + texts(first, "identifier") + texts(first, "sent")
    assert texts(first, "references") == []


@pytest.mark.parametrize("severity", Severity)
@pytest.mark.parametrize("urgency", Urgency)
def test_words_are_those_of_the_standard(severity, urgency):
    root = read(alert(content=content(0, severity=severity, urgency=urgency)))
    assert texts(root, "info/severity") + texts(root, "info/urgency") == [severity] * 2 + [urgency] * 2


@pytest.mark.parametrize(("field", "words"), [pytest.param("certainty", Certainty), pytest.param("category", Category)])
def test_so_are_these(field, words):
    for word in words:
        assert set(texts(read(alert(content=content(0, **{field: word}))), f"info/{field}")) == {word}


def test_what_is_simulated_is_an_exercise():
    root = read(alert(content=content(0, status=Status.EXERCISE)))
    assert (texts(root, "status"), texts(root, "note")) == (["Exercise"], ["Simulated"])


def test_places_codes_and_figures():
    square = ((37.5, 127.0), (37.6, 127.0), (37.6, 127.1), (37.5, 127.0))
    area = Area(
        entities=("jamsu",), name=Words(ko="가", en="A"), h3_cell="8830e1d8c7fffff", polygon=square, is_estimate=True
    )
    stage = Figure(name="stage_cm", words=Words(ko="수위", en="Stage"), value=560, unit="cm")
    profile = Profile(
        sender="safety.seoul.example",
        event_codes={"river": {"KR-event": "FL-1"}},
        geocodes={"jamsu": {"KR-district": "11650"}},
    )
    root = read(alert(content=content(0, area=area, measured=(stage,), drivers=(stage,))), profile)
    assert texts(root, "info/area/areaDesc") == ["가 (지역 추정)", "A (area estimate)"]
    corners = "37.500000,127.000000 37.600000,127.000000 37.600000,127.100000 37.500000,127.000000"
    assert texts(root, "info/area/polygon") == [corners] * 2
    assert texts(root, "info/eventCode/value") == ["FL-1"] * 2
    assert texts(root, "info/area/geocode/value") == ["11650", "8830e1d8c7fffff"] * 2
    assert texts(root, "info/description") == ["홍수\n수위: 560 cm", "Flood\nStage: 560 cm"]
    assert "driver:stage_cm" in texts(root, "info/parameter/valueName")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        pytest.param("</areaDesc><x>&amp;]]>", "</areaDesc><x>&amp;]]>", id="markup"),
        pytest.param("bell \a null \0 \x1b[31m", "bell \ufffd null \ufffd \ufffd[31m", id="control characters"),
        pytest.param("\ud800 \uffff", "\ufffd \ufffd", id="half a character"),
        pytest.param("<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>&e;", None, id="an entity"),
    ],
)
def test_names_are_only_text(name, told):
    area = Area(entities=(name,), name=Words(ko=name, en=name))
    root = read(alert(content=content(0, area=area)), Profile(geocodes={name: {name: name}}))
    assert texts(root, "info/area/areaDesc") == [told or name] * 2


@pytest.mark.parametrize(
    ("timezone", "time"),
    [
        pytest.param("Asia/Seoul", "2026-07-01T09:00:00+09:00", id="Seoul"),
        pytest.param("UTC", "2026-07-01T00:00:00-00:00", id="UTC, as the standard writes it"),
    ],
)
def test_times_are_on_the_citys_clock_without_fractions(timezone, time):
    late = replace(alert(), revised_at=minute(0).replace(microsecond=999_999))
    assert texts(read(late, Profile(timezone=timezone)), "sent") == [time]


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        pytest.param("sender = 'a b'", "'a b' cannot send", id="a sender with a blank"),
        pytest.param("scope = 'Private'", "'Private' is no scope", id="a scope that needs addresses"),
        pytest.param("restriction = ''", "need a restriction", id="restricted to nobody"),
        pytest.param("timezone = 'Seoul'", "no time zone 'Seoul'", id="a zone that is none"),
        pytest.param("colour = 'red'", "colour: Unexpected", id="what no profile says"),
        pytest.param("sender = 3", "sender: Input should be a valid string", id="a number"),
        pytest.param("sender", "not valid TOML", id="no TOML"),
    ],
)
def test_a_profile_that_is_none(tmp_path, line, cause):
    path = tmp_path / "cap.toml"
    path.write_text(line)
    with pytest.raises(BadInput, match=cause) as refused:
        read_profile(path)
    assert refused.value.mend


def test_a_profile_is_read_from_its_file(tmp_path):
    path = tmp_path / "cap.toml"
    path.write_text('sender = "seoul"\nscope = "Public"\n[event_codes.river]\nKR = "FL"\n')
    profile = read_profile(path)
    assert (profile.sender, profile.scope, profile.event_codes) == ("seoul", "Public", {"river": {"KR": "FL"}})
    assert read_profile(None) == Profile()
    with pytest.raises(BadInput, match="cannot be read"):
        read_profile(tmp_path / "nothing.toml")
