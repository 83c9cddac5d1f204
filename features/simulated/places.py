"""Where the simulated Seoul is measured besides its roads: weather station, air stations, river gauges, dam and tide.

The codes are those of the real instruments, so that one hazard table serves both cities; the readings are not.
"""

from dataclasses import dataclass

WEATHER_STATION = "108"
JAMSU, HANGANG = "1018680", "1018683"
DAM, TIDE = "paldang", "tide"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One place of measurement.

    Attributes:
        entity_id: its code, as the published tables have it.
        name: Korean and English, marked as simulated.
        lat: degrees north, WGS84.
        lon: degrees east, WGS84.
        kind: what stands there, in the hazard table's words.
    """

    entity_id: str
    name: str
    lat: float
    lon: float
    kind: str


def _place(entity_id: str, korean: str, english: str, lat: float, lon: float, kind: str) -> Place:
    return Place(entity_id=entity_id, name=f"{korean} (모의) / {english} (simulated)", lat=lat, lon=lon, kind=kind)


AIR_STATIONS = (
    _place("101", "종로구", "Jongno-gu", 37.5720, 127.0050, "air station"),
    _place("104", "은평구", "Eunpyeong-gu", 37.6098, 126.9348, "air station"),
    _place("114", "노원구", "Nowon-gu", 37.6588, 127.0685, "air station"),
    _place("116", "강서구", "Gangseo-gu", 37.5446, 126.8352, "air station"),
    _place("124", "송파구", "Songpa-gu", 37.5027, 127.0925, "air station"),
)
# Downstream: the order in which a flood passes them.
GAUGES = (
    _place("1018662", "청담대교", "Cheongdam bridge", 37.5260, 127.0640, "river gauge"),
    _place(JAMSU, "잠수교", "Jamsu bridge", 37.5150, 126.9960, "river gauge"),
    _place(HANGANG, "한강대교", "Hangang bridge", 37.5174, 126.9590, "river gauge"),
    _place("1019630", "행주대교", "Haengju bridge", 37.5990, 126.8190, "river gauge"),
)
PLACES = (
    _place(WEATHER_STATION, "서울", "Seoul", 37.5714, 126.9658, "weather station"),
    *AIR_STATIONS,
    _place(DAM, "팔당댐", "Paldang dam", 37.5240, 127.2790, "dam"),
    *GAUGES,
    _place(TIDE, "강화대교", "Ganghwa bridge", 37.7340, 126.5230, "tide gauge"),
)
