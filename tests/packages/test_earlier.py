"""What was published for the field's earlier tools works as it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import pytest


@pytest.fixture
def site(install: Callable[..., Any]) -> Any:
    return install("earlier")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


def test_they_are_listed_by_mimetype_and_distribution_and_not_imported(site: Any) -> None:
    code, told = site.ask("plugins")
    assert (code, told["problems"]) == (0, [])
    (info,) = (info for info in told["plugins"] if info["distribution"] == "xicam-lab")
    assert (info["name"], info["state"]) == ("databroker.ingestors:xicam-lab", "found")
    assert info["ingestors"] == [
        "text/csv:xicam-lab",
        "application/x-hdf5:xicam-lab",
        "application/x-lab:xicam-lab",
        "image/png:xicam-lab",
    ]
    records = {record["name"]: record for record in told["ingestors"]}
    assert records["application/x-hdf5:xicam-lab"]["tier"] == "EXTENSION"
    assert records["text/csv:xicam-lab"]["tier"] == "FALLBACK"
    assert records["text/csv:xicam-lab"]["version"] == "0.9"
    code = "from penstock.core.registry import get_registry; get_registry(); import sys; "
    assert site.run("-c", code + "assert 'xicam_lab' not in sys.modules").returncode == 0


def test_they_can_be_left_out_like_others(site: Any) -> None:
    _, told = site.ask("plugins", PENSTOCK_PLUGINS="tiff")
    states = {info["name"]: info["state"] for info in told["plugins"]}
    assert states["databroker.ingestors:xicam-lab"] == "left out"
    _, told = site.ask("plugins", PENSTOCK_PLUGINS="databroker.ingestors:xicam-lab")
    assert len(told["ingestors"]) == 4
    assert told["problems"] == []


def test_a_function_that_takes_a_list_gets_one_file_at_a_time_and_its_handler_reads(
    site: Any, data: Path
) -> None:
    for number in range(3):
        (data / f"scan_{number}.csv").write_text(f"1,2,{number}\n4,5,6\n")
    code = f"""
import json
from penstock import BlueskyInMemoryCatalog
catalog = BlueskyInMemoryCatalog()
reports = [catalog.ingest([{str(data)!r}]) for _ in range(2)]
assert sorted(reports[0].uids) == sorted(reports[1].uids) and len(catalog) == 3
(run,) = catalog.search({{"sample_name": "scan_2"}}).values()
rows = run.primary.read()["row"].values.tolist()
print(json.dumps([rows, run.metadata["stop"]["exit_status"]]))
"""
    done = site.run("-c", code)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [[[1, 2, 2], [4, 5, 6]], "success"]


def test_one_that_is_applicable_stands_below_the_one_of_today(site: Any, data: Path) -> None:
    with h5py.File(data / "a.h5", "w") as file:
        file["lab"] = [1.0, 2.0]
        file["images"] = [[[1, 2], [3, 4]]]
    with h5py.File(data / "b.h5", "w") as file:
        file["images"] = [[[1, 2], [3, 4]]]
    _, told = site.ask("match", str(data))
    takers = {
        decision["group"]["names"][0]: [
            decision["chosen"]["ingestor"],
            *(offer["ingestor"] for offer in decision["alternatives"]),
        ]
        for decision in told["decisions"]
    }
    assert takers == {"a.h5": ["hdf5", "application/x-hdf5:xicam-lab"], "b.h5": ["hdf5"]}
    code, report = site.ask("ingest", str(data / "a.h5"), "--use", "application/x-hdf5:xicam-lab")
    assert code == 0
    assert report["items"][0]["details"]["streams"]["primary"]["events"] == 2


def test_a_mimetype_that_no_suffix_tells_is_sniffed_and_a_lasting_uid_is_kept(
    site: Any, data: Path
) -> None:
    (data / "scan.xyz").write_bytes(b"LAB1\0\0")
    (data / "other.xyz").write_bytes(b"\0\0\0\0")
    code, report = site.ask("ingest", str(data))
    assert code == 0
    items = {Path(item["subject"]).name: item for item in report["items"]}
    assert items["scan.xyz"]["uid"] == "lab-scan.xyz"
    assert items["other.xyz"]["outcome"] == "refused"


def test_one_that_cannot_be_imported_is_told_when_it_is_needed(site: Any, data: Path) -> None:
    (data / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    code, report = site.ask("ingest", str(data))
    assert code == 1
    (item,) = report["items"]
    assert "xicam_lab.no_such_module:ingest cannot be imported" in item["why"]


def test_a_file_alone_is_what_a_function_of_one_path_takes(site: Any) -> None:
    code = """
from penstock.core.registry import get_registry
function = get_registry().function_of("application/x-hdf5:xicam-lab")
list(function(["a.h5", "b.h5"]))
"""
    assert "takes one file, not 2. Ingest them one by one." in site.run("-c", code).stderr


def test_a_check_imports_them_and_their_handlers(site: Any) -> None:
    code, told = site.ask("plugins", "--check")
    assert code == 1
    (problem,) = told["problems"]
    assert problem["plugin"] == "databroker.ingestors:xicam-lab"
    assert "xicam_lab.no_such_module:ingest cannot be imported" in problem["what"]
    assert [handler["name"] for handler in told["handlers"]] == ["XICAM_LAB_CSV"]


def test_its_function_can_be_pickled_and_found_again(site: Any) -> None:
    code = """
import pickle
from penstock.core.registry import get_registry
registry = get_registry()
function = registry.function_of("text/csv:xicam-lab")
assert pickle.loads(pickle.dumps(function)) is function
assert registry.name_of(function) == "text/csv:xicam-lab"
assert registry.path_parameter("text/csv:xicam-lab") == "paths"
"""
    done = site.run("-c", code)
    assert done.returncode == 0, done.stderr


def test_one_that_fits_as_well_as_one_of_today_gives_way(site: Any, data: Path) -> None:
    (data / "x.csv").write_text("name,I0\na,1\nb,2\nc,3\n")
    code, told = site.ask("match", str(data))
    assert code == 0
    (decision,) = told["decisions"]
    assert decision["chosen"]["ingestor"] == "text-log"
    assert decision["reason"] == "text/csv:xicam-lab gives way to others"
