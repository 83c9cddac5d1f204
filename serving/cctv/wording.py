"""What operators call incidents and ailing cameras, and what they can do about them, in both languages."""

from features.cctv.events import HealthKind
from features.cctv.kinds import IncidentKind
from serving.alerts.words import Words

EVENTS = {
    IncidentKind.STOPPED_VEHICLE: Words(ko="차로 위 정지 차량", en="Stopped vehicle"),
    IncidentKind.WRONG_WAY: Words(ko="역주행", en="Wrong-way driver"),
    IncidentKind.PEDESTRIAN_ON_CARRIAGEWAY: Words(ko="차도 위 보행자", en="Pedestrian on the carriageway"),
    IncidentKind.QUEUE: Words(ko="정체", en="Queue"),
    IncidentKind.ABANDONED_OBJECT: Words(ko="낙하물", en="Abandoned object"),
}
"""What operators call each kind."""

FAULTS = {
    HealthKind.FROZEN: Words(ko="영상 정지", en="Frozen picture"),
    HealthKind.BLACK: Words(ko="검은 화면", en="Black picture"),
    HealthKind.BLURRED: Words(ko="흐린 영상", en="Blurred picture"),
    HealthKind.SHIFTED: Words(ko="카메라 방향 변경", en="Camera moved"),
    HealthKind.LOST: Words(ko="영상 끊김", en="Feed lost"),
}
"""Likewise of a camera's own faults."""

ADVICE = {
    IncidentKind.STOPPED_VEHICLE: Words(
        ko="{camera} 영상을 확인하고, 상류 전광판에 전방 정지 차량을 알린 뒤 순찰차와 견인을 보내십시오.",
        en="Look at {camera}; warn upstream of a stopped vehicle, and send a patrol and a tow truck.",
    ),
    IncidentKind.WRONG_WAY: Words(
        ko="즉시 경찰에 알리고, 양방향 전광판에 역주행을 경고하십시오. {camera} 영상부터 진행 방향을 따라가십시오.",
        en="Tell the police at once, and warn both ways of a wrong-way driver. Follow it from {camera} on.",
    ),
    IncidentKind.PEDESTRIAN_ON_CARRIAGEWAY: Words(
        ko="{camera} 영상을 확인하고, 전광판으로 서행을 안내하며 순찰차를 보내 안전한 곳으로 이동시키십시오.",
        en="Look at {camera}; slow traffic down by signs, and send a patrol to bring them to safety.",
    ),
    IncidentKind.QUEUE: Words(
        ko="{camera} 영상에서 원인을 찾고, 상류 전광판에 정체와 우회를 안내하십시오.",
        en="Look for the cause at {camera}; warn of the queue upstream, and show the way around.",
    ),
    IncidentKind.ABANDONED_OBJECT: Words(
        ko="{camera} 영상을 확인하고, 상류 전광판에 낙하물을 알린 뒤 도로 관리반을 보내십시오.",
        en="Look at {camera}; warn upstream of an object on the road, and send a road crew.",
    ),
}
"""What to do; ``{camera}`` is its name."""
