"""What is told of folders of copies follows the files, whoever comes in between."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType
from typing import Any

import msgpack
import pytest

from penstock import BlueskyMsgpackCatalog
from penstock.core.run import BlueskyRun
from penstock.core.run.samples import count_run
from penstock.plugins import _folder, _listing

FILES = {_folder.__file__, _listing.__file__}


def write(folder: Path, uid: str, **metadata: object) -> None:
    folder.mkdir(exist_ok=True)
    documents = count_run(1, uid=uid, **metadata).documents()
    (folder / f"{uid}.msgpack").write_bytes(b"".join(map(msgpack.packb, documents)))


def copy(folder: Path, uid: str, rows: int = 2, **metadata: object) -> Path:
    return Path(BlueskyRun(count_run(rows, uid=uid, **metadata)).cache(folder).details["path"])


def interrupt_at(number: int) -> Any:
    """Return what interrupts, as Ctrl-C would, at a line of the listing's own code."""
    left = number

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal left
        if frame.f_code.co_filename not in FILES:
            return None
        if event == "line":
            left -= 1
            if left < 0:
                raise KeyboardInterrupt
        return trace

    return trace


@pytest.mark.slow
# A scandir iterator is not closed by who is interrupted before he can.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_who_is_interrupted_anywhere_sees_all_the_next_time(tmp_path: Path) -> None:
    folders = [tmp_path / "a", tmp_path / "b"]
    for number in range(0, 10_000, 9):
        write(folders[0], "one")
        write(folders[0], "gone")
        write(folders[1], "two", sample="Cu")
        (folders[1] / "bad.msgpack").write_bytes(b"\xc1")
        catalog = BlueskyMsgpackCatalog(folders)
        if number % 2:  # interrupted in the second look, or in the first
            assert sorted(catalog) == ["gone", "one", "two"]
        (folders[0] / "gone.msgpack").unlink()
        write(folders[1], "two", sample="Ag")
        write(folders[1], "three")
        tracing = sys.gettrace()
        sys.settrace(interrupt_at(number // 2))
        try:
            list(catalog.values())
            was_interrupted = False
        except KeyboardInterrupt:
            was_interrupted = True
        finally:
            sys.settrace(tracing)
        assert sorted(catalog) == ["one", "three", "two"], number
        assert list(catalog.search({"sample": "Ag"})) == ["two"]
        assert [Path(item.subject).name for item in catalog.problems] == ["bad.msgpack"]
        (folders[1] / "three.msgpack").unlink()
        if not was_interrupted and number % 2:
            break
    else:
        pytest.fail("it never came to an end")
    assert number > 200
