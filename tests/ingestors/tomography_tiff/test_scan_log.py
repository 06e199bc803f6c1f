"""Logs of tomographies are known by what stands in them, and never stumble over what else may."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.config import Config, use_config
from penstock.core.errors import PenstockError
from penstock.ingestors.tomography_tiff.row_logs import read_angles, read_aps_1id, read_imat
from penstock.ingestors.tomography_tiff.scan_log import read_scan_log
from penstock.ingestors.tomography_tiff.setting_logs import read_als_832, read_tomcat
from penstock.sample_files.origins import tomography

READERS = (read_als_832, read_tomcat, read_aps_1id, read_imat, read_angles)
WORDS = st.sampled_from(
    [
        "-nangles",
        "-arange",
        "Number of projections :",
        "Number of darks :",
        "Number of flats :",
        "Number of inter-flats :",
        "Flat frequency :",
        "Angular step [deg] :",
        "Beginning of tomography",
        "New omega position: 1",
        "num    nSeq    Date",
        "TIME STAMP  IMAGE TYPE   IMAGE COUNTER",
        "TIME STAMP,IMAGE TYPE,IMAGE COUNTER,PROJECTION ANGLE DEG",
        "Tue Nov 15 19:58:17 2022,Projection,0,0.0",
        "Sun Feb 10 00:22:04 2019   Projection:  0  angle: 0.5e",
        "1",
        "-3",
        "1e400",
        "nan",
        "99999999999999999999",
        "\n",
        "\n\n",
        "    ",
        "é",
    ]
)


@pytest.mark.parametrize(
    ("write", "name", "kind"),
    [
        (tomography.write_als_832, "tooth.sct", "ALS 8.3.2"),
        (tomography.write_tomcat, "R108C60c_s1.log", "TOMCAT"),
        (tomography.write_aps_1id, "Ti7_TomoStillScan.dat", "APS 1-ID"),
        (tomography.write_imat, "Tomo_log.txt", "IMAT"),
    ],
)
def test_a_log_is_known_by_its_content(tmp_path: Path, write, name: str, kind: str) -> None:
    write(tmp_path)
    other = (tmp_path / name).rename(tmp_path / "renamed")
    assert kind in read_scan_log(str(other)).kind


def test_the_table_that_imat_writes_since_2022(tmp_path: Path) -> None:
    with use_config(Config(timezone="UTC")):
        log = read_imat(
            "TIME STAMP,IMAGE TYPE,IMAGE COUNTER,PROJECTION ANGLE DEG,COUNTS BEFORE,COUNTS AFTER\n"
            "Tue Nov 15 19:58:17 2022,Projection,0,0.0,12588,145908\n"
            "Tue Nov 15 19:58:50 2022,Projection,1,0.3152,145910,279015\n"
        )
    assert log is not None
    role = log.roles["primary"]
    assert role.columns["theta"] == [0.0, 0.3152]
    assert role.columns["monitor_after"] == [145908, 279015]
    assert role.times == [1668542297.0, 1668542330.0]


def test_flats_between_projections_are_counted_off() -> None:
    log = read_tomcat(
        "Number of projections : 5\nNumber of darks : 1\nNumber of flats : 1\n"
        "Number of inter-flats : 1\nFlat frequency : 2\n"
    )
    assert log is not None
    # dark 1, flat 2, two projections, flat, two projections, flat, one projection, flat
    assert log.roles["primary"].numbers == (3, 4, 6, 7, 9)
    assert log.roles["flat"].numbers == (2, 5, 8, 10)


@given(st.lists(WORDS | st.text(max_size=5), max_size=40).map(" ".join))
def test_no_text_makes_a_reader_stumble(text: str) -> None:
    for read in READERS:
        log = read(text)
        if log is None:
            continue
        for role in log.roles.values():
            assert all(len(values) == role.count for values in role.columns.values())
            assert role.numbers is None or len(role.numbers) == role.count


@pytest.mark.parametrize("content", [b"\x89HDF\r\n\x1a\n\0", b"nothing of the kind"])
def test_what_is_no_log_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.log"
    path.write_bytes(content)
    with pytest.raises(PenstockError) as refused:
        read_scan_log(str(path))
    assert refused.value.where == str(path)
