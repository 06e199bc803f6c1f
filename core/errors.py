"""Every error that penstock raises on purpose.

One base, `PenstockError`, says what was wrong, where, and what to do. Each kind also inherits from
the built-in exception that a caller would expect, so ``except KeyError`` and ``except OSError``
keep working.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial

__all__ = [
    "AmbiguousDataError",
    "AmbiguousRunError",
    "AssetError",
    "CatalogError",
    "ConfigError",
    "DataShapeError",
    "DocumentError",
    "ExportError",
    "FileCrashesReaderError",
    "FrameMismatchError",
    "InconsistentRunError",
    "MissingFileError",
    "NoDataError",
    "NoSuchGroupError",
    "OnTapeError",
    "PenstockError",
    "PluginError",
    "QueryError",
    "RecipeError",
    "RunNotFoundError",
    "RunOutOfRangeError",
    "SettingsError",
    "TargetExistsError",
    "TooLargeError",
    "TruncatedFileError",
    "UndecidedError",
    "UnregisteredIngestorError",
    "UnsafeLinkError",
    "UnsupportedFileError",
    "UnusableFolderError",
    "UnwrittenRunsError",
    "UpsertError",
]


class PenstockError(Exception):
    """Something that penstock can explain.

    Parameters
    ----------
    what
        One sentence: what was wrong.
    where
        The file, document or setting in which it was wrong.
    remedy
        One sentence: what to do about it.

    Examples
    --------
    >>> print(PenstockError("the file ends early", where="a.tif", remedy="Copy it again."))
    a.tif: the file ends early. Copy it again.
    >>> print(PenstockError("no 'ab'; did you mean 'abc'?", remedy="There are: abc."))
    no 'ab'; did you mean 'abc'? There are: abc.
    """

    def __init__(
        self, what: str, *, where: str | os.PathLike[str] | None = None, remedy: str | None = None
    ) -> None:
        self.what = what
        self.where = None if where is None else os.fspath(where)
        self.remedy = remedy
        super().__init__(what, self.where, remedy)

    def __str__(self) -> str:
        text = self.what if self.where is None else f"{self.where}: {self.what}"
        if self.remedy is None:
            return text
        return f"{text if text.endswith('?') else text.rstrip('.') + '.'} {self.remedy}"

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.what, self.where, self.remedy, self.__dict__)


def _rebuild(
    kind: type[PenstockError],
    what: str,
    where: str | None,
    remedy: str | None,
    state: dict[str, object],
) -> PenstockError:
    error = kind(what, where=where, remedy=remedy)
    error.__dict__.update(state)
    return error


class ConfigError(PenstockError, ValueError):
    """The configuration file is wrong."""


class PluginError(PenstockError, RuntimeError):
    """A plug-in could not be found, loaded or called."""


class UnregisteredIngestorError(PluginError, LookupError):
    """No registered ingestor has that name, or is that function."""


class SettingsError(PenstockError, TypeError):
    """An ingestor does not take these settings, or it is not said which one is to."""


# Files -----------------------------------------------------------------------------------------


class NoDataError(PenstockError, ValueError):
    """Nothing to ingest: no file matches, or the file holds no data that can make a stream."""


class UnsupportedFileError(PenstockError, ValueError):
    """The file is not what its ingestor reads: another format, corrupt, or a decoy."""


class AmbiguousDataError(PenstockError, ValueError):
    """A file holds several things that could be the data; the message lists them."""


class UnsafeLinkError(PenstockError, PermissionError):
    """A file points outside of the folders that it may read from."""


class FileCrashesReaderError(UnsupportedFileError):
    """The library that reads this format crashed, or hung, on this file."""


class OnTapeError(PenstockError, OSError):
    """A file has been migrated to tape, and nobody asked to call it back."""

    __str__ = PenstockError.__str__
    __reduce__ = PenstockError.__reduce__

    def __new__(cls, *args: object, **kwargs: object) -> OnTapeError:  # noqa: D102  # as AssetError
        return OSError.__new__(cls)


class UnusableFolderError(PenstockError, OSError):
    """A folder cannot be written into."""

    __str__ = PenstockError.__str__
    __reduce__ = PenstockError.__reduce__

    def __new__(cls, *args: object, **kwargs: object) -> UnusableFolderError:  # noqa: D102  # as AssetError
        return OSError.__new__(cls)


class TargetExistsError(PenstockError, FileExistsError):
    """What is to be written is there already, and nobody said that it is to be replaced."""

    __str__ = PenstockError.__str__
    __reduce__ = PenstockError.__reduce__

    def __new__(cls, *args: object, **kwargs: object) -> TargetExistsError:  # noqa: D102  # as AssetError
        return OSError.__new__(cls)


class ExportError(PenstockError, ValueError):
    """A run cannot be written in a format: this has no place for what the run holds."""


class UndecidedError(PenstockError, ValueError):
    """Several ingestors fit equally well and nobody chose."""

    plan: object = None
    """The `penstock.core.matching.Plan` that holds what there is to choose from."""


class NoSuchGroupError(PenstockError, LookupError):
    """A plan has no such group of files, or several."""


# Assets ----------------------------------------------------------------------------------------


class AssetError(PenstockError, OSError):
    """The bytes of an asset cannot be read."""

    # OSError would otherwise turn three positional arguments into errno, strerror and filename.
    __str__ = PenstockError.__str__
    __reduce__ = PenstockError.__reduce__

    def __new__(cls, *args: object, **kwargs: object) -> AssetError:  # noqa: D102  # as above
        return OSError.__new__(cls)


class MissingFileError(AssetError, FileNotFoundError):
    """A file of an asset is not there."""


class TruncatedFileError(AssetError, EOFError):
    """A file of an asset ends before its data do."""


class FrameMismatchError(AssetError, ValueError):
    """A frame has another shape or dtype than its stream says."""


# Documents, runs and catalogs --------------------------------------------------------------------


class DocumentError(PenstockError, ValueError):
    """A document is not valid, or does not belong where it stands."""


class InconsistentRunError(DocumentError):
    """An ingestor gave another run than the one it was upserted as."""


class UpsertError(PenstockError, TypeError):
    """A call cannot be kept in a catalog."""


class RecipeError(PenstockError, ValueError):
    """A stored call cannot become a call again here, or asks for more than it may."""


class DataShapeError(PenstockError, ValueError):
    """The data of a stream do not fit into one labelled array."""


class TooLargeError(PenstockError, MemoryError):
    """Reading would need more memory than is safe; read lazily instead."""


class QueryError(PenstockError, ValueError):
    """A query is not a valid Mongo query."""


class CatalogError(PenstockError, RuntimeError):
    """A catalog cannot be opened, or not be used as it was."""


class UnwrittenRunsError(CatalogError):
    """Runs of a batch could not be written; the others are.

    Parameters
    ----------
    failures
        What went wrong, by uid.
    """

    def __init__(self, failures: Mapping[str, Exception], *, where: str | None = None) -> None:
        self.failures = dict(failures)
        uid, error = next(iter(self.failures.items()))
        more = f", and {len(self.failures) - 1} more" if len(self.failures) > 1 else ""
        what = (
            error.what if isinstance(error, PenstockError) else f"{type(error).__name__}: {error}"
        )
        super().__init__(
            f"run {uid}{more} could not be written: {what}",
            where=where,
            remedy=error.remedy if isinstance(error, PenstockError) else None,
        )

    def __reduce__(self) -> tuple[object, ...]:
        return partial(UnwrittenRunsError, self.failures, where=self.where), ()


class RunNotFoundError(PenstockError, KeyError):
    """No run has that uid, prefix or scan_id."""

    __str__ = PenstockError.__str__


class AmbiguousRunError(PenstockError, ValueError):
    """Several runs fit a partial uid; the message lists them."""


class RunOutOfRangeError(PenstockError, IndexError):
    """The catalog has fewer runs than that."""
