"""One run: its metadata, its streams, its documents."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Literal

from .. import display
from ..documents import Document
from ..errors import RunNotFoundError
from ..places import Fingerprint
from ..registry import get_registry
from ..report import ReportItem
from .emitting import emitted, warn_of_path
from .exporting import export_run
from .filling import fill_documents
from .opening import AssetAccess
from .outline import RunOutline
from .reader import RunReader, Transforms
from .replaying import live_documents
from .source import RunSource
from .stream import BlueskyEventStream

__all__ = ["BadFrames", "BlueskyRun", "Fill"]

BadFrames = Literal["raise", "mask"]
Fill = Literal["no", "delayed", "yes"]


class BlueskyRun:
    """One run, on a source of its documents; catalogs make it.

    Nothing is read until it is asked for: the start document is known, the others are drained at
    first use, and pixels are read by `read`, `to_dask` or filled documents alone.

    Parameters
    ----------
    source
        Where its documents come from.
    handler_registry
        Handler classes for ``resource`` documents, by spec.
    root_map
        Prefixes of the paths in its documents, and where they lie on this machine.
    transforms
        Functions of a document to apply on the way out, by name: ``{"start": f, "descriptor": g}``.
    provenance
        Who chose the ingestor and why, and the files' fingerprint.

    Examples
    --------
    >>> from penstock.core.run.samples import count_run
    >>> run = BlueskyRun(count_run(3))
    >>> list(run), run.metadata["stop"]["exit_status"]
    (['primary'], 'success')
    >>> run.primary.read()["x"].mean().item()
    1.0
    """

    def __init__(
        self,
        source: RunSource,
        *,
        handler_registry: Mapping[str, Callable[..., Any]] | None = None,
        root_map: Mapping[str, str] | None = None,
        transforms: Transforms | None = None,
        provenance: Mapping[str, Any] | None = None,
    ) -> None:
        access = AssetAccess(dict(root_map or {}), dict(handler_registry or {}))
        self._source = source
        self._reader = RunReader(source, access, transforms)
        self._provenance = dict(provenance or {})

    # Metadata --------------------------------------------------------------------------------

    @property
    def uid(self) -> str:
        """The run's uid."""
        return self._reader.uid

    @property
    def metadata(self) -> RunMetadata:
        """``{"start": …, "stop": …}``; ``stop`` is None while the run has none."""
        return RunMetadata(self._reader)

    @property
    def provenance(self) -> dict[str, Any]:
        """Who chose the ingestor and why, and the files' fingerprint; empty if unrecorded.

        Of a copy: its ``file``, and ``truncated``, a sentence, where the file ends too early.
        """
        told: dict[str, Any] = getattr(self._source, "provenance", dict)()
        return copy.deepcopy({**self._provenance, **told})

    @property
    def drained(self) -> RunOutline | None:
        """What its documents were found to say, as ingested; None if they were not drained yet."""
        return self._reader.drained

    def fingerprint(self) -> Fingerprint | None:
        """Take the fingerprint of the run's files as they are now; None if it has none."""
        take = getattr(self._source, "current_fingerprint", self._source.fingerprint)
        taken: Fingerprint | None = take()
        return taken

    def drain_again(self) -> RunMetadata:
        """Return the metadata that one more pass through the documents gives.

        Ingestors of others make random uids, and take the clock's time: what differs between two
        passes tells nothing of the data.

        Examples
        --------
        >>> from penstock.core.run.samples import count_run
        >>> run = BlueskyRun(count_run(3))
        >>> run.drain_again() == run.metadata
        True
        """
        return RunMetadata(copy.copy(self._reader))  # without what was drained

    # Streams ---------------------------------------------------------------------------------

    def __iter__(self) -> Iterator[str]:
        return iter(self._reader.streams)

    def __len__(self) -> int:
        return len(self._reader.streams)

    def __bool__(self) -> bool:
        return True  # a run without streams is a run

    def __contains__(self, name: object) -> bool:
        return name in self._reader.streams

    def keys(self) -> list[str]:
        """Return the names of the streams."""
        return list(self._reader.streams)

    def __getitem__(self, name: str) -> BlueskyEventStream:
        if name not in self._reader.streams:
            raise RunNotFoundError(
                f"run {self.uid} has no stream {name!r}",
                remedy=f"It has: {', '.join(self._reader.streams) or 'none'}.",
            )
        return BlueskyEventStream(self._reader, name)

    def __getattr__(self, name: str) -> BlueskyEventStream:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self[name]
        except RunNotFoundError as error:
            raise AttributeError(str(error)) from None

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *(name for name in self if name.isidentifier())})

    # Documents -------------------------------------------------------------------------------

    def documents(
        self, fill: Fill = "no", *, masked: dict[str, set[int]] | None = None
    ) -> Iterator[Document]:
        """Yield the run's documents.

        Parameters
        ----------
        fill
            ``"no"``: as ingested, with references to assets. ``"delayed"`` and ``"yes"``:
            self-contained, in event pages whose arrays are one block each, lazy (dask) or read.
        masked
            With ``"yes"``: frames of assets that cannot be read are NaN (integers become floats),
            and their rows are noted here by data key. Without it they raise.

        Examples
        --------
        >>> from penstock.core.run.samples import count_run
        >>> [name for name, doc in BlueskyRun(count_run(3)).documents()]
        ['start', 'descriptor', 'event_page', 'stop']
        """
        if fill not in ("no", "delayed", "yes"):
            raise ValueError(f'fill is "no", "delayed" or "yes", not {fill!r}')
        documents = self._reader.documents()
        if fill == "no":
            return documents
        reader = self._reader
        delayed = fill == "delayed"
        return fill_documents(
            documents, reader.outline, reader.access, delayed=delayed, masked=masked
        )

    def read_canonical(self) -> Iterator[Document]:
        """Yield filled documents with single events: what a RunEngine would emit.

        Dates, arrays of them and of objects become text, numbers and lists, which every exporter
        can write. Exporters such as suitcase's make names of files of uids and check nothing: there
        is a warning where a uid, which a file may have from anywhere, is a path. `cache` never
        writes elsewhere.

        Examples
        --------
        >>> from penstock.core.run.samples import count_run
        >>> [name for name, doc in BlueskyRun(count_run(2)).read_canonical()]
        ['start', 'descriptor', 'event', 'event', 'stop']
        """
        warn_of_path(self.uid)
        return emitted(self.documents(fill="yes"))

    def replay(self, callback: Callable[[str, dict[str, Any]], Any]) -> None:
        """Send the documents to a callback, as a RunEngine would live.

        Fields that the field's callbacks insist on and files do not record (``scan_id``,
        ``plan_name``, …) get placeholders: in this replay alone, not in the run. Rows come as
        single events; a missing stop is supplied.

        Examples
        --------
        >>> from penstock.core.run.samples import count_run
        >>> seen = []
        >>> BlueskyRun(count_run(1)).replay(lambda name, doc: seen.append((name, doc)))
        >>> seen[0][1]["plan_name"], seen[0][1]["scan_id"]
        ('ingested', 0)
        """
        for name, doc in live_documents(self._reader, self.read_canonical()):
            callback(name, doc)

    def cache(
        self,
        directory: str | os.PathLike[str],
        *,
        format: str = "msgpack",
        bad_frames: BadFrames = "raise",
    ) -> ReportItem:
        """Write a self-contained copy of the run, ``<uid>.msgpack``, into a folder.

        The copy holds the arrays of assets as well as the documents, is written block by block,
        and gets its name when it is whole. Where an up-to-date one is there, nothing is done;
        one that is cut short, or older than the run's files, is replaced.
        `penstock.BlueskyMsgpackCatalog` reads such copies; so do databroker and suitcase-msgpack.

        Parameters
        ----------
        directory
            Made where there is none.
        format
            ``"jsonl"``: documents alone, as JSON Lines; assets stay where they are.
        bad_frames
            What to do about a frame that cannot be read: ``"raise"`` names it, and makes no copy;
            ``"mask"`` makes it NaN (integers become floats) in a copy that says so.

        Returns
        -------
        ReportItem
            ``ok``; ``partial`` where the run has no stop, or frames could not be read; ``skipped``
            where the copy is up to date. Its details hold ``path``, ``bytes`` and ``events``.

        Raises
        ------
        UnusableFolderError
            Before anything is read: the folder cannot be written into.
        TooLargeError
            Before anything is written: a frame is too large for the format, or the disk too full.
        """
        if bad_frames not in ("raise", "mask"):
            raise ValueError(f'bad_frames is "raise" or "mask", not {bad_frames!r}')
        if format not in ("msgpack", "jsonl"):
            raise ValueError(f'format is "msgpack" or "jsonl", not {format!r}')
        write = get_registry().copy_function(format)
        if bad_frames != "raise":
            if format != "msgpack":
                raise ValueError("JSON Lines refer to frames: there are none to mask")
            write = partial(write, bad_frames=bad_frames)
        item: ReportItem = write(self, os.fspath(directory))
        return item

    def export(
        self,
        format: str,
        target: str | os.PathLike[str],
        *,
        overwrite: bool = False,
        **options: Any,
    ) -> ReportItem:
        """Write the run in a format, for others to read.

        Images are read and written block by block. What is written gets its name when it is whole.

        Parameters
        ----------
        format
            The name of a registered exporter: ``"csv"``, ``"nexus"``, …; ``penstock export --help``
            lists them.
        target
            The file, or of formats of several files the folder, that the run becomes. A folder that
            is there takes a format's one file under the name ``<uid>`` and its suffix.
        overwrite
            Whether what is there under that name is to be replaced.
        **options
            Of the exporter.

        Returns
        -------
        ReportItem
            Its details hold ``path``, ``files``, ``bytes``, and where there is something to tell,
            ``omitted`` and ``substituted``: by ``stream/key``, what was left out and why, and what
            was written in the place of what.

        Raises
        ------
        TargetExistsError
            If there is something of that name; it is a `FileExistsError`.
        ExportError
            If the format has no place for this run: a SPEC file for images alone, say.
        SettingsError
            If the exporter has no such option.

        Examples
        --------
        >>> from penstock.core.run.samples import count_run
        >>> item = BlueskyRun(count_run(3, uid="6f2a")).export("msgpack", "scan.msgpack")
        >>> item.outcome, os.path.basename(item.details["path"])
        ('ok', 'scan.msgpack')
        """
        return export_run(self, format, target, overwrite=overwrite, **options)

    # Display ---------------------------------------------------------------------------------

    def __repr__(self) -> str:
        return f"<BlueskyRun uid={self.uid!r}>"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text("BlueskyRun(…)" if cycle else display.describe_run(self._reader))

    def _repr_html_(self) -> str:
        return display.run_html(self._reader)


class RunMetadata(Mapping[str, Any]):
    """``{"start": …, "stop": …}`` of a run; the stop is looked up when it is asked for."""

    def __init__(self, reader: RunReader) -> None:
        self._reader = reader

    def __getitem__(self, key: str) -> Any:
        if key == "start":
            return copy.deepcopy(self._reader.start)
        if key == "stop":
            return copy.deepcopy(self._reader.stop)
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(("start", "stop"))

    def __len__(self) -> int:
        return 2

    def __repr__(self) -> str:
        return repr(dict(self))
