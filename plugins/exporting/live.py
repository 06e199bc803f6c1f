"""Exporting runs as their documents come: what a RunEngine is subscribed to."""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
import weakref
from contextlib import suppress
from typing import Any

from ...core.report import Report, ReportItem
from ...core.run import BlueskyRun
from ...core.run.exporting import export_run
from .spool import Spool

__all__ = ["LiveExporter"]


class LiveExporter:
    """A document callback that writes each run, when it has ended, in a format.

    Documents are kept in a file of their own while the run goes on, so that memory stays flat and
    the scan waits for nothing but that; when the stop comes, the run is exported as a run of any
    catalog is. What goes wrong is told by a warning and in `report`: it never stops the scan.

    Parameters
    ----------
    format
        The name of an exporter: ``"csv"``, ``"nexus"``, …
    directory
        The folder that runs are written into.
    name
        What a run's file or folder is called: a template of fields of the start document, such as
        ``"{scan_id:05d}_{uid}"``.
    overwrite
        Whether what is there is to be replaced.
    **options
        Of the exporter.

    Examples
    --------
    >>> import os
    >>> from penstock.core.run import BlueskyRun
    >>> from penstock.core.run.samples import count_run
    >>> exporter = LiveExporter("msgpack", "exported")
    >>> BlueskyRun(count_run(3, uid="6f2a")).replay(exporter)  # or RE.subscribe(exporter)
    >>> os.listdir("exported"), exporter.report
    (['6f2a.msgpack'], 1 item: 1 ok)
    """

    def __init__(
        self,
        format: str,
        directory: str | os.PathLike[str],
        *,
        name: str | None = None,
        overwrite: bool = False,
        **options: Any,
    ) -> None:
        self._format = format
        self._directory = os.fspath(directory)
        self._settings: dict[str, Any] = {"name": name, "overwrite": overwrite, **options}
        self._folder = tempfile.mkdtemp(prefix="penstock-live-")
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        self._spools: dict[str, Spool] = {}
        self._run_of: dict[str, str] = {}
        self.report = Report()
        """What became of each run."""

    def __call__(self, name: str, doc: dict[str, Any]) -> None:
        """Take one document."""
        try:
            self._take(name, doc)
        except Exception as error:  # noqa: BLE001 # a scan must not end because of its export
            self._tell(ReportItem.from_error(str(doc.get("uid", name)), error))

    def _take(self, name: str, doc: dict[str, Any]) -> None:
        if name == "start":
            self._spools[doc["uid"]] = Spool(self._folder)
        uid = self._run_uid(name, doc)
        spool = self._spools.get(uid)
        if spool is None:
            return
        spool.write(name, doc)
        if name == "stop":
            self._finish(uid)

    def _run_uid(self, name: str, doc: dict[str, Any]) -> str:
        if name == "start":
            return str(doc["uid"])
        for field in ("run_start", "descriptor", "resource", "stream_resource"):
            if field in doc:
                uid = doc[field] if field == "run_start" else self._run_of.get(doc[field], "")
                break
        else:
            return ""
        if name in ("descriptor", "resource", "stream_resource"):
            self._run_of[doc["uid"]] = uid
        return str(uid)

    def _finish(self, uid: str) -> None:
        spool = self._spools.pop(uid)
        self._run_of = {child: run for child, run in self._run_of.items() if run != uid}
        try:
            with spool.source() as source:
                self._tell(self._export(BlueskyRun(source)))
        finally:
            spool.remove()

    def _export(self, run: BlueskyRun) -> ReportItem:
        try:
            return export_run(run, self._format, self._directory, into=True, **self._settings)
        except Exception as error:  # noqa: BLE001 # as above
            return ReportItem.from_error(run.uid, error)

    def _tell(self, item: ReportItem) -> None:
        self.report.add(item)
        if item.outcome in ("failed", "refused"):
            warnings.warn(f"{item.subject} was not exported: {item.why}", stacklevel=4)

    def close(self) -> None:
        """Export the runs that have had no stop, as far as they have come."""
        for uid in list(self._spools):
            with suppress(KeyError):
                self._finish(uid)

    def __enter__(self) -> LiveExporter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
