"""A run whose documents lie in one file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ..core.documents import Document, normalise
from ..core.errors import InconsistentRunError, TruncatedFileError
from ..core.places import Fingerprint, take_fingerprint
from ._format import CopyFormat
from ._mark import tell_mark

__all__ = ["FileSource"]


def _spell(start: dict[str, Any]) -> str:
    """Return a start document as text, equal for equal ones, with NaN in them, too."""
    return json.dumps(normalise(start), sort_keys=True)


@dataclass(frozen=True)
class FileSource:
    """A run whose documents lie in one file.

    Arrays of rows come as lazy arrays (`AssetArray`), which are read from the file when used, where
    the format has arrays.

    Examples
    --------
    >>> import tempfile
    >>> from penstock.core.run import BlueskyRun
    >>> from penstock.core.run.samples import count_run
    >>> from penstock.plugins.msgpack.format import FORMAT
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     run = BlueskyRun(count_run(3, uid="6f2a"))
    ...     source = FileSource(run.cache(folder).details["path"], run.metadata["start"], FORMAT)
    ...     [name for name, doc in source.documents()]
    ['start', 'descriptor', 'event_page', 'stop']
    """

    path: str
    """The file."""
    start: dict[str, Any]
    """Its start document."""
    format: CopyFormat = field(repr=False)

    def documents(self) -> Iterator[Document]:
        """Yield the documents; of a file that ends too early, those that are whole."""
        try:
            before = ""
            for name, doc in self.format.read_documents(self.path):
                if name == "start":
                    self._check_start(doc)
                if before == "stop" or (before and name == "start"):
                    raise InconsistentRunError(
                        f"holds more than one run, or one run twice: a {name} document comes "
                        f"after the {before}",
                        where=self.path,
                        remedy="Copy the run again.",
                    )
                before = name
                yield name, self.start if name == "start" else doc
        except TruncatedFileError:
            return  # provenance() says so; the run is there without a stop

    def _check_start(self, doc: dict[str, Any]) -> None:
        """Refuse documents of another run, or of another version of this one.

        The rest of them would not belong to what has been told of the run already.
        """
        if doc.get("uid") != self.start["uid"]:
            what = f"holds run {doc.get('uid')!r} now, no longer {self.start['uid']!r}"
        elif _spell(doc) != _spell(self.start):
            what = "has been replaced: its start document is another one now"
        else:
            return
        raise InconsistentRunError(what, where=self.path, remedy="Look it up in the catalog again.")

    def fingerprint(self) -> Fingerprint:
        """Return the fingerprint of the file."""
        return take_fingerprint([self.path])

    def provenance(self) -> dict[str, Any]:
        """Tell about the copy.

        Returns
        -------
        dict
            ``file``; of copies that penstock made ``copied``, when, ``fingerprint``, of the files
            that were copied, and what was known of who made the run; ``truncated``, a sentence,
            where the file ends too early, or the one it was copied from did.
        """
        told: dict[str, Any] = {"file": self.path}
        try:
            mark, stop = self.format.read_mark(self.path)
        except TruncatedFileError as error:
            return {**told, "truncated": error.what}
        if mark is not None:
            if isinstance(made_by := mark.get("provenance"), dict):
                told = {**made_by, **told}
            told |= {key: mark[key] for key in ("fingerprint", "copied", "masked") if key in mark}
            if cut := tell_mark(mark, has_stop=stop is not None):
                told["truncated"] = cut
        return told
