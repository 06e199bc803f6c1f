"""Ingesting TIFF series by a template of their names."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...core.documents import Document, RunComposer
from ...core.errors import NoDataError, SettingsError
from ...core.places import FileSet, observe, run_uid, select_files
from ...core.places.selection import Paths
from ..tiff.origin import Described, FrameColumns, TiffOrigin, part_constants
from ..tiff.series import look_at, series_stream
from ..tiff.starting import StartTime, start_metadata
from .template import Template, parse_template

__all__ = ["group_by_template", "ingest_tiff_template"]

_MOST_TOLD = 3


def ingest_tiff_template(
    paths: Paths,
    *,
    template: str,
    units: Mapping[str, str] | None = None,
    key: str = "image",
    metadata: Mapping[str, Any] | None = None,
) -> Iterator[Document]:
    """Ingest TIFF files as one run, and what their names hold as metadata and event columns.

    A field of the template that is the same in all names goes into the start document
    (``sample`` as ``{"name": …}``) and, with its unit, into the configuration; one that varies
    is an event column. Events are in the order of the numbers, the first field slowest. Names that
    the template does not fit are left out, and a note says so. Everything else is as
    `ingest_tiff_series` has it.

    Parameters
    ----------
    paths
        A folder, a glob or a list of paths, of files with one image each.
    template
        Of the names, such as ``"{sample}_T{temperature:f}C_{index:d}.tif"``: ``{name}`` stands for
        text, ``{name:d}`` for a whole number, ``{name:f}`` for a number, ``{name:p}`` for one such
        as ``71p676``, ``{}`` for what does not matter. With ``/`` it explains folders, too.
    units
        Of fields, by name: ``{"temperature": "degC"}``.
    key
        What the images are called.
    metadata
        More for the start document; replaces what the files and their names say.

    Raises
    ------
    SettingsError
        If the template is none, or units are given for a field that it does not have.
    NoDataError, MissingFileError
        If there are no such files, or the template fits no name.
    UnsupportedFileError
        If the first, middle and last file cannot be read.

    Examples
    --------
    >>> import numpy as np, tempfile, tifffile
    >>> folder = tempfile.mkdtemp()
    >>> for name in ("Cu_T20C_1.tif", "Cu_T20.5C_2.tif"):
    ...     tifffile.imwrite(f"{folder}/{name}", np.zeros((4, 6), "u2"))
    >>> run = dict(
    ...     ingest_tiff_template(
    ...         folder,
    ...         template="{sample}_T{temperature:f}C_{index:d}.tif",
    ...         units={"temperature": "degC"},
    ...     )
    ... )
    >>> run["start"]["sample"], run["event_page"]["data"]
    ({'name': 'Cu'}, {'temperature': [20.0, 20.5], 'index': [1, 2]})
    """
    parsed = parse_template(template)
    units = dict(units or {})
    if unknown := units.keys() - parsed.kinds.keys():
        raise SettingsError(
            f"units are given for {', '.join(sorted(unknown))}, which the template does not have",
            where=template,
            remedy=f"It has: {', '.join(parsed.kinds)}.",
        )
    with observe():
        names = _read_names(select_files(_expanded(paths, parsed)), parsed)
        files, facts, notes = look_at(names.files)
    described = Described(start=names.start, configuration=names.constants, units=units)
    origin = TiffOrigin(
        "tiff-template",
        recognise=lambda facts: "",
        describe=lambda facts: described,
        frames=lambda facts, headers: FrameColumns(
            columns=names.columns_of(len(headers)),
            units=units,
            sources=dict.fromkeys(names.columns, "file name"),
        ),
    )
    start = StartTime.of(facts)
    told: dict[str, Any] = {"file_name": names.title, "template": template}
    if names.columns:
        told["hints"] = {"dimensions": [[[name], "primary"] for name in names.columns]}
    run = RunComposer(
        uid=run_uid(files.place, selection=files.selection),
        time=start.time,
        metadata=start_metadata(
            facts,
            key,
            origin=origin,
            described=described,
            start=start,
            event_time_source="mtime",
            notes=[*names.notes, *start.notes, *notes],
            given={**told, **(metadata or {})},
        ),
    )
    yield run.start()
    end = yield from series_stream(
        run, files, facts, origin=origin, described=described, key=key, names_tell=False
    )
    yield run.stop(time=max(start.time, end.time), exit_status=end.exit_status, reason=end.reason)


def _expanded(paths: Paths, template: Template) -> Paths:
    """Return a glob of the names in a folder that the template may fit; other paths as they are."""
    if isinstance(paths, str | os.PathLike) and os.path.isdir(paths):
        return os.path.join(glob.escape(os.fspath(paths)), template.glob)
    return paths


@dataclass(frozen=True)
class _Names:
    """What the names of files hold."""

    files: FileSet
    """Those that the template fits, in the order of their numbers."""
    start: dict[str, Any]
    constants: dict[str, Any]
    """Numbers that are the same in all names."""
    columns: dict[str, list[Any]]
    """Fields that vary, a value for each file."""
    title: str
    notes: tuple[str, ...]

    def columns_of(self, frames: int) -> dict[str, list[Any]]:
        """Return a value for each of so many frames, where files hold several."""
        pages = frames // len(self.files)
        return {
            name: [value for value in values for _ in range(pages)]
            for name, values in self.columns.items()
        }


def _read_names(files: FileSet, template: Template) -> _Names:
    found = [(name, values) for name in files.names if (values := _read(files, name, template))]
    if not found:
        raise NoDataError(
            f"the template {template.text!r} fits none of {len(files)} names, "
            f"such as {files.names[0]}",
            where=files.folder,
            remedy="Compare the two, sign by sign; the template is to fit whole names.",
        )
    ordered = sorted(found, key=lambda item: _order(item[1], template))
    names = tuple(name for name, _ in ordered)
    varying, constants = part_constants(
        {field: [values[field] for _, values in ordered] for field in template.kinds}
    )
    start = {
        name: {"name": value} if name == "sample" and isinstance(value, str) else value
        for name, value in constants.items()
    }
    kept = files
    if names != files.names:
        # The order is another: numbers of names say nothing any more that a reader could count on.
        kept = replace(files, names=names, numbers=None, spelled=None, indices={})
    title = template.title(ordered[0][1]) if len(files) > 1 else names[0]
    return _Names(
        kept,
        start,
        {name: value for name, value in constants.items() if not isinstance(value, str)},
        varying,
        title if all(template.title(values) == title for _, values in ordered) else template.text,
        tuple(_notes(files, names, [values for _, values in ordered], template)),
    )


def _read(files: FileSet, name: str, template: Template) -> dict[str, Any] | None:
    return template.read(f"{files.folder}/{name}")


def _order(values: Mapping[str, Any], template: Template) -> tuple[Any, ...]:
    """Return what names are ordered by: text first, then numbers, the first field slowest."""
    texts = [values[name] for name, kind in template.kinds.items() if kind == "s"]
    numbers = [values[name] for name, kind in template.kinds.items() if kind != "s"]
    return (texts, numbers)


def _notes(
    files: FileSet, names: Sequence[str], values: Sequence[Mapping[str, Any]], template: Template
) -> Iterator[str]:
    kept = set(names)
    if left_out := [name for name in files.names if name not in kept]:
        told = ", ".join(left_out[:_MOST_TOLD]) + ", …" * (len(left_out) > _MOST_TOLD)
        yield f"the template does not fit {told} ({len(left_out)} left out)"
    doubtful = next((n for n in names if template.is_ambiguous(f"{files.folder}/{n}")), None)
    if doubtful is not None:
        yield f"the template fits {doubtful} in several ways: text is taken as long as it can be"
    repeated = len(values) - len({tuple(found.values()) for found in values})
    if repeated:
        yield f"{repeated} names hold the same as others"


def group_by_template(
    folder: str, names: Sequence[str], settings: Mapping[str, Any]
) -> dict[str, list[str]]:
    """Group the names of files in one folder as a template has it: what differs in text is apart.

    Parameters
    ----------
    folder, names
        The files.
    settings
        Of `ingest_tiff_template`.

    Returns
    -------
    dict of str to list of str
        For each group what it is called, and its names. Those that the template does not fit are
        in none.

    Examples
    --------
    >>> names = ["Cu_T20C_1.tif", "Cu_T20.5C_2.tif", "Fe_T20C_1.tif", "notes.tif"]
    >>> group_by_template("/data", names, {"template": "{sample}_T{temperature:f}C_{index:d}.tif"})
    {'Cu_T{temperature}C_{index}.tif': ['Cu_T20C_1.tif', 'Cu_T20.5C_2.tif'],
     'Fe_T{temperature}C_{index}.tif': ['Fe_T20C_1.tif']}
    """
    template = parse_template(settings["template"])
    groups: dict[str, list[tuple[tuple[Any, ...], str]]] = {}
    for name in names:
        values = template.read(f"{folder}/{name}")
        if values is not None:
            groups.setdefault(template.title(values), []).append((_order(values, template), name))
    return {title: [name for _, name in sorted(found)] for title, found in groups.items()}
