"""Probes in worker processes: those that fit a file are asked about it in one question."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import h5py
import pytest

from penstock import hookimpl, match
from penstock.core.matching import Plan
from penstock.core.registry import Ingestor
from penstock.core.registry.registry import Registry, use_registry

LAB = """
import os

def tell(paths, name):
    from penstock.core.places.observation import active_observation
    seen = active_observation().part(dict)
    seen["asked"] = seen.get("asked", 0) + 1
    with open(os.path.join(os.path.dirname(paths[0]), "asked.txt"), "a") as file:
        file.write(f"{name} {seen['asked']}\\n")

def mine(paths):
    tell(paths, "mine")
    return None

def other(paths):
    tell(paths, "other")
    from penstock.core.registry.records import RunsFound
    return RunsFound(detail="confirmed")

def wrong(paths):
    tell(paths, "wrong")
    raise KeyError("odd")

def crashing(paths):
    tell(paths, "crashing")
    os.abort()

def crashing_too(paths):
    crashing(paths)

def crashing_as_well(paths):
    crashing(paths)

def late(paths):
    tell(paths, "late")
"""


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the probes of the lab write that they were asked."""
    path = tmp_path / "asked.txt"
    folder = tmp_path / "lab"
    for name in ("lab_together", "lab_of_others"):
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").touch()
        (folder / name / "probes.py").write_text(LAB)
    monkeypatch.syspath_prepend(str(folder))
    return path


class Lab:
    """A plug-in with as many ingestors as there are names of probes."""

    def __init__(self, names: Sequence[tuple[str, str]]) -> None:
        self.names = names

    @hookimpl
    def penstock_ingestors(self) -> list[Ingestor]:
        values = {"ingest": "json:loads", "formats": ("hdf5",), "isolate": True}
        return [
            Ingestor(
                f"{name}-{number}",
                title="",
                takes="file",
                probe=f"{package}.probes:{name}",
                tier="STRUCTURE",
                **values,
            )
            for number, (package, name) in enumerate(self.names)
        ]


def matched(tmp_path: Path, *names: str, others: Sequence[str] = ()) -> Plan:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = [1, 2]
    probes = [("lab_together", name) for name in names]
    probes += [("lab_of_others", name) for name in others]
    with use_registry(Registry.from_plugins([Lab(probes)])):
        return match(tmp_path / "a.h5")


def lines(asked: Path) -> list[list[str]]:
    return [line.split() for line in asked.read_text().splitlines()]


def test_those_of_a_package_are_asked_once_within_one_look(tmp_path: Path, asked: Path) -> None:
    (decision,) = matched(tmp_path, "mine", "other", "wrong").decisions
    assert decision.chosen is not None
    assert decision.chosen.ingestor == "other-1"
    assert {one.ingestor for one in decision.rejected} == {"mine-0", "wrong-2"}
    assert lines(asked) == [["mine", "1"], ["other", "2"], ["wrong", "3"]]


def test_those_of_another_package_find_nothing_of_it_open(tmp_path: Path, asked: Path) -> None:
    matched(tmp_path, "mine", "wrong", others=["other", "mine"])
    assert sorted(lines(asked)) == [["mine", "1"], ["mine", "2"], ["other", "1"], ["wrong", "2"]]


def test_one_that_crashes_takes_no_other_with_it(tmp_path: Path, asked: Path) -> None:
    (decision,) = matched(tmp_path, "crashing", "other").decisions
    assert decision.chosen is not None
    assert decision.chosen.ingestor == "other-1"
    (rejected,) = decision.rejected
    assert rejected.reason.startswith("reading it crashed")


def test_where_one_after_the_other_crashes_the_rest_is_not_asked(
    tmp_path: Path, asked: Path
) -> None:
    (unclaimed,) = matched(
        tmp_path, "crashing", "crashing_too", "crashing_as_well", "late"
    ).unclaimed
    assert all("crashed" in one.reason for one in unclaimed.rejected)
    assert "late" not in {name for name, _ in lines(asked)}
