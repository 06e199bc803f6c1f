"""Writing a run as a NeXus file.

After the NeXus definitions (https://manual.nexusformat.org, base classes NXroot, NXentry, NXdata,
NXinstrument, NXdetector, NXcollection): every stream is a collection, detectors are hard links into
them, and the default plot follows from the run's hints.
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any, Literal

import h5py
import numpy as np

from ...core.errors import ExportError
from ..exporting import Column, Exported, Images, Table, tables_of, whole_file
from ..exporting.plain import json_cell, safe_names, strict_json
from .plotting import Plot, plots_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...core.report import ReportItem
    from ...core.run import BlueskyRun

__all__ = ["export_run"]

Compression = Literal["gzip", "none"]
_OURS = ("time", "seq_num")


def export_run(
    run: BlueskyRun, target: str, *, overwrite: bool = False, compression: Compression = "gzip"
) -> ReportItem:
    """Write a run as NeXus.

    ``/entry/bluesky`` has the documents as JSON, and each stream with its values;
    ``/entry/instrument`` the detectors; ``/entry/data`` and its like what there is to plot, the
    default one first. Names are made of letters, digits and ``_``, the original is kept in
    ``@long_name``. Times in NXentry have a zone.

    Parameters
    ----------
    run, target
        The run, and the file that it becomes.
    overwrite
        Whether a file that is there is replaced.
    compression
        Of images: ``"gzip"`` (level 1, shuffled; without loss) or ``"none"``.

    Raises
    ------
    ExportError
        If `compression` is none of these.

    Examples
    --------
    >>> from penstock.core.run import BlueskyRun
    >>> from penstock.core.run.samples import count_run
    >>> item = export_run(BlueskyRun(count_run(3)), "scan.nxs")
    >>> with h5py.File("scan.nxs") as file:
    ...     file["entry/data"].attrs["signal"], file["entry/data/x"][()].tolist()
    ('x', [0.0, 1.0, 2.0])
    """
    if compression not in ("gzip", "none"):
        raise ExportError(f"compression is {compression!r}", remedy='It may be "gzip" or "none".')
    start, stop = run.metadata["start"], run.metadata["stop"]
    done = Exported(target, is_partial=stop is None)
    with whole_file(target, overwrite=overwrite) as path, h5py.File(path, "w") as file:
        file.attrs.update(NX_class="NXroot", default="entry", creator="penstock")
        file.attrs["HDF5_Version"] = h5py.version.hdf5_version
        file.attrs["h5py_version"] = h5py.version.version
        entry = _group(file, "entry", "NXentry")
        _describe_entry(entry, start, stop)
        bluesky = _group(entry, "bluesky", "NXcollection")
        bluesky["start"] = strict_json(start)
        bluesky["stop"] = strict_json(stop)
        tables = list(tables_of(run))
        names = safe_names((table.stream for table in tables), taken=("start", "stop"))
        for table in tables:
            written = _write_stream(bluesky, names[table.stream], table, done, compression)
            if table.stream == _main_stream(tables):
                _write_plots(entry, table, start, written)
    return done.item(run.uid)


def _main_stream(tables: list[Table]) -> str:
    names = [table.stream for table in tables]
    return "primary" if "primary" in names else names[0]


def _group(parent: h5py.Group, name: str, kind: str) -> h5py.Group:
    group = parent.create_group(name)
    group.attrs["NX_class"] = kind
    return group


def _describe_entry(
    entry: h5py.Group, start: Mapping[str, Any], stop: Mapping[str, Any] | None
) -> None:
    uid = str(start["uid"])
    entry["title"] = str(start.get("title") or start.get("plan_name") or f"run {uid}")
    entry["entry_identifier_uuid"] = uid
    if start.get("scan_id") is not None:
        entry["entry_identifier"] = str(start["scan_id"])
    entry["start_time"] = _iso(start["time"])
    if stop is not None:
        entry["end_time"] = _iso(stop["time"])
        entry["duration"] = int(max(0, round(float(stop["time"]) - float(start["time"]))))
        entry["duration"].attrs["units"] = "s"
    entry["program_name"] = "penstock"
    sample = start.get("sample")
    name = sample.get("name") if isinstance(sample, dict) else sample
    if isinstance(name, str) and name:
        _group(entry, "sample", "NXsample")["name"] = name
    operator = start.get("operator")
    if isinstance(operator, str) and operator:
        _group(entry, "user", "NXuser")["name"] = operator


def _iso(seconds: Any) -> str:
    return datetime.datetime.fromtimestamp(float(seconds), datetime.UTC).isoformat()


def _write_stream(
    parent: h5py.Group, name: str, table: Table, done: Exported, compression: Compression
) -> dict[str, h5py.Dataset]:
    """Write the values of a stream, and return the datasets of its data keys."""
    group = _group(parent, name, "NXcollection")
    group["descriptors"] = strict_json(table.descriptors)
    time = group.create_dataset("time", data=table.time)
    time.attrs.update(units="s", long_name="seconds since 1970-01-01 UTC")
    group["seq_num"] = table.seq_num
    for key, why in table.unreadable.items():
        done.omit(table.stream, key, why)
    names = safe_names([*table.columns, *table.images], taken=(*_OURS, "descriptors"))
    written: dict[str, h5py.Dataset] = {"time": time}
    for key, column in table.columns.items():
        dataset = group.create_dataset(names[key], **_content(table, column, done))
        _attributes(dataset, key, column)
        written[key] = dataset
    for key, images in table.images.items():
        dataset = _write_images(group, names[key], images, compression)
        _attributes(dataset, key, images)
        written[key] = dataset
    return written


def _content(table: Table, column: Column, done: Exported) -> dict[str, Any]:
    if column.kind == "text":
        return {"data": column.values.astype(object), "dtype": h5py.string_dtype()}
    if column.kind == "mixed" and column.values.dtype.kind != "c":
        done.substitute(table.stream, column.key, "values of several kinds are written as JSON")
        cells = [json_cell(value) for value in column.values.tolist()]
        texts = np.array(["" if cell is None else cell for cell in cells], dtype=object)
        return {"data": texts, "dtype": h5py.string_dtype()}
    if column.kind == "boolean":
        done.substitute(table.stream, column.key, "truth values are 1 and 0")
        return {"data": column.values.astype(np.uint8)}
    return {"data": column.values}


def _attributes(dataset: h5py.Dataset, key: str, found: Column | Images) -> None:
    dataset.attrs["long_name"] = key
    if found.units:
        dataset.attrs["units"] = found.units
    dataset.attrs["target"] = dataset.name


def _write_images(
    group: h5py.Group, name: str, images: Images, compression: Compression
) -> h5py.Dataset:
    how: dict[str, Any] = {}
    if all(images.shape):
        how["chunks"] = (1, *images.shape[1:])
        if compression == "gzip":
            how |= {"compression": "gzip", "compression_opts": 1, "shuffle": True}
    dataset = group.create_dataset(name, images.shape, images.dtype, **how)
    for first, block in images.blocks():
        dataset[first : first + len(block)] = block
    return dataset


def _write_plots(
    entry: h5py.Group, table: Table, start: Mapping[str, Any], written: dict[str, h5py.Dataset]
) -> None:
    plots = plots_of(table, start)
    if table.images:
        instrument = _group(entry, "instrument", "NXinstrument")
        for key in table.images:
            detector = _group(instrument, _name_of(written[key]), "NXdetector")
            detector["data"] = written[key]
    if not plots:
        return
    names = safe_names((plot.name for plot in plots), taken=list(entry))
    entry.attrs["default"] = names[plots[0].name]
    for plot in plots:
        _write_plot(_group(entry, names[plot.name], "NXdata"), plot, written)


def _write_plot(group: h5py.Group, plot: Plot, written: dict[str, h5py.Dataset]) -> None:
    for key in dict.fromkeys([plot.signal, *plot.beside, plot.axis, *plot.indexed]):
        group[_name_of(written[key])] = written[key]  # a hard link
    signal, axis = written[plot.signal], _name_of(written[plot.axis])
    group.attrs["signal"] = _name_of(signal)
    group.attrs["title"] = plot.signal
    group.attrs["axes"] = [axis, *_number_pixels(group, plot.dims, signal.shape[1:])]
    if plot.beside:
        group.attrs["auxiliary_signals"] = [_name_of(written[key]) for key in plot.beside]
    for key in dict.fromkeys([plot.axis, *plot.indexed]):
        group.attrs[f"{_name_of(written[key])}_indices"] = 0
    if len(plot.dims) > 1:
        group.attrs["interpretation"] = "image"


def _number_pixels(group: h5py.Group, dims: tuple[str, ...], sizes: tuple[int, ...]) -> list[str]:
    """Write coordinates of a frame's axes: not every reader knows ``.``, which stands for none."""
    wanted = dims if len(set(dims)) == len(dims) else tuple(f"dim_{n}" for n in range(len(dims)))
    names = list(safe_names(wanted, taken=list(group)).values())
    for name, size in zip(names, sizes, strict=True):
        group[name] = np.arange(size)
        group[name].attrs["units"] = "pixel"
    return names


def _name_of(dataset: h5py.Dataset) -> str:
    return str(dataset.name).rpartition("/")[2]
