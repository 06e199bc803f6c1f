"""Whatever a probe answers or does, matching goes on: the ingestor is rejected, and says why."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from penstock.core.config import Config, use_config
from penstock.core.isolation import stop_worker
from penstock.core.matching import match
from penstock.core.registry import Acquisition, Ingestor, Layout, Registry, RunsFound, hookimpl
from penstock.core.registry.registry import use_registry

TIFF = b"II*\0\x08\0\0\0"
ANSWERS: dict[str, Callable[[], Any]] = {
    "True": lambda: True,
    "kwargs must be a tuple": lambda: RunsFound(kwargs=None),  # type: ignore[arg-type]
    "kwargs is empty": lambda: RunsFound(kwargs=()),
    "kwargs must be a tuple, not {'entry'": lambda: RunsFound(kwargs={"entry": "a"}),  # type: ignore[arg-type]
    "kwargs must hold dicts, no text": lambda: RunsFound(kwargs=("entry",)),  # type: ignore[arg-type]
    "names as keys": lambda: RunsFound(kwargs=({1: "a"},)),  # type: ignore[dict-item]
    "plain data": lambda: RunsFound(kwargs=({"scan": np.int64(3)},)),
    "detail": lambda: RunsFound(detail=None),  # type: ignore[arg-type]
    "notes must be a tuple": lambda: RunsFound(notes="a note"),  # type: ignore[arg-type]
    "notes must hold text": lambda: RunsFound(notes=(None,)),  # type: ignore[arg-type]
    "separate": lambda: RunsFound(separate="yes"),  # type: ignore[arg-type]
    "Acquisition records": lambda: RunsFound(acquisitions=({"uid": "x"},)),  # type: ignore[arg-type]
    "2 acquisitions for 1": lambda: RunsFound(acquisitions=(Acquisition(), Acquisition())),
    "uid": lambda: RunsFound(acquisitions=(Acquisition(uid=["x"]),)),  # type: ignore[arg-type]
    "scan_id": lambda: RunsFound(acquisitions=(Acquisition(scan_id="7"),)),  # type: ignore[arg-type]
    "stop": lambda: RunsFound(acquisitions=(Acquisition(start=1, stop="2021"),)),  # type: ignore[arg-type]
    "start": lambda: RunsFound(acquisitions=(Acquisition(start=float("nan")),)),
    "events": lambda: RunsFound(acquisitions=(Acquisition(events=-1),)),
    "end the program": lambda: sys.exit(3),
}


def plugin(records: list[Ingestor]) -> Any:
    class Lab:
        @hookimpl
        def penstock_ingestors(self) -> list[Ingestor]:
            return records

    return Lab()


def write(folder: Path) -> Path:
    (folder / "a.tif").write_bytes(TIFF)
    return folder / "a.tif"


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_that_is_none_costs_the_ingestor_and_no_other(
    using: Callable[..., None], tmp_path: Path, answer: str
) -> None:
    using(
        odd={"formats": ("tiff",), "probe": lambda paths: ANSWERS[answer]()},
        good={"formats": ("tiff",)},
    )
    (decision,) = match(write(tmp_path)).decisions
    assert decision.chosen is not None
    assert decision.chosen.ingestor == "good"
    (rejection,) = decision.rejected
    assert (rejection.ingestor, rejection.is_fault) == ("odd", True)
    told = answer.partition(",")[0]
    assert told in rejection.reason or "gave bool instead of RunsFound" in rejection.reason
    assert rejection.remedy == "Report it to the author of ingestor odd."


@pytest.mark.parametrize(
    "changes",
    [
        {"part": 5},
        {"part": None},
        {"version": 1.0},
        {"patterns": (5,)},
        {"patterns": None},
        {"layouts": ("x",)},
        {"layouts": (Layout(roles=("a",)),)},  # type: ignore[arg-type]
        {"takes": []},
        {"probe": 3},
        {"beats": "good"},
    ],
)
def test_a_malformed_record_stands_in_nobodys_way(tmp_path: Path, changes: dict[str, Any]) -> None:
    values = {"title": "", "ingest": "json:loads", "takes": "file", "formats": ("tiff",)}
    records = [Ingestor("odd", **{**values, **changes})]
    good = Ingestor("good", **values)
    bad = Registry.from_plugins([plugin(records), plugin([good])])
    with use_registry(bad):
        plan = match(write(tmp_path))
    assert [claim.ingestor for claim in plan.claims()] == ["good"]
    assert [problem.what.partition(" is ")[0] for problem in plan.plugin_errors] == [
        "Ingestor 'odd'"
    ]


LAB = """
import sys, time
from penstock.core.registry import Acquisition, RunsFound
def ends(paths): sys.exit(3)
def odd(paths): return RunsFound(acquisitions=({"uid": "x"},))
def raises(paths): return 1 / 0
def hangs(paths): time.sleep(30)
def prints(paths):
    print("hello")
    return RunsFound(detail="in spite of that")
"""


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    (tmp_path / "lab_bad_probes.py").write_text(LAB)
    monkeypatch.syspath_prepend(str(tmp_path))
    entered: list[Any] = []

    def use(probe: str) -> None:
        record = Ingestor(
            "odd",
            title="",
            ingest="json:loads",
            takes="file",
            formats=("tiff",),
            probe=f"lab_bad_probes:{probe}",
            isolate=True,
        )

        class Lab:
            @hookimpl
            def penstock_ingestors(self) -> list[Ingestor]:
                return [record]

        context = use_registry(Registry.from_plugins([Lab()]))
        context.__enter__()
        entered.append(context)

    yield use
    for context in entered:
        context.__exit__(None, None, None)
    stop_worker()


@pytest.mark.parametrize(
    ("probe", "reason"),
    [
        ("ends", "its probe tried to end the program (SystemExit: 3)"),
        ("odd", "acquisitions must hold Acquisition records"),
        ("raises", "ZeroDivisionError: division by zero"),
    ],
)
def test_the_same_is_told_of_a_probe_in_a_worker(
    lab: Callable[[str], None], tmp_path: Path, probe: str, reason: str
) -> None:
    lab(probe)
    (unclaimed,) = match(write(tmp_path)).unclaimed
    assert reason in unclaimed.reason
    assert unclaimed.is_fault
    assert unclaimed.remedy == "Report it to the author of ingestor odd."


def test_the_configuration_says_how_long_a_probe_in_a_worker_may_take(
    lab: Callable[[str], None], tmp_path: Path
) -> None:
    lab("hangs")
    with use_config(Config(probe_seconds=0.2)):
        (unclaimed,) = match(write(tmp_path)).unclaimed
    assert "took longer than 0.2 s" in unclaimed.reason


def test_what_a_probe_in_a_worker_prints_comes_in_nobodys_way(
    lab: Callable[[str], None], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    lab("prints")
    assert match(write(tmp_path)).decisions[0].chosen is not None
    assert capfd.readouterr().out == ""


def test_a_rejection_names_the_distribution(
    using: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from penstock.core.registry.discovery import FoundPlugin
    from penstock.core.registry.registry import get_registry

    using(odd={"formats": ("tiff",), "probe": lambda paths: 1 / 0})
    registry = get_registry()
    plugin = FoundPlugin("lab", "lab", "lab-x", "1.2", lambda: None)
    monkeypatch.setitem(registry._owners, (Ingestor, "odd"), plugin)
    (unclaimed,) = match(write(tmp_path)).unclaimed
    assert "[lab-x 1.2]" in unclaimed.reason
    assert unclaimed.remedy == "Report it to the authors of lab-x 1.2."
