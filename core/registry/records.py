"""The records with which a plug-in tells what it offers. They import nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["AssetReader", "Ingestor", "RunsFound"]


@dataclass(frozen=True)
class Ingestor:
    """A registered ingestor: a generator function, and what matching must know of it.

    References are strings ``"package.module:function"`` that are imported on use, so that listing
    plug-ins stays cheap.

    Examples
    --------
    >>> Ingestor("my-camera", title="My camera's TIFF series", takes="files",
    ...          ingest="my_package.camera:ingest", formats=("tiff",)).name
    'my-camera'
    """

    name: str
    """Unique; words in lower case with hyphens. Recipes and ``--use`` refer to it."""
    title: str
    """One line for people."""
    ingest: str
    """``"module:function"`` of the generator function; its first parameter takes the path(s)."""
    takes: Literal["file", "files"]
    """What the first parameter takes: one path, or the paths of a group (a list of str)."""
    formats: tuple[str, ...] = ()
    """Ids of the signatures (`core.matching.signatures`) that it reads: "tiff", "hdf5"."""
    patterns: tuple[str, ...] = ()
    """Case-insensitive globs on file names; empty: any name."""
    probe: str | None = None
    """``"module:function"``: ``probe(paths: list[str]) -> RunsFound | None``; may open the files,
    bounded; returns None to decline and raises an error that says why a file is bad."""
    isolate: bool = False
    """The format's library can crash or hang on a bad file: probe in a worker process."""
    beats: tuple[str, ...] = ()
    """Names of ingestors that this one is preferred to where both fit equally well."""
    tier: Literal["STRUCTURE", "CONVENTION", "SIGNATURE", "EXTENSION", "FALLBACK"] = "SIGNATURE"
    """How strong its claim is where everything declared holds."""
    selects: tuple[str, ...] = ()
    """Keyword arguments that select one run among several in the same files (they are part of
    the run's identity)."""
    version: str = ""
    """Filled in from the distribution where empty."""


@dataclass(frozen=True)
class RunsFound:
    """What a probe found. Plain data only: it may come from a worker process."""

    kwargs: tuple[dict[str, Any], ...] = ({},)
    """Keyword arguments for one call each: several where the files hold several runs."""
    detail: str = ""
    """What convinced the probe, for people: ``"8 pages, 512 × 512 uint16"``."""
    notes: tuple[str, ...] = ()
    """What is doubtful or missing."""
    separate: bool = False
    """The files of the group are to be ingested one by one by an ingestor that takes a file."""


@dataclass(frozen=True)
class AssetReader:
    """A registered asset reader: turns ``stream_resource`` documents of some mimetypes into frames.

    Examples
    --------
    >>> AssetReader("npy", mimetypes=("application/x-npy",), open="my_package.npy:open_npy").name
    'npy'
    """

    name: str
    mimetypes: tuple[str, ...]
    open: str
    """``"module:function"`` of an `AssetOpener`."""
