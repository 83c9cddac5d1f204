from zipfile import ZIP_DEFLATED, ZipFile

import polars as pl
import pytest

from features.errors import BadInput
from features.tables import Columns, ReadOptions, read, read_panel
from features.tables.topis import read_sites
from tests.features.tables.workbook import write_workbook

HEADER = ["일자", "요일", "지점명", "지점번호", "방향", "구분", *(f"{hour}시" for hour in range(24))]


def row(date=20220101, site="A-01", direction="유입", volumes=None):
    return [date, "토", "성산로", site, direction, "가->나", *(volumes or [100 + hour for hour in range(24)])]


def month(tmp_path, *rows, header=HEADER, sheet="2022년 01월"):
    return write_workbook(tmp_path / "survey.xlsx", {"범례": [["범례"]], sheet: [header, *rows]})


def test_hours_of_the_day_become_utc_hour_starts(tmp_path):
    path = month(tmp_path, row(), row(direction="유출", volumes=[None, *range(1, 24)]))
    frame = read([path], "topis", ReadOptions())
    inward = frame.filter(pl.col("entity_id") == "A-01/in")
    assert inward["time"][0].isoformat() == "2021-12-31T15:00:00+00:00"
    assert inward["volume_veh_h"].to_list() == [100 + hour for hour in range(24)]
    outward = frame.filter(pl.col("entity_id") == "A-01/out")
    assert outward["volume_veh_h"].to_list() == [None, *range(1, 24)]


def test_several_months_follow_each_other(tmp_path):
    january = month(tmp_path, row()).rename(tmp_path / "b.xlsx")
    february = month(tmp_path, row(date=20220102), sheet="2022년 2월").rename(tmp_path / "a.xlsx")
    panel, findings, value = read_panel([january, february], "topis", ReadOptions())
    assert (value, len(panel), findings.missing, findings.out_of_order) == ("volume_veh_h", 48, 0, 0)


def test_empty_rows_are_not_measurements(tmp_path):
    path = month(tmp_path, row(), [None] * len(HEADER), row(date=20220102))
    assert read([path], "topis", ReadOptions()).height == 48


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        pytest.param({"date": "새해"}, "row 2, column '일자' is '새해'", id="no date"),
        pytest.param({"date": 20221301}, "row 2, column '일자'", id="a month that no year has"),
        pytest.param({"site": None}, "row 2, column '지점번호' is blank", id="no site"),
        pytest.param({"direction": "양방향"}, "row 2, column '방향' is '양방향'", id="another direction"),
        pytest.param({"volumes": ["점검", *range(23)]}, "row 2, column '0시' is '점검'", id="text for a volume"),
        pytest.param({"volumes": [*range(23), -5]}, "row 2, column '23시' is", id="a negative volume"),
    ],
)
def test_cell_that_cannot_be_understood_is_named(tmp_path, cells, words):
    path = month(tmp_path, row(**cells), row())
    with pytest.raises(BadInput, match=words) as refused:
        read([path], "topis", ReadOptions())
    assert "sheet '2022년 01월'" in refused.value.cause


def test_text_far_down_is_not_taken_for_a_blank(tmp_path):
    rows = [row(site=f"A-{i:04d}") for i in range(1200)]
    path = month(tmp_path, *rows, row(volumes=["점검", *range(23)]))
    with pytest.raises(BadInput, match="row 1202, column '0시' is '점검'"):
        read([path], "topis", ReadOptions())


@pytest.mark.parametrize(
    ("sheets", "words"),
    [
        pytest.param({"Sheet1": [["a"]]}, "no sheet named like", id="another workbook"),
        pytest.param({"2022년 01월": [HEADER[:-1], row()[:-1]]}, "no column '23시'", id="an hour short"),
        pytest.param({"2022년 01월": [HEADER]}, "no rows", id="no rows"),
    ],
)
def test_workbook_of_another_shape_is_refused(tmp_path, sheets, words):
    with pytest.raises(BadInput, match=words):
        read([write_workbook(tmp_path / "other.xlsx", sheets)], "topis", ReadOptions())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"time,entity_id\n", "--shape long or wide", id="a CSV"),
        pytest.param(b"PK\x03\x04rest", "cannot be opened", id="a damaged workbook"),
    ],
)
def test_file_that_is_no_workbook_is_refused(tmp_path, content, words):
    path = tmp_path / "survey.xlsx"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=words):
        read([path], "topis", ReadOptions())


def test_sites_have_one_row_a_direction(tmp_path):
    header = ["지점번호", "지점명칭", "검지기 유형", "위도", "경도", "주소", "도로명 주소", "유입 방향", "유출방향"]
    rows = [["A-01", "성산로", "루프", 37.5, 126.9, "", "", "가->나", "나->가"], ["※ 각주", *[None] * 8]]
    path = write_workbook(tmp_path / "survey.xlsx", {"수집지점 주소 및 좌표": [header, *rows]})
    assert read_sites([path]).rows() == [
        ("A-01/in", "성산로 가->나", 37.5, 126.9),
        ("A-01/out", "성산로 나->가", 37.5, 126.9),
    ]


def test_workbook_without_sites_is_refused(tmp_path):
    with pytest.raises(BadInput, match="no sheet '수집지점 주소 및 좌표'"):
        read_sites([month(tmp_path, row())])


def test_january_of_the_workbook_is_january_of_the_year(real_data):
    def in_order(frame):
        return frame.with_columns(pl.col("entity_id").cast(pl.String)).sort("entity_id", "time")

    traffic = real_data / "traffic"
    workbook = read([traffic / "topis_survey_2022_01.xlsx"], "topis", ReadOptions())
    columns = Columns(entity=("site_id", "direction"), value="volume_veh_h")
    year = read([traffic / "seoul_volume_2022.parquet"], "long", ReadOptions(columns=columns))
    january = year.filter(pl.col("time") < pl.datetime(2022, 1, 31, 15, time_zone="UTC"))
    measured = workbook.drop_nulls("volume_veh_h")
    assert measured.height == 179_335
    assert in_order(measured).equals(in_order(january))


def test_sites_of_the_workbook_are_where_the_city_says(real_data):
    traffic = real_data / "traffic"
    sites = read_sites([traffic / "topis_survey_2022_01.xlsx"])
    known = pl.read_csv(traffic / "seoul_sites.csv").select(
        (pl.col("site_id") + "/" + pl.col("direction")).alias("entity_id"), "lat", "lon"
    )
    joined = sites.join(known, on="entity_id", suffix="_known")
    assert joined.height == sites.height == known.height
    assert (joined["lat"] - joined["lat_known"]).abs().max() < 1e-4
    assert (joined["lon"] - joined["lon_known"]).abs().max() < 1e-4


def test_a_small_workbook_that_unpacks_to_more_than_a_survey_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "bomb.xlsx"
    with ZipFile(path, "w", ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b"0" * 5_000_000)
    monkeypatch.setattr("features.tables.topis._LARGEST_BYTES", 1 << 20)
    with pytest.raises(BadInput, match="unpacks to 4 MiB"):
        read([path], "topis", ReadOptions())
