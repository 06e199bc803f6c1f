"""Tests of what an ingestor says about files that are damaged, empty or gone."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from penstock.core.errors import PenstockError
from penstock.testing._attempting import attempt
from penstock.testing._calling import Tested, demand
from penstock.testing._inputs import cuts, relocate

__all__ = ["BadInputTests"]


class BadInputTests(Tested):
    """Bad files are errors that name them, or runs without what is bad."""

    def test_a_truncated_file_is_told_or_gives_a_partial_run(self, tmp_path: Path) -> None:
        """A copy that was interrupted anywhere is an error that names the file, or a part."""
        self._demand_clean(tmp_path, "cut after {size} bytes of {whole}", cuts)

    def test_an_empty_file_is_told_or_gives_a_partial_run(self, tmp_path: Path) -> None:
        """A file of no bytes is an error that names it, or the run without it."""
        self._demand_clean(tmp_path, "empty", lambda size: [0])

    def _demand_clean(
        self, tmp_path: Path, how: str, sizes: Callable[[int], Sequence[int]]
    ) -> None:
        paths = self._files(tmp_path / "whole")
        names = sorted(
            path.relative_to(tmp_path / "whole")
            for path in (tmp_path / "whole").rglob("*")
            if path.is_file() and path.stat().st_size
        )
        for name in dict.fromkeys([names[0], names[-1]]):
            content = (tmp_path / "whole" / name).read_bytes()
            for size in sizes(len(content)):
                folder = tmp_path / "cut"
                shutil.copytree(tmp_path / "whole", folder)
                (folder / name).write_bytes(content[:size])
                moved = relocate(paths, tmp_path / "whole", folder)
                said = attempt(self._function, moved, self.kwargs)
                state = how.format(size=size, whole=len(content))
                demand(
                    said is None,
                    f"{name} ({state}) gives {said}. Raise a PenstockError with `where=path` "
                    "(penstock.errors.UnsupportedFileError, TruncatedFileError), or yield what "
                    "is good",
                )
                shutil.rmtree(folder)

    def test_a_missing_file_is_told(self, tmp_path: Path) -> None:
        """Files that are gone are an error that names them."""
        paths = self._files(tmp_path / "data")
        shutil.rmtree(tmp_path / "data")
        (tmp_path / "data").mkdir()
        try:
            list(self._call(paths))
        except PenstockError as error:
            demand("data" in str(error), f"the error does not say which file: {error}")
        except FileNotFoundError as error:
            demand(bool(error.filename), f"the error does not say which file: {error}")
        except Exception as error:  # noqa: BLE001 # what it raises is the finding
            raise AssertionError(
                f"a missing file gives {type(error).__name__}: {error}. Raise an error that "
                "names it (penstock.errors.MissingFileError), or let open() do so"
            ) from None
        else:
            raise AssertionError("a missing file gives a run: raise an error that names it")
