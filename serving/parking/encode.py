"""What a parking model says becomes the labelled reply to ``Latest``, and its lots as every reply names them."""

from collections.abc import Sequence
from itertools import islice
from math import isnan

from features.manifest import Manifest
from features.parking.build import target_times
from features.quantiles import column
from serving.alerts.words import Words
from serving.parking.answers import Answer
from serving.parking.moment import Moment
from serving.proto import haechi_v1_pb2 as v1


def encode(manifest: Manifest, moment: Moment, answer: Answer, steps: int) -> v1.ParkingReply:
    """The reply to ``Latest``.

    Args:
        manifest: of the model.
        moment: that was asked about.
        answer: of the lots that were asked for.
        steps: how many of them.
    """
    config = moment.config
    reply = v1.ParkingReply(
        model=manifest.name,
        version=str(manifest.version),
        quantity=manifest.quantity,
        unit=manifest.unit,
        issued_at=moment.issued_at,
        as_of=moment.as_of,
        step_min=config.step_min,
        simulated=manifest.simulated,
        timezone=manifest.timezone,
        levels=config.quantiles,
        full_share=config.full_share,
        measure=config.measure,
        lots=lots(moment, answer.columns, answer.quality),
    )
    # Copied for every lot: a time is five times dearer to convert than to copy.
    times = islice(target_times(moment.issued_at, config), steps)
    cells = [v1.ParkingPrediction(target_time=time, step=step) for step, time in enumerate(times, start=1)]
    fields = v1.ParkingPrediction.DESCRIPTOR.fields_by_name
    named = {column(level): at for at, level in enumerate(config.quantiles) if column(level) in fields}
    known, free, full = (array.tolist() for array in (answer.is_known, answer.free, answer.full))
    for row, lot in enumerate(reply.lots):
        for at, cell in enumerate(cells):
            prediction = reply.predictions.add()
            prediction.CopyFrom(cell)
            prediction.entity_id, prediction.quality = lot.entity_id, lot.quality
            if known[row][at]:
                prediction.values.extend(free[row][at])
                prediction.full = full[row][at]
                for name, quantile in named.items():
                    setattr(prediction, name, free[row][at][quantile])
    return reply


def lots(moment: Moment, columns: Sequence[int], quality: Sequence[str]) -> list[v1.ParkingLot]:
    """Some lots of a moment, ``quality`` in the order of ``columns``."""
    known, free = moment.lots, moment.free()
    return [
        v1.ParkingLot(
            entity_id=known.ids[lot],
            name=known.name[lot],
            city=known.city[lot],
            kind=known.kind[lot],
            lat=_maybe(known.lat[lot]),
            lon=_maybe(known.lon[lot]),
            capacity=_maybe(known.capacity[lot]),
            free=_maybe(free[lot]),
            quality=said,
        )
        for lot, said in zip(columns, quality, strict=True)
    ]


def words(said: Words) -> v1.Words:
    """A text in both languages."""
    return v1.Words(ko=said.ko, en=said.en)


def _maybe(number: float) -> float | None:
    return None if isnan(number) else float(number)
