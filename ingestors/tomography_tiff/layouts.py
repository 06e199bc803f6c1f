"""How facilities lay out the TIFF files of a tomography: names and folders tell the roles.

After the readers of facilities' recipes in dxchange, and of Mantid Imaging, NeuNorm and Savu.
"""

from __future__ import annotations

from ...core.registry import Layout, Role

__all__ = ["BY_LOG", "BY_NAME"]


def _layout(
    projections: str,
    flats: str,
    darks: str,
    log: str = "",
    *,
    counts: tuple[str, ...] = ("index",),
) -> Layout:
    roles = [
        Role("projections", projections),
        Role("flats", flats, parameter="flats"),
        Role("darks", darks, parameter="darks", optional=True),
    ]
    if log:
        roles.append(Role("log", log, parameter="log", many=False, optional=True))
    return Layout(tuple(roles), counts)


def _by_name(suffix: str) -> tuple[Layout, ...]:
    return (
        _layout(  # ALS 8.3.2
            f"{{name}}_{{cycle:d}}_{{index:d}}{suffix}",
            f"{{name}}bak_{{cycle:d}}_{{index:d}}{suffix}",
            f"{{name}}drk_{{cycle:d}}_{{index:d}}{suffix}",
            "{name}.sct",
            counts=("index", "cycle"),
        ),
        _layout(  # ANKA TOPO-TOMO, APS 8-BM
            f"radios/{{stem}}_{{index:d}}{suffix}",
            f"flats/{{flat}}_{{index:d}}{suffix}",
            f"darks/{{dark}}_{{index:d}}{suffix}",
        ),
        _layout(  # PETRA III P05: the number of a scan is its role
            f"scan_0002/ccd/{{camera}}/ccd_{{index:d}}{suffix}",
            f"scan_0001/ccd/{{camera}}/ccd_{{index:d}}{suffix}",
            f"scan_0000/ccd/{{camera}}/ccd_{{index:d}}{suffix}",
        ),
        _layout(  # Elettra SYRMEP
            f"tomo_{{index:d}}{suffix}",
            f"flat_{{index:d}}{suffix}",
            f"dark_{{index:d}}{suffix}",
        ),
        _layout(  # Australian Synchrotron: BEFORE and AFTER
            f"SAMPLE_T_{{index:d}}{suffix}",
            f"BG__{{when}}_{{index:d}}{suffix}",
            f"DF__{{when}}_{{index:d}}{suffix}",
        ),
        _layout(  # ISIS IMAT: Before and After
            f"Tomo/{{stem}}_{{index:d}}{suffix}",
            f"Flat_{{when}}/{{flat}}_{{index:d}}{suffix}",
            f"Dark_{{when}}/{{dark}}_{{index:d}}{suffix}",
            "Tomo{tail}log.txt",
        ),
        _layout(  # Diamond I12
            f"im_{{index:d}}{suffix}",
            f"flat_{{index:d}}{suffix}",
            f"dark_{{index:d}}{suffix}",
        ),
        _layout(  # Diamond, as Savu takes it
            f"tiffs/raw_{{index:d}}{suffix}",
            f"flat_{{index:d}}{suffix}",
            f"dark_{{index:d}}{suffix}",
            "angles.txt",
        ),
        _layout(  # neutron imaging at ORNL, as NeuNorm takes it: open beam, dark field
            f"sample/{{stem}}{suffix}",
            f"ob/{{flat}}{suffix}",
            f"df/{{dark}}{suffix}",
            counts=("stem", "flat", "dark"),
        ),
    )


BY_NAME = _by_name(".tif") + _by_name(".tiff")
"""Where names or folders tell the role of every file."""

BY_LOG = (
    Layout(  # SLS TOMCAT: how many there are of each
        (
            Role("frames", "{name}{index:04d}.tif"),
            Role("log", "{name}.log", parameter="log", many=False),
        )
    ),
    Layout(  # APS 1-ID: the number of each
        (
            Role("frames", "{name}{index:06d}.tif"),
            Role("log", "{name}TomoStillScan.dat", parameter="log", many=False),
        )
    ),
)
"""Where one counter runs through all frames, and a log tells which are what."""
