"""Write images as electron microscopes and streak cameras save them: few pixels, true metadata."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import tifffile
from numpy.typing import NDArray

__all__ = [
    "write_gatan",
    "write_gatan_stack",
    "write_hamamatsu_streak",
    "write_hitachi_sem",
    "write_jeol_tem",
    "write_thermo_sem",
    "write_tvips",
    "write_velox",
    "write_zeiss_sem",
    "write_zeiss_stack",
]

_XT = """[User]
Date=06/13/2016
Time=05:06:{second:02d} PM
User=ada
UserText=fracture {number}

[System]
Type=DualBeam
SystemType=Helios NanoLab

[Beam]
HV=5000
Spot=
Beam=EBeam

[EBeam]
BeamCurrent=6.25e-012
ApertureDiameter=3.2e-005

[Scan]
Dwelltime=1e-005
PixelWidth=3.3724e-006
PixelHeight=3.3724e-006
HorFieldsize=5.4e-005
FrameTime=2.62

[Stage]
StageX={x}
StageY=-0.000194177
StageZ=0.007965
StageR=-2.3611
StageT=6.54498e-006
WorkingDistance=0.00403466

[Detectors]
Number=1
Name=ETD
Mode=SE

[PrivateFei]
TimeOfCreation=13.06.2016 17:06:{second:02d}
"""
_SMARTSEM = """0
0
5.8e-09
AP_WD
WD = 3.9 mm
AP_MAG
Mag = 50.00 K X
AP_ACTUALKV
EHT =  5.00 kV
AP_PIXEL_SIZE
Pixel Size = 5.825 nm
AP_STAGE_AT_X
Stage at X = {x} mm
AP_STAGE_AT_T
Stage at T =  0.0 °
DP_DETECTOR_CHANNEL
Signal A = InLens
AP_DATE
Date :25 Sep 2018
AP_TIME
Time :8:20:{second:02d}
SV_SAMPLE_ID
Sample ID = wafer 7
SV_USER_NAME
User Name = ADA
"""
_REPORT = """<?xml version="1.0"?>\r
<TemReporter xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\r
  <Instruments>JEM-ARM200F</Instruments>\r
  <DateTime>2019-11-27T16:11:26.6205405+09:00</DateTime>\r
  <Operator>Ada</Operator>\r
  <Specimen>gold on carbon</Specimen>\r
  <ElectronGun>\r
    <AccelerationVoltage>200000</AccelerationVoltage>\r
    <EmissionCurrent>158.9</EmissionCurrent>\r
  </ElectronGun>\r
  <ImageFormingSystem>\r
    <ModeString>MAG</ModeString>\r
    <SelectorValue>150000</SelectorValue>\r
    <SelectorUnitString>X</SelectorUnitString>\r
    <DefocusValue>-20.0 nm</DefocusValue>\r
  </ImageFormingSystem>\r
</TemReporter>\r
"""
_HPD_TA = (
    '[Application],Enconding=UTF-8,Date="09/02/2022",Time="18:14:40.155",Software="HPD-TA"\r\n'
    '[Camera],CameraName="C13440-20CU",BinningKeyVal="2 x 2"\r\n'
    "[Acquisition],NrExposure=100,ExposureTime=150 ms,ZAxisUnit=Count\r\n"
    '[Grabber],Type=5[DisplayLUT],EntrySize=4,BitRange="16 bit"\r\n'
    '[Streak camera],DeviceName="C10910",Time Range="4",Mode="Operate",MCP Gain="63"\r\n'
    '[Spectrograph],DeviceName="Insight-H",Wavelength="237",Ruling="1200"\r\n'
    '[Scaling],ScalingXType=1,ScalingXScale=0.5,ScalingXUnit="nm",ScalingYType=2,ScalingYUnit="ps"'
)
_SETTINGS = """[SemImageFile]
InstructName=S-4800
SampleName=s2
Date=11/14/2018
Time=10:26:06
PixelSize=1.984375
SignalName=SE(U,LA0)
AcceleratingVoltage=3500 Volt
Magnification=50000
WorkingDistance=2800 um
EmissionCurrent=4700 nA
StagePositionX=35274000
Comment=
"""


def write_thermo_sem(directory: str | Path, count: int = 2) -> list[Path]:
    """Write images of a dual-beam microscope whose stage moves on between them.

    Examples
    --------
    >>> [path.name for path in write_thermo_sem("xt")]
    ['fracture_001.tif', 'fracture_002.tif']
    """
    paths = []
    for number in range(1, count + 1):
        text = _XT.format(number=number, second=number, x=number * 1e-5).replace("\n", "\r\n")
        extra = [(34682, 2, None, text, True)]
        paths.append(_write(directory, f"fracture_{number:03d}.tif", _image(number), extra))
    return paths


def write_zeiss_sem(directory: str | Path, count: int = 2) -> list[Path]:
    """Write images of SmartSEM whose stage moves on between them.

    Examples
    --------
    >>> [path.name for path in write_zeiss_sem("smartsem")]
    ['wafer_01.tif', 'wafer_02.tif']
    """
    return [
        _write(directory, f"wafer_{number:02d}.tif", _image(number), [_smartsem(number)])
        for number in range(1, count + 1)
    ]


def write_zeiss_stack(directory: str | Path) -> list[Path]:
    """Write one file of SmartSEM with two images.

    Examples
    --------
    >>> [path.name for path in write_zeiss_stack("smartsem")]
    ['wafer.tif']
    """
    path = _path(directory, "wafer.tif")
    with tifffile.TiffWriter(path) as file:
        for number in (1, 2):
            file.write(_image(number), metadata=None, extratags=[_smartsem(number)])
    return [path]


def _smartsem(number: int) -> tuple[Any, ...]:
    raw = _SMARTSEM.format(x=60 + number, second=40 + number).replace("\n", "\r\n")
    content = raw.encode("latin-1")
    return (34118, 7, len(content), content, True)


def write_jeol_tem(directory: str | Path) -> list[Path]:
    """Write an image of a transmission electron microscope, with its report.

    Examples
    --------
    >>> [path.name for path in write_jeol_tem("jeol")]
    ['gold.tif']
    """
    extra = [
        (270, 2, None, _REPORT, True),
        (271, 2, None, "JEOL Ltd.", True),
        (272, 2, None, "JEM-ARM200F", True),
        (306, 2, None, "2019/11/27 16:11", True),
    ]
    return [_write(directory, "gold.tif", _image(1), extra)]


def write_tvips(directory: str | Path) -> list[Path]:
    """Write an image of an EM-MENU camera.

    Examples
    --------
    >>> [path.name for path in write_tvips("tvips")]
    ['oxide.tif']
    """
    path = _write(directory, "oxide.tif", _image(1), [(37706, 4, 1, 0, True)])
    # The tag holds where in the file the header begins.
    raw = path.read_bytes()
    at = raw.index(struct.pack("<HHI", 37706, 4, 1)) + 8
    path.write_bytes(raw[:at] + struct.pack("<I", len(raw)) + raw[at + 4 :] + _tvips_header())
    return [path]


def _tvips_header() -> bytes:
    """Return a header in its two parts, as tifffile knows their layout."""
    told: dict[str, Any] = {
        "Version": 2,
        "Magic": 0xAAAAAAAA,
        "TemHighTension": 80000.0,
        "TemMagnification": 20000.0,
        "ExposureTime": 400.0,
        "PixelSizeX": 1.5,
        "PixelSizeY": 1.5,
        "BinningX": 4,
        "Date": (2017 << 16) + (4 << 8) + 12,
        "Time": 36000,
    }
    texts = {"CameraType": "F416", "ImageName": "oxide"}
    parts = []
    for layout in (tifffile.TIFF.TVIPS_HEADER_V1, tifffile.TIFF.TVIPS_HEADER_V2):
        header = np.zeros(1, np.dtype(layout).newbyteorder("<"))
        names = header.dtype.names or ()
        for name, value in told.items():
            if name in names:
                header[name] = value
        for name, text in texts.items():
            if name in names:
                raw = text.encode("utf-16-le").ljust(header.dtype[name].itemsize, b"\0")
                header[name] = np.frombuffer(raw, header.dtype[name])[0]
        parts.append(header.tobytes())
    return b"".join(parts)


def write_velox(directory: str | Path, count: int = 3) -> list[Path]:
    """Write the images that a camera of a Titan took while its stage tilted.

    Examples
    --------
    >>> [path.name for path in write_velox("velox")]
    ['tilting.emd']
    """
    path = _path(directory, "tilting.emd")
    with h5py.File(path, "w", track_order=False) as file:
        file["Version"] = [b'{"version": "8", "format": "Velox"}']
        group = file.create_group("Data/Image/26f60320a61d4f66a73efd8cde34ffa9")
        frames = np.stack([_image(number) for number in range(count)], axis=-1).astype(np.int16)
        group.create_dataset("Data", data=frames, chunks=(12, 16, 1))
        table = np.zeros((4000, count), np.uint8)
        for number in range(count):
            raw = json.dumps(_velox_metadata(number)).encode()
            table[: len(raw), number] = np.frombuffer(raw, np.uint8)
        group.create_dataset("Metadata", data=table, chunks=(4000, 1), compression="gzip")
    return [path]


def _velox_metadata(number: int) -> dict[str, Any]:
    camera = "Detectors[BM-Ceta]"
    return {
        "Instrument": {"Manufacturer": "FEI Company", "InstrumentModel": "Titan"},
        "Acquisition": {"AcquisitionStartDatetime": {"DateTime": "1575540224"}},
        "Optics": {"AccelerationVoltage": "300000", "Defocus": "3.02e-08"},
        "Stage": {"Position": {"x": "1.25e-05"}, "AlphaTilt": f"{-0.25 + 0.125 * number}"},
        "Detectors": {
            "Detector-0": {
                "DetectorName": "BM-Ceta",
                "Binning": {"width": "2", "height": "2"},
                "ExposureTime": "0.8",
            }
        },
        "BinaryResult": {
            "Detector": "BM-Ceta",
            "PixelSize": {"width": "8.17e-12", "height": "8.17e-12"},
            "PixelUnitX": "m",
            "PixelUnitY": "m",
        },
        "Sample": "",
        "CustomProperties": {
            f"{camera}.SaturationPoint": {"type": "long", "value": "8425"},
            f"{camera}.TimeStamp": {"type": "int64", "value": f"{1575540226000000 + number}"},
        },
    }


def write_hamamatsu_streak(directory: str | Path) -> list[Path]:
    """Write an image of a streak camera.

    Examples
    --------
    >>> [path.name for path in write_hamamatsu_streak("hpd-ta")]
    ['laser.tif']
    """
    extra = [
        (270, 2, None, _HPD_TA, True),
        (305, 2, None, "HPD-TA 9.5 pf4", True),
        (306, 2, None, "2022:02:09 18:39:41", True),
    ]
    return [_write(directory, "laser.tif", _image(1), extra)]


def write_hitachi_sem(directory: str | Path) -> list[Path]:
    """Write an image, and the settings file that says how it was taken.

    Examples
    --------
    >>> [path.name for path in write_hitachi_sem("hitachi")]
    ['film_q07.tif', 'film_q07.txt']
    """
    image = _write(directory, "film_q07.tif", _image(1), [])
    settings = image.with_suffix(".txt")
    settings.write_bytes(_SETTINGS.replace("\n", "\r\n").encode("latin-1"))
    return [image, settings]


def write_gatan(directory: str | Path) -> list[Path]:
    """Write an image as DigitalMicrograph exports it.

    Examples
    --------
    >>> [path.name for path in write_gatan("gatan")]
    ['pores.tif']
    """
    return [_write(directory, "pores.tif", _image(1), _scales())]


def write_gatan_stack(directory: str | Path) -> list[Path]:
    """Write a stack of two images as DigitalMicrograph exports it.

    Examples
    --------
    >>> [path.name for path in write_gatan_stack("gatan")]
    ['drift.tif']
    """
    path = _path(directory, "drift.tif")
    with tifffile.TiffWriter(path) as file:
        for number in (1, 2):
            file.write(_image(number), metadata=None, extratags=[*_scales(), *_frame_scale()])
    return [path]


def _scales() -> list[tuple[Any, ...]]:
    unit = "µm".encode()
    return [
        (65003, 2, len(unit) + 1, unit + b"\0", True),
        (65004, 2, len(unit) + 1, unit + b"\0", True),
        (65006, 12, 1, 12.0, True),
        (65007, 12, 1, -0.0, True),
        (65009, 12, 1, 0.25, True),
        (65010, 12, 1, 0.25, True),
    ]


def _frame_scale() -> list[tuple[Any, ...]]:
    return [(65005, 2, None, "s", True), (65008, 12, 1, -0.0, True), (65011, 12, 1, 2.5, True)]


def _image(number: int) -> NDArray[np.uint16]:
    return np.arange(12 * 16, dtype=np.uint16).reshape(12, 16) + np.uint16(1000 * number)


def _path(directory: str | Path, name: str) -> Path:
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    return folder / name


def _write(
    directory: str | Path, name: str, image: NDArray[np.uint16], extra: list[tuple[Any, ...]]
) -> Path:
    path = _path(directory, name)
    tifffile.imwrite(
        path, image, photometric="minisblack", metadata=None, software=False, extratags=extra
    )
    return path
