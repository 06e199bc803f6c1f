"""TIFF files as software of light microscopes leaves them, small and the same every time."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

__all__ = [
    "write_imagej_hyperstack",
    "write_metamorph_series",
    "write_metamorph_stack",
    "write_micro_manager_folder",
    "write_micro_manager_stacks",
    "write_ndtiff",
    "write_ome_companion",
    "write_ome_set",
    "write_ome_tiff",
]

SHAPE = (12, 16)
_PAGE_METADATA = 51123


def _plane(number: int) -> NDArray[np.uint16]:
    return np.random.default_rng(number).integers(100, 4000, SHAPE, np.uint16)


# ImageJ ----------------------------------------------------------------------------------------


def write_imagej_hyperstack(folder: Path) -> list[Path]:
    """Write 2 frames of 3 slices in 2 channels, with labels, as ImageJ saves them.

    Examples
    --------
    >>> import tempfile
    >>> [path.name for path in write_imagej_hyperstack(Path(tempfile.mkdtemp()))]
    ['mitosis.tif']
    """
    path = folder / "mitosis.tif"
    planes = np.stack([_plane(number) for number in range(12)]).reshape(2, 3, 2, *SHAPE)
    tifffile.imwrite(
        path,
        planes,
        imagej=True,
        resolution=(2.0, 4.0),
        metadata={
            "axes": "TZCYX",
            "spacing": 0.5,
            "unit": "um",
            "finterval": 2.0,
            "tunit": "min",
            "Labels": [f"plane {number}\nsecond line" for number in range(12)],
            "Info": "Lens = 63x oil",
        },
    )
    return [path]


# MetaMorph -------------------------------------------------------------------------------------

METAMORPH_SETTINGS = "\r\n".join(
    [
        "Experiment base name:wound healing",
        "Barcode:BR00021380",
        "Exposure: {exposure} ms",
        "Binning: 2 x 2",
        "Acquired from Photometrics",
        "Gain: Gain 2 (4x)",
        "Temperature: -6.25",
    ]
)


def write_metamorph_series(folder: Path) -> list[Path]:
    """Write three images, a second and a longer exposure from one to the next.

    Examples
    --------
    >>> import tempfile
    >>> [path.name for path in write_metamorph_series(Path(tempfile.mkdtemp()))]
    ['wound_t1.tif', 'wound_t2.tif', 'wound_t3.tif']
    """
    paths = []
    for number in (1, 2, 3):
        paths.append(folder / f"wound_t{number}.tif")
        tifffile.imwrite(
            paths[-1],
            _plane(number),
            metadata=None,
            description=METAMORPH_SETTINGS.format(exposure=100 * number),
            datetime=f"2010:03:05 12:08:5{number}",
            software="MetaMorph 7.8.0.0",
        )
    return paths


def write_metamorph_stack(folder: Path) -> list[Path]:
    """Write a stack (STK): one page whose private tags tell of three planes, half a µm apart.

    Examples
    --------
    >>> import tempfile
    >>> [path.name for path in write_metamorph_stack(Path(tempfile.mkdtemp()))]
    ['depth.stk']
    """
    path = folder / "depth.stk"
    file = _Tiff()
    count = 3
    uic1 = struct.pack(
        "<12I",
        *(3, 1),  # calibrated
        *(4, file.place(struct.pack("<2I", 325, 1000))),
        *(5, file.place(struct.pack("<2I", 325, 1000))),
        *(6, file.place(_pascal("um"))),
        *(7, file.place(_pascal("GFP"))),
        *(27, 525),
    )
    uic2 = b"".join(
        struct.pack("<6I", *(number, 2), *(JULIAN_DAY, 43_732_000 + 1000 * number), *(0, 0))
        for number in range(count)
    )
    places = struct.pack("<12I", *(1000, 10, 2000, 10) * count)
    depths = struct.pack("<6I", *(value for n in range(count) for value in (100 + 5 * n, 10)))
    labels = b"".join(_pascal(f"site {number}") for number in range(count))
    uic4 = b"\x1c\0" + places + b"\x28\0" + depths + b"\x25\0" + labels + b"\0\0"
    file.add_page(
        [_plane(number) for number in range(count)],
        {
            270: (2, "\0".join([METAMORPH_SETTINGS.format(exposure=50)] * count).encode() + b"\0"),
            305: (2, b"MetaMorph 7.8.0.0\0"),
            306: (2, b"2010:03:05 12:08:52\0"),
            33628: (4, uic1, 6),
            33629: (5, uic2, count),
            33630: (5, struct.pack("<6I", *(525, 1) * count), count),
            33631: (4, uic4, count),
        },
    )
    path.write_bytes(file.content())
    return [path]


JULIAN_DAY = 2455261
"""2010-03-05."""


def _pascal(text: str) -> bytes:
    return struct.pack("<I", len(text) + 1) + text.encode() + b"\0"


class _Tiff:
    """A TIFF file with whatever tags somebody's software would write."""

    _SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8}  # noqa: RUF012 # a table

    def __init__(self, header: bytes = b"") -> None:
        self._bytes = bytearray(b"II*\0\0\0\0\0" + header)
        self._link = 4

    def place(self, data: bytes) -> int:
        """Append bytes; return where they lie."""
        self._bytes += bytes(len(self._bytes) % 2)
        self._bytes += data
        return len(self._bytes) - len(data)

    def patch(self, at: int, data: bytes) -> None:
        """Write over bytes."""
        self._bytes[at : at + len(data)] = data

    def add_page(
        self, planes: Sequence[NDArray[Any]], tags: dict[int, tuple[Any, ...]]
    ) -> tuple[int, int]:
        """Append a page, the planes one behind the other; return where IFD and pixels lie."""
        pixels = self.place(b"".join(plane.tobytes() for plane in planes))
        height, width = planes[0].shape
        own = {256: width, 257: height, 258: 16, 259: 1, 262: 1, 273: pixels, 277: 1, 278: height}
        own[279] = planes[0].nbytes
        entries = {code: (4, struct.pack("<I", value)) for code, value in own.items()} | tags
        packed = []
        for code, (kind, raw, *counted) in sorted(entries.items()):
            count = counted[0] if counted else len(raw) // self._SIZES[kind]
            value = raw.ljust(4, b"\0") if len(raw) <= 4 else struct.pack("<I", self.place(raw))
            packed.append(struct.pack("<HHI", code, kind, count) + value)
        ifd = self.place(struct.pack("<H", len(packed)) + b"".join(packed) + bytes(4))
        self.patch(self._link, struct.pack("<I", ifd))
        self._link = len(self._bytes) - 4
        return ifd, pixels

    def content(self) -> bytes:
        """Return the file."""
        return bytes(self._bytes)


# Micro-Manager ---------------------------------------------------------------------------------

SUMMARY = {
    "Prefix": "fibroblasts",
    "UserName": "Ada",
    "StartTime": "2018-10-03 13:54:41 -0700",
    "ChNames": ["DAPI", "FITC"],
    "z-step_um": 0.5,
    "WaitInterval": 5000,
    "MicroManagerVersion": "2.0.1",
}


def _image_metadata(number: int, **more: Any) -> dict[str, Any]:
    return {
        "Camera": "Andor",
        "BitDepth": 12,
        "Binning": 2,
        "Exposure-ms": 30,
        "ElapsedTime-ms": 1250.0 * number,
        "PixelSizeUm": 0.65,
        "XPositionUm": 100.0,
        "ZPositionUm": 10.0 + 0.5 * number,
        "Laser-Power": {"PropVal": f"{number % 2}.50", "PropType": "String"},
        "Objective-Label": "Nikon 10X S Fluor",
        **more,
    }


def write_ndtiff(folder: Path) -> list[Path]:
    """Write an NDTiff data set: two channels at two times, a stack and its index.

    Examples
    --------
    >>> import tempfile
    >>> [path.name for path in write_ndtiff(Path(tempfile.mkdtemp()))]
    ['fibroblasts_NDTiffStack.tif']
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "fibroblasts_NDTiffStack.tif"
    summary = json.dumps(SUMMARY).encode()
    file = _Tiff(struct.pack("<5I", 483729, 3, 3, 2355492, len(summary)) + summary)
    index = bytearray()
    for number, point in enumerate(
        {"channel": channel, "time": time} for time in (0, 1) for channel in ("DAPI", "FITC")
    ):
        text = json.dumps(_image_metadata(number, Axes=point)).encode()
        _, pixels = file.add_page([_plane(number)], {_PAGE_METADATA: (2, text)})
        for label in (json.dumps(point).encode(), path.name.encode()):
            index += struct.pack("<I", len(label)) + label
        index += struct.pack("<8I", pixels, SHAPE[1], SHAPE[0], 4, 0, 0, len(text), 0)
    path.write_bytes(file.content())
    (folder / "NDTiff.index").write_bytes(index)
    return [path]


def write_micro_manager_stacks(folder: Path) -> list[Path]:
    """Write image stacks of two stage positions, a file each: three slices, two channels.

    Examples
    --------
    >>> import tempfile
    >>> [path.name for path in write_micro_manager_stacks(Path(tempfile.mkdtemp()))]
    ['fibroblasts_MMStack_Pos0.ome.tif', 'fibroblasts_MMStack_Pos1.ome.tif']
    """
    summary = json.dumps(SUMMARY).encode()
    paths = []
    for position in (0, 1):
        paths.append(folder / f"fibroblasts_MMStack_Pos{position}.ome.tif")
        head = struct.pack("<8I", 54773648, 0, 0, 0, 0, 0, 2355492, len(summary))
        file = _Tiff(head + summary)
        rows = []
        for number in range(6):
            place = {"SliceIndex": number // 2, "ChannelIndex": number % 2, "FrameIndex": 0}
            more = {**place, "PositionIndex": position, "YPositionUm": 50.0 * position}
            text = json.dumps(_image_metadata(6 * position + number, **more)).encode()
            tags = {_PAGE_METADATA: (2, text)}
            if number == 0:
                tags[270] = (2, b'<?xml version="1.0"?><OME><Image/></OME>\0')
            ifd, _ = file.add_page([_plane(6 * position + number)], tags)
            rows.append((number % 2, number // 2, 0, position, ifd))
        table = b"".join(struct.pack("<5I", *row) for row in rows)
        at = file.place(struct.pack("<2I", 3453623, len(rows)) + table)
        file.patch(12, struct.pack("<I", at))
        paths[-1].write_bytes(file.content())
    return paths


def write_micro_manager_folder(folder: Path) -> list[Path]:
    """Write single images, two channels at two times, and ``metadata.txt``.

    Examples
    --------
    >>> import tempfile
    >>> write_micro_manager_folder(Path(tempfile.mkdtemp()))[0].name
    'img_channel000_position000_time000000000_z000.tif'
    """
    blocks: dict[str, Any] = {"Summary": SUMMARY}
    paths = []
    for number in range(4):
        time, channel = divmod(number, 2)
        name = f"img_channel{channel:03d}_position000_time{time:09d}_z000.tif"
        paths.append(folder / name)
        tifffile.imwrite(paths[-1], _plane(number), imagej=True)
        point = {"position": 0, "time": time, "z": 0, "channel": channel}
        blocks[f"Coords-Default/{name}"] = point
        blocks[f"Metadata-Default/{name}"] = _image_metadata(number)
    (folder / "metadata.txt").write_text(json.dumps(blocks, indent=2), encoding="utf-8")
    return paths


# OME-TIFF --------------------------------------------------------------------------------------

_OME = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" UUID="urn:uuid:{uuid}">{body}'
    "</OME>"
)


def write_ome_tiff(folder: Path) -> list[Path]:
    """Write one OME-TIFF file, as tifffile does: 3 times, 2 channels.

    Examples
    --------
    >>> import tempfile
    >>> [path.name for path in write_ome_tiff(Path(tempfile.mkdtemp()))]
    ['yeast.ome.tif']
    """
    path = folder / "yeast.ome.tif"
    planes = np.stack([_plane(number) for number in range(6)]).reshape(3, 2, *SHAPE)
    about = {
        "axes": "TCYX",
        "Name": "yeast in salt",
        "PhysicalSizeX": 0.65,
        "PhysicalSizeXUnit": "µm",
        "PhysicalSizeY": 0.65,
        "PhysicalSizeYUnit": "µm",
        "Channel": {"Name": ["DAPI", "GFP"], "EmissionWavelength": [461, 509]},
        "Plane": {
            "DeltaT": [0.0, 0.5, 10.0, 10.5, 20.0, 20.5],
            "ExposureTime": [0.1, 0.2] * 3,
            "PositionX": [100.0] * 6,
            "PositionXUnit": ["µm"] * 6,
        },
    }
    tifffile.imwrite(path, planes, ome=True, metadata=about, photometric="minisblack")
    return [path]


def _ome_image(number: int, files: Iterable[str]) -> str:
    """Describe an image of two channels at two times; each plane is the page of a file."""
    data, told = "", ""
    for plane, name in enumerate(files):
        t, c = divmod(plane, 2)
        place = f'FirstT="{t}" FirstC="{c}" IFD="0" PlaneCount="1"'
        data += f'<TiffData {place}><UUID FileName="{name}">urn:uuid:{name}</UUID></TiffData>'
        told += f'<Plane TheT="{t}" TheC="{c}" TheZ="0" DeltaT="{1.5 * t}" PositionZ="{5 + t}"/>'
    return (
        f'<Image ID="Image:{number}" Name="cycle {number}">'
        f"<AcquisitionDate>2022-01-25T01:09:{10 * number:02d}</AcquisitionDate>"
        f'<Pixels ID="Pixels:{number}" DimensionOrder="XYZCT" Type="uint16" SizeX="{SHAPE[1]}" '
        f'SizeY="{SHAPE[0]}" SizeZ="1" SizeC="2" SizeT="2"><Channel ID="Channel:{number}:0" '
        f'Name="Ch1"/><Channel ID="Channel:{number}:1" Name="Ch2"/>{data}{told}</Pixels></Image>'
    )


def write_ome_set(folder: Path) -> list[Path]:
    """Write a set of single images: two cycles of two channels at two times.

    Each file holds the OME-XML of all.

    Examples
    --------
    >>> import tempfile
    >>> [path.name for path in write_ome_set(Path(tempfile.mkdtemp()))][0]
    'Cycle1_Ch1_000001.ome.tif'
    """
    names = [
        [f"Cycle{cycle}_Ch{c}_{t:06d}.ome.tif" for t in (1, 2) for c in (1, 2)] for cycle in (1, 2)
    ]
    body = "".join(_ome_image(number, of_cycle) for number, of_cycle in enumerate(names))
    paths = []
    for number, name in enumerate(name for of_cycle in names for name in of_cycle):
        paths.append(folder / name)
        xml = _OME.format(uuid=name, body=body)
        tifffile.imwrite(paths[-1], _plane(number), metadata=None, description=xml)
    return paths


def write_ome_companion(folder: Path) -> list[Path]:
    """Write four images whose OME-XML lies in a file beside them; that one comes last.

    Examples
    --------
    >>> import tempfile
    >>> [path.name for path in write_ome_companion(Path(tempfile.mkdtemp()))][-1]
    'cells.companion.ome'
    """
    names = [f"cells_{number}.ome.tif" for number in range(4)]
    companion = folder / "cells.companion.ome"
    paths = []
    for number, name in enumerate(names):
        paths.append(folder / name)
        body = f'<BinaryOnly MetadataFile="{companion.name}" UUID="urn:uuid:companion"/>'
        xml = _OME.format(uuid=name, body=body)
        tifffile.imwrite(paths[-1], _plane(number), metadata=None, description=xml)
    xml = _OME.format(uuid="companion", body=_ome_image(0, names))
    companion.write_text(xml, encoding="utf-8")
    return [*paths, companion]
