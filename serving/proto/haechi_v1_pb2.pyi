import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Measurement(_message.Message):
    __slots__ = ("time", "entity_id", "value", "available_at")
    TIME_FIELD_NUMBER: _ClassVar[int]
    ENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_AT_FIELD_NUMBER: _ClassVar[int]
    time: _timestamp_pb2.Timestamp
    entity_id: str
    value: float
    available_at: _timestamp_pb2.Timestamp
    def __init__(self, time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., entity_id: _Optional[str] = ..., value: _Optional[float] = ..., available_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Covariate(_message.Message):
    __slots__ = ("time", "name", "value", "available_at")
    TIME_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_AT_FIELD_NUMBER: _ClassVar[int]
    time: _timestamp_pb2.Timestamp
    name: str
    value: float
    available_at: _timestamp_pb2.Timestamp
    def __init__(self, time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., name: _Optional[str] = ..., value: _Optional[float] = ..., available_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class LatestRequest(_message.Message):
    __slots__ = ("model", "version", "entity_ids", "measurements", "issued_at", "horizon_steps", "covariates")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ENTITY_IDS_FIELD_NUMBER: _ClassVar[int]
    MEASUREMENTS_FIELD_NUMBER: _ClassVar[int]
    ISSUED_AT_FIELD_NUMBER: _ClassVar[int]
    HORIZON_STEPS_FIELD_NUMBER: _ClassVar[int]
    COVARIATES_FIELD_NUMBER: _ClassVar[int]
    model: str
    version: str
    entity_ids: _containers.RepeatedScalarFieldContainer[str]
    measurements: _containers.RepeatedCompositeFieldContainer[Measurement]
    issued_at: _timestamp_pb2.Timestamp
    horizon_steps: int
    covariates: _containers.RepeatedCompositeFieldContainer[Covariate]
    def __init__(self, model: _Optional[str] = ..., version: _Optional[str] = ..., entity_ids: _Optional[_Iterable[str]] = ..., measurements: _Optional[_Iterable[_Union[Measurement, _Mapping]]] = ..., issued_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., horizon_steps: _Optional[int] = ..., covariates: _Optional[_Iterable[_Union[Covariate, _Mapping]]] = ...) -> None: ...

class Prediction(_message.Message):
    __slots__ = ("entity_id", "target_time", "step", "q10", "q50", "q90", "quality", "values")
    ENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    TARGET_TIME_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    Q10_FIELD_NUMBER: _ClassVar[int]
    Q50_FIELD_NUMBER: _ClassVar[int]
    Q90_FIELD_NUMBER: _ClassVar[int]
    QUALITY_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    entity_id: str
    target_time: _timestamp_pb2.Timestamp
    step: int
    q10: float
    q50: float
    q90: float
    quality: str
    values: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, entity_id: _Optional[str] = ..., target_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., step: _Optional[int] = ..., q10: _Optional[float] = ..., q50: _Optional[float] = ..., q90: _Optional[float] = ..., quality: _Optional[str] = ..., values: _Optional[_Iterable[float]] = ...) -> None: ...

class Observed(_message.Message):
    __slots__ = ("time", "entity_id", "value")
    TIME_FIELD_NUMBER: _ClassVar[int]
    ENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    time: _timestamp_pb2.Timestamp
    entity_id: str
    value: float
    def __init__(self, time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., entity_id: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...

class ForecastReply(_message.Message):
    __slots__ = ("model", "version", "quantity", "unit", "issued_at", "as_of", "step_min", "simulated", "predictions", "observed", "timezone", "levels")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    ISSUED_AT_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    STEP_MIN_FIELD_NUMBER: _ClassVar[int]
    SIMULATED_FIELD_NUMBER: _ClassVar[int]
    PREDICTIONS_FIELD_NUMBER: _ClassVar[int]
    OBSERVED_FIELD_NUMBER: _ClassVar[int]
    TIMEZONE_FIELD_NUMBER: _ClassVar[int]
    LEVELS_FIELD_NUMBER: _ClassVar[int]
    model: str
    version: str
    quantity: str
    unit: str
    issued_at: _timestamp_pb2.Timestamp
    as_of: _timestamp_pb2.Timestamp
    step_min: int
    simulated: bool
    predictions: _containers.RepeatedCompositeFieldContainer[Prediction]
    observed: _containers.RepeatedCompositeFieldContainer[Observed]
    timezone: str
    levels: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, model: _Optional[str] = ..., version: _Optional[str] = ..., quantity: _Optional[str] = ..., unit: _Optional[str] = ..., issued_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., step_min: _Optional[int] = ..., simulated: _Optional[bool] = ..., predictions: _Optional[_Iterable[_Union[Prediction, _Mapping]]] = ..., observed: _Optional[_Iterable[_Union[Observed, _Mapping]]] = ..., timezone: _Optional[str] = ..., levels: _Optional[_Iterable[float]] = ...) -> None: ...

class AlertRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class ActOnAlertRequest(_message.Message):
    __slots__ = ("id", "reason")
    ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    id: str
    reason: str
    def __init__(self, id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class AlertFilter(_message.Message):
    __slots__ = ("domains", "min_severity", "only_open")
    DOMAINS_FIELD_NUMBER: _ClassVar[int]
    MIN_SEVERITY_FIELD_NUMBER: _ClassVar[int]
    ONLY_OPEN_FIELD_NUMBER: _ClassVar[int]
    domains: _containers.RepeatedScalarFieldContainer[str]
    min_severity: str
    only_open: bool
    def __init__(self, domains: _Optional[_Iterable[str]] = ..., min_severity: _Optional[str] = ..., only_open: _Optional[bool] = ...) -> None: ...

class ListAlertsRequest(_message.Message):
    __slots__ = ("filter",)
    FILTER_FIELD_NUMBER: _ClassVar[int]
    filter: AlertFilter
    def __init__(self, filter: _Optional[_Union[AlertFilter, _Mapping]] = ...) -> None: ...

class ListAlertsReply(_message.Message):
    __slots__ = ("alerts", "cursor")
    ALERTS_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    alerts: _containers.RepeatedCompositeFieldContainer[Alert]
    cursor: str
    def __init__(self, alerts: _Optional[_Iterable[_Union[Alert, _Mapping]]] = ..., cursor: _Optional[str] = ...) -> None: ...

class WatchAlertsRequest(_message.Message):
    __slots__ = ("cursor", "filter")
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    cursor: str
    filter: AlertFilter
    def __init__(self, cursor: _Optional[str] = ..., filter: _Optional[_Union[AlertFilter, _Mapping]] = ...) -> None: ...

class AlertStep(_message.Message):
    __slots__ = ("cursor", "action", "actor", "reason", "time", "alert", "hash")
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    ALERT_FIELD_NUMBER: _ClassVar[int]
    HASH_FIELD_NUMBER: _ClassVar[int]
    cursor: str
    action: str
    actor: str
    reason: str
    time: _timestamp_pb2.Timestamp
    alert: Alert
    hash: str
    def __init__(self, cursor: _Optional[str] = ..., action: _Optional[str] = ..., actor: _Optional[str] = ..., reason: _Optional[str] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., alert: _Optional[_Union[Alert, _Mapping]] = ..., hash: _Optional[str] = ...) -> None: ...

class AlertHistoryReply(_message.Message):
    __slots__ = ("steps",)
    STEPS_FIELD_NUMBER: _ClassVar[int]
    steps: _containers.RepeatedCompositeFieldContainer[AlertStep]
    def __init__(self, steps: _Optional[_Iterable[_Union[AlertStep, _Mapping]]] = ...) -> None: ...

class CapReply(_message.Message):
    __slots__ = ("xml",)
    XML_FIELD_NUMBER: _ClassVar[int]
    xml: str
    def __init__(self, xml: _Optional[str] = ...) -> None: ...

class Words(_message.Message):
    __slots__ = ("ko", "en")
    KO_FIELD_NUMBER: _ClassVar[int]
    EN_FIELD_NUMBER: _ClassVar[int]
    ko: str
    en: str
    def __init__(self, ko: _Optional[str] = ..., en: _Optional[str] = ...) -> None: ...

class Corner(_message.Message):
    __slots__ = ("lat", "lon")
    LAT_FIELD_NUMBER: _ClassVar[int]
    LON_FIELD_NUMBER: _ClassVar[int]
    lat: float
    lon: float
    def __init__(self, lat: _Optional[float] = ..., lon: _Optional[float] = ...) -> None: ...

class AlertArea(_message.Message):
    __slots__ = ("entities", "name", "h3_cell", "polygon", "is_estimate")
    ENTITIES_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    H3_CELL_FIELD_NUMBER: _ClassVar[int]
    POLYGON_FIELD_NUMBER: _ClassVar[int]
    IS_ESTIMATE_FIELD_NUMBER: _ClassVar[int]
    entities: _containers.RepeatedScalarFieldContainer[str]
    name: Words
    h3_cell: str
    polygon: _containers.RepeatedCompositeFieldContainer[Corner]
    is_estimate: bool
    def __init__(self, entities: _Optional[_Iterable[str]] = ..., name: _Optional[_Union[Words, _Mapping]] = ..., h3_cell: _Optional[str] = ..., polygon: _Optional[_Iterable[_Union[Corner, _Mapping]]] = ..., is_estimate: _Optional[bool] = ...) -> None: ...

class Figure(_message.Message):
    __slots__ = ("name", "words", "value", "unit")
    NAME_FIELD_NUMBER: _ClassVar[int]
    WORDS_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    name: str
    words: Words
    value: float
    unit: str
    def __init__(self, name: _Optional[str] = ..., words: _Optional[_Union[Words, _Mapping]] = ..., value: _Optional[float] = ..., unit: _Optional[str] = ...) -> None: ...

class Alert(_message.Message):
    __slots__ = ("id", "domain", "kind", "place", "life", "phase", "revision", "raised_at", "revised_at", "merged_into", "status", "category", "severity", "urgency", "certainty", "onset", "expires", "area", "event", "headline", "advice", "probability", "lead_min", "measured", "drivers", "evidence", "model", "version", "quality")
    ID_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    LIFE_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    RAISED_AT_FIELD_NUMBER: _ClassVar[int]
    REVISED_AT_FIELD_NUMBER: _ClassVar[int]
    MERGED_INTO_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    SEVERITY_FIELD_NUMBER: _ClassVar[int]
    URGENCY_FIELD_NUMBER: _ClassVar[int]
    CERTAINTY_FIELD_NUMBER: _ClassVar[int]
    ONSET_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_FIELD_NUMBER: _ClassVar[int]
    AREA_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    HEADLINE_FIELD_NUMBER: _ClassVar[int]
    ADVICE_FIELD_NUMBER: _ClassVar[int]
    PROBABILITY_FIELD_NUMBER: _ClassVar[int]
    LEAD_MIN_FIELD_NUMBER: _ClassVar[int]
    MEASURED_FIELD_NUMBER: _ClassVar[int]
    DRIVERS_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    QUALITY_FIELD_NUMBER: _ClassVar[int]
    id: str
    domain: str
    kind: str
    place: str
    life: str
    phase: str
    revision: int
    raised_at: _timestamp_pb2.Timestamp
    revised_at: _timestamp_pb2.Timestamp
    merged_into: str
    status: str
    category: str
    severity: str
    urgency: str
    certainty: str
    onset: _timestamp_pb2.Timestamp
    expires: _timestamp_pb2.Timestamp
    area: AlertArea
    event: Words
    headline: Words
    advice: Words
    probability: float
    lead_min: float
    measured: _containers.RepeatedCompositeFieldContainer[Figure]
    drivers: _containers.RepeatedCompositeFieldContainer[Figure]
    evidence: str
    model: str
    version: str
    quality: str
    def __init__(self, id: _Optional[str] = ..., domain: _Optional[str] = ..., kind: _Optional[str] = ..., place: _Optional[str] = ..., life: _Optional[str] = ..., phase: _Optional[str] = ..., revision: _Optional[int] = ..., raised_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., revised_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., merged_into: _Optional[str] = ..., status: _Optional[str] = ..., category: _Optional[str] = ..., severity: _Optional[str] = ..., urgency: _Optional[str] = ..., certainty: _Optional[str] = ..., onset: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expires: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., area: _Optional[_Union[AlertArea, _Mapping]] = ..., event: _Optional[_Union[Words, _Mapping]] = ..., headline: _Optional[_Union[Words, _Mapping]] = ..., advice: _Optional[_Union[Words, _Mapping]] = ..., probability: _Optional[float] = ..., lead_min: _Optional[float] = ..., measured: _Optional[_Iterable[_Union[Figure, _Mapping]]] = ..., drivers: _Optional[_Iterable[_Union[Figure, _Mapping]]] = ..., evidence: _Optional[str] = ..., model: _Optional[str] = ..., version: _Optional[str] = ..., quality: _Optional[str] = ...) -> None: ...

class Reading(_message.Message):
    __slots__ = ("time", "entity_id", "quantity", "value", "available_at")
    TIME_FIELD_NUMBER: _ClassVar[int]
    ENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_AT_FIELD_NUMBER: _ClassVar[int]
    time: _timestamp_pb2.Timestamp
    entity_id: str
    quantity: str
    value: float
    available_at: _timestamp_pb2.Timestamp
    def __init__(self, time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., entity_id: _Optional[str] = ..., quantity: _Optional[str] = ..., value: _Optional[float] = ..., available_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class RiskRequest(_message.Message):
    __slots__ = ("model", "version", "entity_ids", "readings", "issued_at")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ENTITY_IDS_FIELD_NUMBER: _ClassVar[int]
    READINGS_FIELD_NUMBER: _ClassVar[int]
    ISSUED_AT_FIELD_NUMBER: _ClassVar[int]
    model: str
    version: str
    entity_ids: _containers.RepeatedScalarFieldContainer[str]
    readings: _containers.RepeatedCompositeFieldContainer[Reading]
    issued_at: _timestamp_pb2.Timestamp
    def __init__(self, model: _Optional[str] = ..., version: _Optional[str] = ..., entity_ids: _Optional[_Iterable[str]] = ..., readings: _Optional[_Iterable[_Union[Reading, _Mapping]]] = ..., issued_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class HazardLevel(_message.Message):
    __slots__ = ("name", "words", "severity", "criterion", "release", "advice", "alarm_at")
    NAME_FIELD_NUMBER: _ClassVar[int]
    WORDS_FIELD_NUMBER: _ClassVar[int]
    SEVERITY_FIELD_NUMBER: _ClassVar[int]
    CRITERION_FIELD_NUMBER: _ClassVar[int]
    RELEASE_FIELD_NUMBER: _ClassVar[int]
    ADVICE_FIELD_NUMBER: _ClassVar[int]
    ALARM_AT_FIELD_NUMBER: _ClassVar[int]
    name: str
    words: Words
    severity: str
    criterion: Words
    release: Words
    advice: Words
    alarm_at: float
    def __init__(self, name: _Optional[str] = ..., words: _Optional[_Union[Words, _Mapping]] = ..., severity: _Optional[str] = ..., criterion: _Optional[_Union[Words, _Mapping]] = ..., release: _Optional[_Union[Words, _Mapping]] = ..., advice: _Optional[_Union[Words, _Mapping]] = ..., alarm_at: _Optional[float] = ...) -> None: ...

class Standing(_message.Message):
    __slots__ = ("level", "in_force")
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    IN_FORCE_FIELD_NUMBER: _ClassVar[int]
    level: str
    in_force: bool
    def __init__(self, level: _Optional[str] = ..., in_force: _Optional[bool] = ...) -> None: ...

class RiskPlace(_message.Message):
    __slots__ = ("entity_id", "name", "lat", "lon", "now", "standings", "quality")
    ENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    LAT_FIELD_NUMBER: _ClassVar[int]
    LON_FIELD_NUMBER: _ClassVar[int]
    NOW_FIELD_NUMBER: _ClassVar[int]
    STANDINGS_FIELD_NUMBER: _ClassVar[int]
    QUALITY_FIELD_NUMBER: _ClassVar[int]
    entity_id: str
    name: Words
    lat: float
    lon: float
    now: float
    standings: _containers.RepeatedCompositeFieldContainer[Standing]
    quality: str
    def __init__(self, entity_id: _Optional[str] = ..., name: _Optional[_Union[Words, _Mapping]] = ..., lat: _Optional[float] = ..., lon: _Optional[float] = ..., now: _Optional[float] = ..., standings: _Optional[_Iterable[_Union[Standing, _Mapping]]] = ..., quality: _Optional[str] = ...) -> None: ...

class RiskPrediction(_message.Message):
    __slots__ = ("entity_id", "target_time", "step", "level", "probability", "met", "q10", "q50", "q90", "quality")
    ENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    TARGET_TIME_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    PROBABILITY_FIELD_NUMBER: _ClassVar[int]
    MET_FIELD_NUMBER: _ClassVar[int]
    Q10_FIELD_NUMBER: _ClassVar[int]
    Q50_FIELD_NUMBER: _ClassVar[int]
    Q90_FIELD_NUMBER: _ClassVar[int]
    QUALITY_FIELD_NUMBER: _ClassVar[int]
    entity_id: str
    target_time: _timestamp_pb2.Timestamp
    step: int
    level: str
    probability: float
    met: float
    q10: float
    q50: float
    q90: float
    quality: str
    def __init__(self, entity_id: _Optional[str] = ..., target_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., step: _Optional[int] = ..., level: _Optional[str] = ..., probability: _Optional[float] = ..., met: _Optional[float] = ..., q10: _Optional[float] = ..., q50: _Optional[float] = ..., q90: _Optional[float] = ..., quality: _Optional[str] = ...) -> None: ...

class RiskReply(_message.Message):
    __slots__ = ("model", "version", "hazard", "words", "category", "quantity", "unit", "issued_at", "as_of", "step_min", "alarm_h", "simulated", "timezone", "levels", "places", "predictions")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    HAZARD_FIELD_NUMBER: _ClassVar[int]
    WORDS_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    ISSUED_AT_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    STEP_MIN_FIELD_NUMBER: _ClassVar[int]
    ALARM_H_FIELD_NUMBER: _ClassVar[int]
    SIMULATED_FIELD_NUMBER: _ClassVar[int]
    TIMEZONE_FIELD_NUMBER: _ClassVar[int]
    LEVELS_FIELD_NUMBER: _ClassVar[int]
    PLACES_FIELD_NUMBER: _ClassVar[int]
    PREDICTIONS_FIELD_NUMBER: _ClassVar[int]
    model: str
    version: str
    hazard: str
    words: Words
    category: str
    quantity: str
    unit: str
    issued_at: _timestamp_pb2.Timestamp
    as_of: _timestamp_pb2.Timestamp
    step_min: int
    alarm_h: int
    simulated: bool
    timezone: str
    levels: _containers.RepeatedCompositeFieldContainer[HazardLevel]
    places: _containers.RepeatedCompositeFieldContainer[RiskPlace]
    predictions: _containers.RepeatedCompositeFieldContainer[RiskPrediction]
    def __init__(self, model: _Optional[str] = ..., version: _Optional[str] = ..., hazard: _Optional[str] = ..., words: _Optional[_Union[Words, _Mapping]] = ..., category: _Optional[str] = ..., quantity: _Optional[str] = ..., unit: _Optional[str] = ..., issued_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., step_min: _Optional[int] = ..., alarm_h: _Optional[int] = ..., simulated: _Optional[bool] = ..., timezone: _Optional[str] = ..., levels: _Optional[_Iterable[_Union[HazardLevel, _Mapping]]] = ..., places: _Optional[_Iterable[_Union[RiskPlace, _Mapping]]] = ..., predictions: _Optional[_Iterable[_Union[RiskPrediction, _Mapping]]] = ...) -> None: ...

class WhyRequest(_message.Message):
    __slots__ = ("model", "version", "entity_id", "readings", "issued_at", "level", "horizon_h", "most")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    READINGS_FIELD_NUMBER: _ClassVar[int]
    ISSUED_AT_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    HORIZON_H_FIELD_NUMBER: _ClassVar[int]
    MOST_FIELD_NUMBER: _ClassVar[int]
    model: str
    version: str
    entity_id: str
    readings: _containers.RepeatedCompositeFieldContainer[Reading]
    issued_at: _timestamp_pb2.Timestamp
    level: str
    horizon_h: int
    most: int
    def __init__(self, model: _Optional[str] = ..., version: _Optional[str] = ..., entity_id: _Optional[str] = ..., readings: _Optional[_Iterable[_Union[Reading, _Mapping]]] = ..., issued_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., level: _Optional[str] = ..., horizon_h: _Optional[int] = ..., most: _Optional[int] = ...) -> None: ...

class Reason(_message.Message):
    __slots__ = ("quantity", "entity_id", "value", "unit", "without", "effect", "words")
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    ENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    WITHOUT_FIELD_NUMBER: _ClassVar[int]
    EFFECT_FIELD_NUMBER: _ClassVar[int]
    WORDS_FIELD_NUMBER: _ClassVar[int]
    quantity: str
    entity_id: str
    value: float
    unit: str
    without: float
    effect: float
    words: Words
    def __init__(self, quantity: _Optional[str] = ..., entity_id: _Optional[str] = ..., value: _Optional[float] = ..., unit: _Optional[str] = ..., without: _Optional[float] = ..., effect: _Optional[float] = ..., words: _Optional[_Union[Words, _Mapping]] = ...) -> None: ...

class WhyReply(_message.Message):
    __slots__ = ("model", "version", "hazard", "entity_id", "level", "issued_at", "as_of", "target_time", "simulated", "timezone", "probability", "quality", "reasons", "method")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    HAZARD_FIELD_NUMBER: _ClassVar[int]
    ENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    ISSUED_AT_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    TARGET_TIME_FIELD_NUMBER: _ClassVar[int]
    SIMULATED_FIELD_NUMBER: _ClassVar[int]
    TIMEZONE_FIELD_NUMBER: _ClassVar[int]
    PROBABILITY_FIELD_NUMBER: _ClassVar[int]
    QUALITY_FIELD_NUMBER: _ClassVar[int]
    REASONS_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    model: str
    version: str
    hazard: str
    entity_id: str
    level: str
    issued_at: _timestamp_pb2.Timestamp
    as_of: _timestamp_pb2.Timestamp
    target_time: _timestamp_pb2.Timestamp
    simulated: bool
    timezone: str
    probability: float
    quality: str
    reasons: _containers.RepeatedCompositeFieldContainer[Reason]
    method: Words
    def __init__(self, model: _Optional[str] = ..., version: _Optional[str] = ..., hazard: _Optional[str] = ..., entity_id: _Optional[str] = ..., level: _Optional[str] = ..., issued_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., target_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., simulated: _Optional[bool] = ..., timezone: _Optional[str] = ..., probability: _Optional[float] = ..., quality: _Optional[str] = ..., reasons: _Optional[_Iterable[_Union[Reason, _Mapping]]] = ..., method: _Optional[_Union[Words, _Mapping]] = ...) -> None: ...

class Count(_message.Message):
    __slots__ = ("time", "entity_id", "value", "available_at")
    TIME_FIELD_NUMBER: _ClassVar[int]
    ENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_AT_FIELD_NUMBER: _ClassVar[int]
    time: _timestamp_pb2.Timestamp
    entity_id: str
    value: float
    available_at: _timestamp_pb2.Timestamp
    def __init__(self, time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., entity_id: _Optional[str] = ..., value: _Optional[float] = ..., available_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class NewLot(_message.Message):
    __slots__ = ("entity_id", "capacity", "city", "lat", "lon")
    ENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    CAPACITY_FIELD_NUMBER: _ClassVar[int]
    CITY_FIELD_NUMBER: _ClassVar[int]
    LAT_FIELD_NUMBER: _ClassVar[int]
    LON_FIELD_NUMBER: _ClassVar[int]
    entity_id: str
    capacity: float
    city: str
    lat: float
    lon: float
    def __init__(self, entity_id: _Optional[str] = ..., capacity: _Optional[float] = ..., city: _Optional[str] = ..., lat: _Optional[float] = ..., lon: _Optional[float] = ...) -> None: ...

class ParkingRequest(_message.Message):
    __slots__ = ("model", "version", "entity_ids", "counts", "issued_at", "horizon_steps", "new_lots", "covariates")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ENTITY_IDS_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    ISSUED_AT_FIELD_NUMBER: _ClassVar[int]
    HORIZON_STEPS_FIELD_NUMBER: _ClassVar[int]
    NEW_LOTS_FIELD_NUMBER: _ClassVar[int]
    COVARIATES_FIELD_NUMBER: _ClassVar[int]
    model: str
    version: str
    entity_ids: _containers.RepeatedScalarFieldContainer[str]
    counts: _containers.RepeatedCompositeFieldContainer[Count]
    issued_at: _timestamp_pb2.Timestamp
    horizon_steps: int
    new_lots: _containers.RepeatedCompositeFieldContainer[NewLot]
    covariates: _containers.RepeatedCompositeFieldContainer[Covariate]
    def __init__(self, model: _Optional[str] = ..., version: _Optional[str] = ..., entity_ids: _Optional[_Iterable[str]] = ..., counts: _Optional[_Iterable[_Union[Count, _Mapping]]] = ..., issued_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., horizon_steps: _Optional[int] = ..., new_lots: _Optional[_Iterable[_Union[NewLot, _Mapping]]] = ..., covariates: _Optional[_Iterable[_Union[Covariate, _Mapping]]] = ...) -> None: ...

class ParkingLot(_message.Message):
    __slots__ = ("entity_id", "name", "city", "kind", "lat", "lon", "capacity", "free", "quality")
    ENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    CITY_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    LAT_FIELD_NUMBER: _ClassVar[int]
    LON_FIELD_NUMBER: _ClassVar[int]
    CAPACITY_FIELD_NUMBER: _ClassVar[int]
    FREE_FIELD_NUMBER: _ClassVar[int]
    QUALITY_FIELD_NUMBER: _ClassVar[int]
    entity_id: str
    name: str
    city: str
    kind: str
    lat: float
    lon: float
    capacity: float
    free: float
    quality: str
    def __init__(self, entity_id: _Optional[str] = ..., name: _Optional[str] = ..., city: _Optional[str] = ..., kind: _Optional[str] = ..., lat: _Optional[float] = ..., lon: _Optional[float] = ..., capacity: _Optional[float] = ..., free: _Optional[float] = ..., quality: _Optional[str] = ...) -> None: ...

class ParkingPrediction(_message.Message):
    __slots__ = ("entity_id", "target_time", "step", "q10", "q50", "q90", "values", "full", "quality")
    ENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    TARGET_TIME_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    Q10_FIELD_NUMBER: _ClassVar[int]
    Q50_FIELD_NUMBER: _ClassVar[int]
    Q90_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    FULL_FIELD_NUMBER: _ClassVar[int]
    QUALITY_FIELD_NUMBER: _ClassVar[int]
    entity_id: str
    target_time: _timestamp_pb2.Timestamp
    step: int
    q10: float
    q50: float
    q90: float
    values: _containers.RepeatedScalarFieldContainer[float]
    full: float
    quality: str
    def __init__(self, entity_id: _Optional[str] = ..., target_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., step: _Optional[int] = ..., q10: _Optional[float] = ..., q50: _Optional[float] = ..., q90: _Optional[float] = ..., values: _Optional[_Iterable[float]] = ..., full: _Optional[float] = ..., quality: _Optional[str] = ...) -> None: ...

class ParkingReply(_message.Message):
    __slots__ = ("model", "version", "quantity", "unit", "issued_at", "as_of", "step_min", "simulated", "timezone", "levels", "full_share", "measure", "lots", "predictions")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    ISSUED_AT_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    STEP_MIN_FIELD_NUMBER: _ClassVar[int]
    SIMULATED_FIELD_NUMBER: _ClassVar[int]
    TIMEZONE_FIELD_NUMBER: _ClassVar[int]
    LEVELS_FIELD_NUMBER: _ClassVar[int]
    FULL_SHARE_FIELD_NUMBER: _ClassVar[int]
    MEASURE_FIELD_NUMBER: _ClassVar[int]
    LOTS_FIELD_NUMBER: _ClassVar[int]
    PREDICTIONS_FIELD_NUMBER: _ClassVar[int]
    model: str
    version: str
    quantity: str
    unit: str
    issued_at: _timestamp_pb2.Timestamp
    as_of: _timestamp_pb2.Timestamp
    step_min: int
    simulated: bool
    timezone: str
    levels: _containers.RepeatedScalarFieldContainer[float]
    full_share: float
    measure: str
    lots: _containers.RepeatedCompositeFieldContainer[ParkingLot]
    predictions: _containers.RepeatedCompositeFieldContainer[ParkingPrediction]
    def __init__(self, model: _Optional[str] = ..., version: _Optional[str] = ..., quantity: _Optional[str] = ..., unit: _Optional[str] = ..., issued_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., step_min: _Optional[int] = ..., simulated: _Optional[bool] = ..., timezone: _Optional[str] = ..., levels: _Optional[_Iterable[float]] = ..., full_share: _Optional[float] = ..., measure: _Optional[str] = ..., lots: _Optional[_Iterable[_Union[ParkingLot, _Mapping]]] = ..., predictions: _Optional[_Iterable[_Union[ParkingPrediction, _Mapping]]] = ...) -> None: ...

class RecommendRequest(_message.Message):
    __slots__ = ("model", "version", "lat", "lon", "arrival", "walk_m", "height_m", "ev", "disabled", "most", "counts", "issued_at", "new_lots", "covariates")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    LAT_FIELD_NUMBER: _ClassVar[int]
    LON_FIELD_NUMBER: _ClassVar[int]
    ARRIVAL_FIELD_NUMBER: _ClassVar[int]
    WALK_M_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_M_FIELD_NUMBER: _ClassVar[int]
    EV_FIELD_NUMBER: _ClassVar[int]
    DISABLED_FIELD_NUMBER: _ClassVar[int]
    MOST_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    ISSUED_AT_FIELD_NUMBER: _ClassVar[int]
    NEW_LOTS_FIELD_NUMBER: _ClassVar[int]
    COVARIATES_FIELD_NUMBER: _ClassVar[int]
    model: str
    version: str
    lat: float
    lon: float
    arrival: _timestamp_pb2.Timestamp
    walk_m: float
    height_m: float
    ev: bool
    disabled: bool
    most: int
    counts: _containers.RepeatedCompositeFieldContainer[Count]
    issued_at: _timestamp_pb2.Timestamp
    new_lots: _containers.RepeatedCompositeFieldContainer[NewLot]
    covariates: _containers.RepeatedCompositeFieldContainer[Covariate]
    def __init__(self, model: _Optional[str] = ..., version: _Optional[str] = ..., lat: _Optional[float] = ..., lon: _Optional[float] = ..., arrival: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., walk_m: _Optional[float] = ..., height_m: _Optional[float] = ..., ev: _Optional[bool] = ..., disabled: _Optional[bool] = ..., most: _Optional[int] = ..., counts: _Optional[_Iterable[_Union[Count, _Mapping]]] = ..., issued_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., new_lots: _Optional[_Iterable[_Union[NewLot, _Mapping]]] = ..., covariates: _Optional[_Iterable[_Union[Covariate, _Mapping]]] = ...) -> None: ...

class ParkingOption(_message.Message):
    __slots__ = ("lot", "walk_m", "walk_min", "chance", "q10", "q50", "q90", "expected_min", "unknown", "reason")
    LOT_FIELD_NUMBER: _ClassVar[int]
    WALK_M_FIELD_NUMBER: _ClassVar[int]
    WALK_MIN_FIELD_NUMBER: _ClassVar[int]
    CHANCE_FIELD_NUMBER: _ClassVar[int]
    Q10_FIELD_NUMBER: _ClassVar[int]
    Q50_FIELD_NUMBER: _ClassVar[int]
    Q90_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_MIN_FIELD_NUMBER: _ClassVar[int]
    UNKNOWN_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    lot: ParkingLot
    walk_m: float
    walk_min: float
    chance: float
    q10: float
    q50: float
    q90: float
    expected_min: float
    unknown: _containers.RepeatedScalarFieldContainer[str]
    reason: Words
    def __init__(self, lot: _Optional[_Union[ParkingLot, _Mapping]] = ..., walk_m: _Optional[float] = ..., walk_min: _Optional[float] = ..., chance: _Optional[float] = ..., q10: _Optional[float] = ..., q50: _Optional[float] = ..., q90: _Optional[float] = ..., expected_min: _Optional[float] = ..., unknown: _Optional[_Iterable[str]] = ..., reason: _Optional[_Union[Words, _Mapping]] = ...) -> None: ...

class RecommendReply(_message.Message):
    __slots__ = ("model", "version", "unit", "issued_at", "as_of", "arrival", "simulated", "timezone", "search_min", "options", "unfit", "nowhere", "nearest_walk_m", "words")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    ISSUED_AT_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    ARRIVAL_FIELD_NUMBER: _ClassVar[int]
    SIMULATED_FIELD_NUMBER: _ClassVar[int]
    TIMEZONE_FIELD_NUMBER: _ClassVar[int]
    SEARCH_MIN_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    UNFIT_FIELD_NUMBER: _ClassVar[int]
    NOWHERE_FIELD_NUMBER: _ClassVar[int]
    NEAREST_WALK_M_FIELD_NUMBER: _ClassVar[int]
    WORDS_FIELD_NUMBER: _ClassVar[int]
    model: str
    version: str
    unit: str
    issued_at: _timestamp_pb2.Timestamp
    as_of: _timestamp_pb2.Timestamp
    arrival: _timestamp_pb2.Timestamp
    simulated: bool
    timezone: str
    search_min: float
    options: _containers.RepeatedCompositeFieldContainer[ParkingOption]
    unfit: int
    nowhere: int
    nearest_walk_m: float
    words: Words
    def __init__(self, model: _Optional[str] = ..., version: _Optional[str] = ..., unit: _Optional[str] = ..., issued_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., arrival: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., simulated: _Optional[bool] = ..., timezone: _Optional[str] = ..., search_min: _Optional[float] = ..., options: _Optional[_Iterable[_Union[ParkingOption, _Mapping]]] = ..., unfit: _Optional[int] = ..., nowhere: _Optional[int] = ..., nearest_walk_m: _Optional[float] = ..., words: _Optional[_Union[Words, _Mapping]] = ...) -> None: ...

class ShareRequest(_message.Message):
    __slots__ = ("model", "version", "entity_ids", "bays", "most_risk", "counts", "issued_at", "new_lots", "covariates")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ENTITY_IDS_FIELD_NUMBER: _ClassVar[int]
    BAYS_FIELD_NUMBER: _ClassVar[int]
    MOST_RISK_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    ISSUED_AT_FIELD_NUMBER: _ClassVar[int]
    NEW_LOTS_FIELD_NUMBER: _ClassVar[int]
    COVARIATES_FIELD_NUMBER: _ClassVar[int]
    model: str
    version: str
    entity_ids: _containers.RepeatedScalarFieldContainer[str]
    bays: int
    most_risk: float
    counts: _containers.RepeatedCompositeFieldContainer[Count]
    issued_at: _timestamp_pb2.Timestamp
    new_lots: _containers.RepeatedCompositeFieldContainer[NewLot]
    covariates: _containers.RepeatedCompositeFieldContainer[Covariate]
    def __init__(self, model: _Optional[str] = ..., version: _Optional[str] = ..., entity_ids: _Optional[_Iterable[str]] = ..., bays: _Optional[int] = ..., most_risk: _Optional[float] = ..., counts: _Optional[_Iterable[_Union[Count, _Mapping]]] = ..., issued_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., new_lots: _Optional[_Iterable[_Union[NewLot, _Mapping]]] = ..., covariates: _Optional[_Iterable[_Union[Covariate, _Mapping]]] = ...) -> None: ...

class ShareWindow(_message.Message):
    __slots__ = ("start", "end", "risk", "fewest", "words")
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    RISK_FIELD_NUMBER: _ClassVar[int]
    FEWEST_FIELD_NUMBER: _ClassVar[int]
    WORDS_FIELD_NUMBER: _ClassVar[int]
    start: _timestamp_pb2.Timestamp
    end: _timestamp_pb2.Timestamp
    risk: float
    fewest: float
    words: Words
    def __init__(self, start: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., risk: _Optional[float] = ..., fewest: _Optional[float] = ..., words: _Optional[_Union[Words, _Mapping]] = ...) -> None: ...

class LotShare(_message.Message):
    __slots__ = ("lot", "windows", "words")
    LOT_FIELD_NUMBER: _ClassVar[int]
    WINDOWS_FIELD_NUMBER: _ClassVar[int]
    WORDS_FIELD_NUMBER: _ClassVar[int]
    lot: ParkingLot
    windows: _containers.RepeatedCompositeFieldContainer[ShareWindow]
    words: Words
    def __init__(self, lot: _Optional[_Union[ParkingLot, _Mapping]] = ..., windows: _Optional[_Iterable[_Union[ShareWindow, _Mapping]]] = ..., words: _Optional[_Union[Words, _Mapping]] = ...) -> None: ...

class ShareReply(_message.Message):
    __slots__ = ("model", "version", "issued_at", "as_of", "until", "simulated", "timezone", "bays", "most_risk", "lots")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ISSUED_AT_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    SIMULATED_FIELD_NUMBER: _ClassVar[int]
    TIMEZONE_FIELD_NUMBER: _ClassVar[int]
    BAYS_FIELD_NUMBER: _ClassVar[int]
    MOST_RISK_FIELD_NUMBER: _ClassVar[int]
    LOTS_FIELD_NUMBER: _ClassVar[int]
    model: str
    version: str
    issued_at: _timestamp_pb2.Timestamp
    as_of: _timestamp_pb2.Timestamp
    until: _timestamp_pb2.Timestamp
    simulated: bool
    timezone: str
    bays: int
    most_risk: float
    lots: _containers.RepeatedCompositeFieldContainer[LotShare]
    def __init__(self, model: _Optional[str] = ..., version: _Optional[str] = ..., issued_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., simulated: _Optional[bool] = ..., timezone: _Optional[str] = ..., bays: _Optional[int] = ..., most_risk: _Optional[float] = ..., lots: _Optional[_Iterable[_Union[LotShare, _Mapping]]] = ...) -> None: ...

class CamerasRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class CamerasReply(_message.Message):
    __slots__ = ("cameras",)
    CAMERAS_FIELD_NUMBER: _ClassVar[int]
    cameras: _containers.RepeatedCompositeFieldContainer[Camera]
    def __init__(self, cameras: _Optional[_Iterable[_Union[Camera, _Mapping]]] = ...) -> None: ...

class Camera(_message.Message):
    __slots__ = ("name", "simulated", "faults", "seen_at", "pictures", "ended")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SIMULATED_FIELD_NUMBER: _ClassVar[int]
    FAULTS_FIELD_NUMBER: _ClassVar[int]
    SEEN_AT_FIELD_NUMBER: _ClassVar[int]
    PICTURES_FIELD_NUMBER: _ClassVar[int]
    ENDED_FIELD_NUMBER: _ClassVar[int]
    name: str
    simulated: bool
    faults: _containers.RepeatedCompositeFieldContainer[CameraFault]
    seen_at: _timestamp_pb2.Timestamp
    pictures: int
    ended: str
    def __init__(self, name: _Optional[str] = ..., simulated: _Optional[bool] = ..., faults: _Optional[_Iterable[_Union[CameraFault, _Mapping]]] = ..., seen_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., pictures: _Optional[int] = ..., ended: _Optional[str] = ...) -> None: ...

class CameraFault(_message.Message):
    __slots__ = ("kind", "words", "onset_s", "detail")
    KIND_FIELD_NUMBER: _ClassVar[int]
    WORDS_FIELD_NUMBER: _ClassVar[int]
    ONSET_S_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    kind: str
    words: Words
    onset_s: float
    detail: str
    def __init__(self, kind: _Optional[str] = ..., words: _Optional[_Union[Words, _Mapping]] = ..., onset_s: _Optional[float] = ..., detail: _Optional[str] = ...) -> None: ...

class IncidentsRequest(_message.Message):
    __slots__ = ("camera", "only_lasting")
    CAMERA_FIELD_NUMBER: _ClassVar[int]
    ONLY_LASTING_FIELD_NUMBER: _ClassVar[int]
    camera: str
    only_lasting: bool
    def __init__(self, camera: _Optional[str] = ..., only_lasting: _Optional[bool] = ...) -> None: ...

class IncidentsReply(_message.Message):
    __slots__ = ("incidents", "cursor")
    INCIDENTS_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    incidents: _containers.RepeatedCompositeFieldContainer[CameraIncident]
    cursor: str
    def __init__(self, incidents: _Optional[_Iterable[_Union[CameraIncident, _Mapping]]] = ..., cursor: _Optional[str] = ...) -> None: ...

class WatchIncidentsRequest(_message.Message):
    __slots__ = ("cursor", "camera")
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    CAMERA_FIELD_NUMBER: _ClassVar[int]
    cursor: str
    camera: str
    def __init__(self, cursor: _Optional[str] = ..., camera: _Optional[str] = ...) -> None: ...

class IncidentStep(_message.Message):
    __slots__ = ("cursor", "incident")
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    INCIDENT_FIELD_NUMBER: _ClassVar[int]
    cursor: str
    incident: CameraIncident
    def __init__(self, cursor: _Optional[str] = ..., incident: _Optional[_Union[CameraIncident, _Mapping]] = ...) -> None: ...

class PixelBox(_message.Message):
    __slots__ = ("left", "top", "right", "bottom")
    LEFT_FIELD_NUMBER: _ClassVar[int]
    TOP_FIELD_NUMBER: _ClassVar[int]
    RIGHT_FIELD_NUMBER: _ClassVar[int]
    BOTTOM_FIELD_NUMBER: _ClassVar[int]
    left: float
    top: float
    right: float
    bottom: float
    def __init__(self, left: _Optional[float] = ..., top: _Optional[float] = ..., right: _Optional[float] = ..., bottom: _Optional[float] = ...) -> None: ...

class CameraIncident(_message.Message):
    __slots__ = ("camera", "number", "kind", "words", "change", "changed_at", "onset", "raised_at", "cleared_at", "probability", "severity", "box", "zone", "learned", "track_id", "length_m", "speed_km_h", "why", "detector", "detector_sha256", "rules", "rules_sha256", "zones_sha256", "snapshot_sha256", "simulated")
    CAMERA_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    WORDS_FIELD_NUMBER: _ClassVar[int]
    CHANGE_FIELD_NUMBER: _ClassVar[int]
    CHANGED_AT_FIELD_NUMBER: _ClassVar[int]
    ONSET_FIELD_NUMBER: _ClassVar[int]
    RAISED_AT_FIELD_NUMBER: _ClassVar[int]
    CLEARED_AT_FIELD_NUMBER: _ClassVar[int]
    PROBABILITY_FIELD_NUMBER: _ClassVar[int]
    SEVERITY_FIELD_NUMBER: _ClassVar[int]
    BOX_FIELD_NUMBER: _ClassVar[int]
    ZONE_FIELD_NUMBER: _ClassVar[int]
    LEARNED_FIELD_NUMBER: _ClassVar[int]
    TRACK_ID_FIELD_NUMBER: _ClassVar[int]
    LENGTH_M_FIELD_NUMBER: _ClassVar[int]
    SPEED_KM_H_FIELD_NUMBER: _ClassVar[int]
    WHY_FIELD_NUMBER: _ClassVar[int]
    DETECTOR_FIELD_NUMBER: _ClassVar[int]
    DETECTOR_SHA256_FIELD_NUMBER: _ClassVar[int]
    RULES_FIELD_NUMBER: _ClassVar[int]
    RULES_SHA256_FIELD_NUMBER: _ClassVar[int]
    ZONES_SHA256_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_SHA256_FIELD_NUMBER: _ClassVar[int]
    SIMULATED_FIELD_NUMBER: _ClassVar[int]
    camera: str
    number: int
    kind: str
    words: Words
    change: str
    changed_at: _timestamp_pb2.Timestamp
    onset: _timestamp_pb2.Timestamp
    raised_at: _timestamp_pb2.Timestamp
    cleared_at: _timestamp_pb2.Timestamp
    probability: float
    severity: str
    box: PixelBox
    zone: str
    learned: bool
    track_id: int
    length_m: float
    speed_km_h: float
    why: Words
    detector: str
    detector_sha256: str
    rules: str
    rules_sha256: str
    zones_sha256: str
    snapshot_sha256: str
    simulated: bool
    def __init__(self, camera: _Optional[str] = ..., number: _Optional[int] = ..., kind: _Optional[str] = ..., words: _Optional[_Union[Words, _Mapping]] = ..., change: _Optional[str] = ..., changed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., onset: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., raised_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., cleared_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., probability: _Optional[float] = ..., severity: _Optional[str] = ..., box: _Optional[_Union[PixelBox, _Mapping]] = ..., zone: _Optional[str] = ..., learned: _Optional[bool] = ..., track_id: _Optional[int] = ..., length_m: _Optional[float] = ..., speed_km_h: _Optional[float] = ..., why: _Optional[_Union[Words, _Mapping]] = ..., detector: _Optional[str] = ..., detector_sha256: _Optional[str] = ..., rules: _Optional[str] = ..., rules_sha256: _Optional[str] = ..., zones_sha256: _Optional[str] = ..., snapshot_sha256: _Optional[str] = ..., simulated: _Optional[bool] = ...) -> None: ...

class LaneMeasurementsRequest(_message.Message):
    __slots__ = ("camera", "since")
    CAMERA_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    camera: str
    since: _timestamp_pb2.Timestamp
    def __init__(self, camera: _Optional[str] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class LaneMeasurement(_message.Message):
    __slots__ = ("time", "entity_id", "volume", "speed_km_h", "simulated")
    TIME_FIELD_NUMBER: _ClassVar[int]
    ENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    VOLUME_FIELD_NUMBER: _ClassVar[int]
    SPEED_KM_H_FIELD_NUMBER: _ClassVar[int]
    SIMULATED_FIELD_NUMBER: _ClassVar[int]
    time: _timestamp_pb2.Timestamp
    entity_id: str
    volume: float
    speed_km_h: float
    simulated: bool
    def __init__(self, time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., entity_id: _Optional[str] = ..., volume: _Optional[float] = ..., speed_km_h: _Optional[float] = ..., simulated: _Optional[bool] = ...) -> None: ...

class LaneMeasurementsReply(_message.Message):
    __slots__ = ("measurements",)
    MEASUREMENTS_FIELD_NUMBER: _ClassVar[int]
    measurements: _containers.RepeatedCompositeFieldContainer[LaneMeasurement]
    def __init__(self, measurements: _Optional[_Iterable[_Union[LaneMeasurement, _Mapping]]] = ...) -> None: ...
