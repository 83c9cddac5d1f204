"""The hourly means of Seoul's air over the whole city (cleanair.seoul.go.kr).

A time names an hour by its end, as hours are counted there from 01 to 24, and is turned into its start. The entity is
``seoul``. Two or more zeros in a row are instruments that are off, so they are missing.
"""

from features.tables import air
from features.tables.columns import ReadOptions
from features.tables.layout import Layout
from features.tables.published import Block, read_entity
from features.tables.source import Table

LAYOUT = Layout(shape="air-city", time=air.TIME, columns=air.COLUMNS, entity=air.STATION, place="seoul", single=True)


def read_blocks(table: Table, options: ReadOptions) -> list[Block]:
    """One file.

    Args:
        table: the file.
        options: ``columns.timezone`` of times that carry none, in place of Seoul's.

    Raises:
        BadInput: several stations, or what cannot be understood; names file, row or column, cause and mend.
    """
    times, cells = air.read_hours(table, LAYOUT, options, named_by_end=True)
    return [air.block(times, read_entity(table, LAYOUT), cells)]
