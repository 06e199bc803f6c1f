"""A catalog of the runs in msgpack files."""

from __future__ import annotations

from .._copies import CopiesCatalog
from .format import FORMAT

__all__ = ["BlueskyMsgpackCatalog"]


class BlueskyMsgpackCatalog(CopiesCatalog):
    """A catalog of the runs in msgpack files: what `BlueskyRun.cache` and suitcase-msgpack write.

    To list the runs, the start document of each file is read once, and remembered in the user's
    cache folder; new, changed and deleted files are noticed when the catalog is used. Arrays stay
    in the files until they are used. A file that was cut short is the run up to there, without a
    stop document; `BlueskyRun.provenance` then says ``truncated``. Arrays of objects, which are
    pickles, are refused.

    Parameters
    ----------
    paths
        A folder, a glob, or several of them.
    handler_registry
        Handler classes for ``resource`` documents by spec, before the installed ones.
    root_map
        Prefixes of paths in documents, and where they lie on this machine.
    transforms
        Functions of a document, by document name, that runs apply to what they give.
    query
        A Mongo query: only runs that match are shown.

    Raises
    ------
    NoDataError
        If a folder, or a file that is no glob, is not there.

    Examples
    --------
    >>> import tempfile
    >>> from penstock.core.run import BlueskyRun
    >>> from penstock.core.run.samples import count_run
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     item = BlueskyRun(count_run(3, uid="6f2a")).cache(folder)
    ...     catalog = BlueskyMsgpackCatalog(folder)
    ...     list(catalog), catalog["6f"].primary.read()["x"].values.tolist()
    (['6f2a'], [0.0, 1.0, 2.0])
    """

    _format = FORMAT
