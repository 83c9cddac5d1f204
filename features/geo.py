"""Where things are in Seoul: the 25 district offices, the nearest of them to a place, distances and H3 cells.

A district is "everything nearer to this office than to another": no polygon is needed, and coordinates are facts.
"""

from dataclasses import dataclass

import h3
import numpy as np
import numpy.typing as npt

from features.errors import BadInput

_EARTH_RADIUS_KM = 6371.0088
# Cells of about 0.7 km2: a few blocks, what one patrol covers.
_CELL_RESOLUTION = 8

Degrees = float | npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class District:
    """One of Seoul's 25 districts (gu), placed at its office.

    Attributes:
        name_ko: e.g. ``종로구``.
        name_en: e.g. ``Jongno-gu``.
        lat: degrees north, WGS84.
        lon: degrees east, WGS84.
    """

    name_ko: str
    name_en: str
    lat: float
    lon: float


DISTRICTS = tuple(
    District(name_ko=name_ko, name_en=name_en, lat=lat, lon=lon)
    for name_ko, name_en, lat, lon in (
        ("종로구", "Jongno-gu", 37.5735, 126.9790),
        ("중구", "Jung-gu", 37.5641, 126.9979),
        ("용산구", "Yongsan-gu", 37.5324, 126.9904),
        ("성동구", "Seongdong-gu", 37.5634, 127.0369),
        ("광진구", "Gwangjin-gu", 37.5385, 127.0823),
        ("동대문구", "Dongdaemun-gu", 37.5744, 127.0397),
        ("중랑구", "Jungnang-gu", 37.6066, 127.0927),
        ("성북구", "Seongbuk-gu", 37.5894, 127.0167),
        ("강북구", "Gangbuk-gu", 37.6396, 127.0257),
        ("도봉구", "Dobong-gu", 37.6688, 127.0471),
        ("노원구", "Nowon-gu", 37.6542, 127.0568),
        ("은평구", "Eunpyeong-gu", 37.6027, 126.9291),
        ("서대문구", "Seodaemun-gu", 37.5791, 126.9368),
        ("마포구", "Mapo-gu", 37.5663, 126.9019),
        ("양천구", "Yangcheon-gu", 37.5170, 126.8666),
        ("강서구", "Gangseo-gu", 37.5510, 126.8495),
        ("구로구", "Guro-gu", 37.4955, 126.8875),
        ("금천구", "Geumcheon-gu", 37.4569, 126.8955),
        ("영등포구", "Yeongdeungpo-gu", 37.5264, 126.8962),
        ("동작구", "Dongjak-gu", 37.5124, 126.9393),
        ("관악구", "Gwanak-gu", 37.4784, 126.9516),
        ("서초구", "Seocho-gu", 37.4837, 127.0324),
        ("강남구", "Gangnam-gu", 37.5173, 127.0473),
        ("송파구", "Songpa-gu", 37.5145, 127.1059),
        ("강동구", "Gangdong-gu", 37.5301, 127.1238),
    )
)


def distance_km(lat: Degrees, lon: Degrees, other_lat: Degrees, other_lon: Degrees) -> npt.NDArray[np.float64]:
    """Great-circle distance (haversine) on a sphere; the four arguments broadcast against each other.

    Args:
        lat: degrees north of one place, or an array of them.
        lon: degrees east.
        other_lat: degrees north of the other.
        other_lon: degrees east.

    Returns:
        Kilometres, in the broadcast shape.

    >>> float(distance_km(37.5735, 126.9790, 37.5173, 127.0473).round(1))
    8.7
    """
    phi, other_phi = np.radians(lat), np.radians(other_lat)
    half_phi = (other_phi - phi) / 2
    half_lambda = np.radians(np.subtract(other_lon, lon)) / 2
    chord = np.sin(half_phi) ** 2 + np.cos(phi) * np.cos(other_phi) * np.sin(half_lambda) ** 2
    return np.asarray(2 * _EARTH_RADIUS_KM * np.arcsin(np.sqrt(chord)), dtype=np.float64)


def nearest_district(lat: float, lon: float) -> District:
    """The district whose office is nearest to a place.

    Args:
        lat: degrees north.
        lon: degrees east.

    Raises:
        BadInput: not a place on Earth.

    >>> nearest_district(37.5796, 126.9770).name_en  # Gyeongbokgung palace
    'Jongno-gu'
    """
    _check_place(lat, lon)
    offices = np.array([(district.lat, district.lon) for district in DISTRICTS])
    return DISTRICTS[int(distance_km(lat, lon, offices[:, 0], offices[:, 1]).argmin())]


def h3_cell(lat: float, lon: float) -> str:
    """The H3 cell (resolution 8, about 0.7 km2) that a place lies in.

    Args:
        lat: degrees north.
        lon: degrees east.

    Raises:
        BadInput: not a place on Earth.

    >>> h3_cell(37.5663, 126.9779)
    '8830e1d8c1fffff'
    """
    _check_place(lat, lon)
    return str(h3.latlng_to_cell(lat, lon, _CELL_RESOLUTION))


def _check_place(lat: float, lon: float) -> None:
    # Written so that NaN, which compares false with everything, is refused too.
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        raise BadInput(
            cause=f"lat={lat}, lon={lon} is not a place on Earth",
            mend="Give degrees: lat in [-90, 90], lon in [-180, 180]; Seoul is near 37.57, 126.98",
        )
