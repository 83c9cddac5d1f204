"""What is measured, as operators call it in Korean and English."""

from collections.abc import Mapping

from features.disaster.level import Words
from features.series import without_unit

_CALLED: Mapping[str, tuple[str, str]] = {
    "stage": ("수위", "water level"),
    "stage masl": ("해발 수위", "water level above sea"),
    "release": ("방류량", "release"),
    "inflow": ("유입량", "inflow"),
    "discharge": ("유량", "discharge"),
    "tide": ("조위", "tide"),
    "rain": ("강수량", "rain"),
    "pm25": ("초미세먼지 농도", "PM2.5"),
    "pm10": ("미세먼지 농도", "PM10"),
    "no2": ("이산화질소 농도", "nitrogen dioxide"),
    "o3": ("오존 농도", "ozone"),
    "co": ("일산화탄소 농도", "carbon monoxide"),
    "so2": ("아황산가스 농도", "sulphur dioxide"),
    "humidity": ("습도", "humidity"),
    "sea level pressure": ("해면기압", "pressure at sea level"),
    "air temperature": ("기온", "air temperature"),
    "air temperature max": ("최고기온", "highest air temperature"),
    "air temperature max to 21h": ("21시까지의 최고기온", "highest air temperature by 21:00"),
    "air temperature min": ("최저기온", "lowest air temperature"),
    "air temperature min change": ("전일 대비 최저기온", "change of the lowest air temperature"),
    "air temperature min anomaly": ("평년 대비 최저기온", "lowest air temperature against normal"),
    "apparent temperature max": ("최고 체감온도", "highest apparent temperature"),
    "ldaps tmax": ("예보 최고기온", "forecast highest air temperature"),
    "ldaps tmin": ("예보 최저기온", "forecast lowest air temperature"),
    "ldaps wind speed": ("예보 풍속", "forecast wind speed"),
    "ldaps latent heat": ("예보 잠열", "forecast latent heat"),
    "ldaps humidity max": ("예보 최고습도", "forecast highest humidity"),
    "ldaps humidity min": ("예보 최저습도", "forecast lowest humidity"),
    "ldaps cloud 00h": ("0~6시 예보 운량", "forecast cloud from 00 to 06 h"),
    "ldaps cloud 06h": ("6~12시 예보 운량", "forecast cloud from 06 to 12 h"),
    "ldaps cloud 12h": ("12~18시 예보 운량", "forecast cloud from 12 to 18 h"),
    "ldaps cloud 18h": ("18~24시 예보 운량", "forecast cloud from 18 to 24 h"),
}


def called(quantity: str) -> Words:
    """A quantity as people say it, without its unit; a city's own keeps the name of its column.

    >>> called("stage_cm").en, called("snow_depth_cm").ko
    ('water level', 'snow depth')
    """
    said = without_unit(quantity)
    ko, en = _CALLED.get(said, (said, said))
    return Words(ko=ko, en=en)
