"""How the field names its files: one folder for each convention, and what is in it.

The tests hold matching to it, and ``benchmarks/conventions.py`` prints it as a table.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, product
from pathlib import Path
from typing import Literal

import h5py
import numpy as np
import tifffile

from penstock.core.matching import Plan, match
from penstock.core.matching.grouping import regroup

__all__ = ["CONVENTIONS", "Convention", "Outcome", "spell", "try_out"]

Verdict = Literal["right", "apart", "undecided", "wrong"]


@dataclass(frozen=True)
class Convention:
    """Acquisitions in one folder; the files of each as parts, each part in its order.

    Verdicts: *right*: each part is one run, or each acquisition whole. *apart*: nothing is
    together that does not belong together, but a part is several runs until an ingestor declares
    how its files are laid out, or somebody chooses the reading "merged". *undecided*: names
    cannot tell one acquisition from several; they are taken as one, and the reading "split" gives
    the several. *wrong*: different acquisitions are one run, and there is no such reading.
    """

    id: str
    spelling: str
    acquisitions: tuple[tuple[str, ...], ...]
    """For each acquisition its parts (roles, detectors), spelled with ``{first..last}``."""
    beside: tuple[str, ...] = ()
    """Sidecars and other files that are no run."""
    logs: tuple[str, ...] = ()
    """Files that come with an acquisition: its run has them, and no frames in them."""
    verdict: Verdict = "right"
    remark: str = ""


def spell(pattern: str) -> list[str]:
    """Return the names that a pattern spells, the last number being the fastest.

    ``|`` parts several patterns; ``{1..3}`` are numbers, padded as the first is.
    """
    names: list[str] = []
    for part in pattern.split("|"):
        pieces = re.split(r"\{([0-9]+)\.\.([0-9]+)\}", part)
        texts = pieces[::3]
        axes = [
            [f"{n:0{len(first)}d}" for n in range(int(first), int(last) + 1)]
            for first, last in zip(pieces[1::3], pieces[2::3], strict=True)
        ]
        names += [
            "".join(t + n for t, n in zip(texts, [*numbers, ""], strict=True))
            for numbers in product(*axes)
        ]
    return names


def each(pattern: str) -> tuple[tuple[str, ...], ...]:
    """Return an acquisition for each name that a pattern spells."""
    return tuple((name,) for name in spell(pattern))


@dataclass(frozen=True)
class Outcome:
    """What matching makes of a convention's folder."""

    plan: Plan
    verdict: Verdict
    is_ordered: bool
    runs: tuple[tuple[str, ...], ...]
    """The files of each run, relative to the folder, in the order of the claim."""
    unclaimed: set[str]

    @property
    def groups(self) -> int:
        """How many groups there are, whatever became of them."""
        return len(self.plan.decisions) + len(self.plan.unclaimed)


def try_out(convention: Convention, folder: Path) -> Outcome:
    """Write a convention's files, match them, and compare the runs with its acquisitions."""
    data = folder / "data"
    _write(convention, data, _contents(folder, pages=2 if convention.id in _STACKS else 1))
    plan = match(data)
    real = os.path.realpath(data)
    runs = tuple(
        tuple(
            name
            for file in claim.files
            if (name := os.path.relpath(file, real)) not in convention.logs
        )
        for claim in plan.claims()
    )
    unclaimed = {os.path.relpath(file, real) for item in plan.unclaimed for file in item.files}
    parts = [part for _, part in _parts(convention)]
    order = [name for part in parts for name in part]
    in_order = all(list(run) == sorted(run, key=order.index) for run in runs)
    return Outcome(plan, _judge(convention, plan, runs), in_order, runs, unclaimed)


def _judge(convention: Convention, plan: Plan, runs: Sequence[Sequence[str]]) -> Verdict:
    parts = [part for _, part in _parts(convention)]
    whole = [
        {name for part in acquisition for name in spell(part)}
        for acquisition in convention.acquisitions
    ]
    units = {frozenset(unit) for unit in (*parts, *whole)}
    taken = sorted(name for run in runs for name in run)
    if all(frozenset(run) in units for run in runs) and taken == sorted(chain(*parts)):
        return "right"
    if all(set(run) <= set(_find(parts, run[0])) for run in runs):
        return "apart"
    groups = [decision.group for decision in plan.decisions]
    split = [
        {os.path.basename(name) for name in part.names}
        for group in groups
        if len(group.names) > 1 and not group.roles
        for part in regroup(group, "split", groups)
    ]
    if {frozenset(names) for names in split} == {frozenset(part) for part in parts}:
        return "undecided"
    return "wrong"


def _parts(convention: Convention) -> list[tuple[int, list[str]]]:
    """Return the files of each part, with the number of its acquisition."""
    acquisitions = enumerate(convention.acquisitions)
    return [(number, spell(part)) for number, parts in acquisitions for part in parts]


def _find(parts: list[list[str]], name: str) -> list[str]:
    """Return the part that a file is in."""
    return next(part for part in parts if name in part)


_STACKS = ("mm-stack", "ndtiff")


def _write(convention: Convention, data: Path, contents: dict[str, bytes]) -> None:
    names = [name for _, part in _parts(convention) for name in part]
    others = (*convention.beside, *convention.logs)
    for name in (*names, *others):
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        suffix = "" if name in others else os.path.splitext(name)[1].lower()
        (data / name).write_bytes(contents.get(suffix, b"# nothing to ingest\n"))


def _contents(folder: Path, pages: int) -> dict[str, bytes]:
    tifffile.imwrite(folder / "image", np.zeros((pages, 2, 3), "u2"), photometric="minisblack")
    with h5py.File(folder / "tree", "w") as file:
        file["images"] = np.zeros((2, 2, 3), "u2")
    image, tree = (folder / "image").read_bytes(), (folder / "tree").read_bytes()
    return {
        **dict.fromkeys((".tif", ".tiff", ".mccd"), image),
        **dict.fromkeys((".h5", ".hdf5", ".hdf", ".nxs"), tree),
    }


_UIDS = ("5b1b6f0e-3c6d-4a0f-8f5e-0d6c7a9b2e11", "5b1b6f0e-c412-4a0f-8f5e-0d6c7a9b2e12")
_MM = "1.4compatTest_3_MMStack_1-Pos_000"
_XPD = "sub_20170626-150911_Ni_Tim_series_tseries_1"

CONVENTIONS = (
    Convention(
        "epics-ad",
        "%s%s_%3.3d.tif, %s%s_%3.3d.h5, or no number",
        (
            ("Fe3O4C_M1_map_1_P1_E1_{001..012}.tif",),
            ("Fe3O4C_M1_map_1_P1_E2_{001..012}.tif",),
            ("Fe3O4C_M1_map_2_P1_E1_{001..003}.tif",),
            ("alignment.tif",),
            *each("Fe3O4C_{001..002}.h5"),
        ),
    ),
    Convention(
        "pilatus-camserver",
        "<base>_<n>.tif, padded as the base name says, from any start",
        (
            ("GdC_infl_{191..193}.tif",),
            ("LSCF_{190..191}.tif",),
            ("test6_{00000..00003}.tif",),
            ("test7_{014..016}.tif",),
            ("test{8..11}.tif",),
        ),
    ),
    Convention(
        "macchess-g1",
        "<spec>_<scan3>_<frame4>.tiff",
        (
            ("GI2_A9_19_001_{0000..0004}.tiff",),
            ("GI2_A9_19_002_{0000..0004}.tiff",),
            ("GI2_A9_19_003_{0000..0000}.tiff",),
            ("GI2_A9_20_001_{0000..0004}.tiff",),
        ),
        beside=("GI2_A9_19", "GI2_A9_20"),
        remark="equally long scans stay apart",
    ),
    Convention(
        "chess",
        "<spec>_<scan3>/<spec>_<det>_<scan3>_<frame3>.tiff",
        (
            ("test_scans_001/test_scans_det_001_{000..002}.tiff",),
            ("test_scans_002/test_scans_det_002_{000..002}.tiff",),
        ),
        beside=("test_scans", "det.poni"),
    ),
    Convention(
        "aps-usaxs-area",
        "<MM_DD_user>_saxs/<sample>_<order4>.hdf, the order running through samples",
        each(
            "02_21_Megan_saxs/PPOH_225C_1_0067.hdf|02_21_Megan_saxs/PPOH_225C_1_0071.hdf"
            "|02_21_Megan_saxs/PPOH_250C_2_0068.hdf|02_21_Megan_saxs/Blank_0069.hdf"
        ),
        remark="each file is a run: HDF5 files are taken one by one",
    ),
    Convention(
        "aps-usaxs-fly",
        "<MM_DD_user>_fly/S<scan>_<title>.h5",
        each(
            "08_14_fly/S48_Fullfield_350C.h5|08_14_fly/S49_Fullfield_350C.h5"
            "|08_14_fly/S50_Blank.h5|08_14_fly/S51_Blank.h5"
        ),
        beside=("08_14.dat",),
    ),
    Convention(
        "aps-1id-hedm",
        "<stem>_<n6>.tif, dark_<stem>_<n6>.tif",
        (
            ("CeO2_Pil_100x100_att000_650mm_71p676keV_{001956..001960}.tif",),
            ("CeO2_Pil_100x100_att000_650mm_61p332keV_{001961..001965}.tif",),
            ("dark_CeO2_Pil_100x100_att000_650mm_71p676keV_{001975..001976}.tif",),
        ),
        beside=("parameters.txt",),
    ),
    Convention(
        "aps-1id-tomo",
        "<name><n6>.tif without separator, one counter for all roles",
        (
            ("sand{000001..000012}.tif",),
            ("sand2{000001..000012}.tif",),
            ("sand3{000001..000012}.tif",),
        ),
        beside=("sandTomoStillScan.dat",),
        remark="roles are known to the log alone; names that end in a digit stay apart",
    ),
    Convention("aps-tomoscan-h5", "%s%s_%3.3d.h5", each("Test_R_{001..003}.h5")),
    Convention(
        "als-832-tif",
        "<name>_0000_0000.tif, <name>bak_…, <name>drk_…",
        (
            (
                "foam_0000_{0000..0004}.tif",
                "foambak_{0000..0001}_{0000..0001}.tif",
                "foamdrk_0000_{0178..0179}.tif",
            ),
        ),
        logs=("foam.sct",),
        remark="one run: projections, flats, darks, and the log of angles",
    ),
    Convention(
        "als-832-h5",
        "YYYYMMDD_HHMMSS_<user>_<sample>.h5",
        each(
            "20230606_151124_jong-seto_fungal-mycelia_roll-AQ_fungi1_fast.h5"
            "|20230606_151124_user_sample.h5|20230606_153000_user_sample.h5"
        ),
    ),
    Convention(
        "anka-topotomo",
        "radios/image_00000.tif, flats/…, darks/…",
        (
            (
                "radios/image_{00000..00004}.tif",
                "flats/image_{00000..00001}.tif",
                "darks/image_{00000..00001}.tif",
            ),
        ),
        remark="one run, roles as streams",
    ),
    Convention(
        "aus-imbl",
        "SAMPLE_T_0000.tif, BG__BEFORE_00.tif, DF__BEFORE_00.tif",
        (
            (
                "SAMPLE_T_{0000..0004}.tif",
                "BG__AFTER_{00..01}.tif",
                "BG__BEFORE_{00..01}.tif",
                "DF__BEFORE_{00..01}.tif",
            ),
        ),
        remark="one run, roles as streams",
    ),
    Convention(
        "dls-i12",
        "im_001000.tif, flat_000000.tif",
        (("im_{001000..001004}.tif", "flat_{000000..000001}.tif"),),
        remark="one run, roles as streams",
    ),
    Convention(
        "elettra-syrmep",
        "tomo_0001.tif, flat_1.tif, dark_1.tif",
        (("tomo_{0001..0012}.tif", "flat_{1..11}.tif", "dark_{1..3}.tif"),),
        remark="one run, roles as streams",
    ),
    Convention(
        "petra3-p05",
        "scan_0002/ccd/pco01/ccd_0000.tif",
        (
            (
                "scan_0002/ccd/pco01/ccd_{0000..0004}.tif",
                "scan_0001/ccd/pco01/ccd_{0000..0001}.tif",
                "scan_0000/ccd/pco01/ccd_{0000..0001}.tif",
            ),
        ),
        remark="one run, roles as streams",
    ),
    Convention(
        "sls-tomcat",
        "<name>0001.tif without separator, one counter for all roles",
        (("wood{0001..0012}.tif",), ("bone{0001..0012}.tif",)),
        beside=("wood.log", "bone.log"),
    ),
    Convention(
        "sls-tomcat, name and number run together",
        "<name2>0001.tif beside <name3>0001.tif",
        (("wood2{0001..0004}.tif",), ("wood3{0001..0004}.tif",)),
        verdict="undecided",
        remark="five digits read as one counter; that it is not consecutive is told",
    ),
    Convention(
        "lnls-imx",
        "tomo.h5, tomo_flat_before.h5, tomo_dark_before.h5",
        (("tomo.h5", "tomo_flat_before.h5", "tomo_dark_before.h5"),),
        remark="one run, roles as streams",
    ),
    Convention("nsls2-fxi", "<scan_type>_id_<scan_id>.h5", each("fly_scan_id_{9..11}.h5")),
    Convention(
        "nsls2-xpd",
        "<sample>_<time>_<variables>_<uid6>_<n4>.tiff",
        (
            (f"{_XPD}_e910af_{{0250..0254}}.tif",),
            (f"{_XPD}_491021_{{0250..0254}}.tif",),
            (f"{_XPD}_491022_{{0250..0254}}.tif",),
        ),
        remark="also where the short uid is all digits",
    ),
    Convention(
        "nsls2-cms",
        "<sample>_x<pos>_th<angle>_<time>s_<scan_id>_<det>.tiff",
        (
            (
                "BCP_x0.000_th0.120_30.00s_2357823_saxs.tiff",
                "BCP_x0.000_th0.120_30.00s_2357823_waxs.tiff",
            ),
            *each(
                "BCP_x0.000_th0.120_30.00s_2357824_saxs.tiff"
                "|BCP_x0.000_th0.150_30.00s_2357825_saxs.tiff"
                "|BCP_x0.100_th0.150_30.00s_2357826_saxs.tiff"
            ),
        ),
        remark="each scan id is a run, detectors apart",
    ),
    Convention(
        "nsls2-sst1-rsoxs",
        "<scan_id>-<sample>-<stream>-<detector>-<n>.tiff",
        (
            ("84210-P3HT-primary-Wide Angle CCD Detector-{0..11}.tiff",),
            ("84211-P3HT-primary-Wide Angle CCD Detector-{0..11}.tiff",),
        ),
        beside=("84210-P3HT.jsonl", "84210-P3HT-primary.csv"),
    ),
    Convention(
        "bluesky-suitcase-tiff",
        "<uid>-<stream>-<field>-<n>.tiff",
        (
            (
                f"{_UIDS[0]}-primary-det1_image-{{0..11}}.tiff",
                f"{_UIDS[0]}-primary-det2_image-{{0..11}}.tiff",
            ),
            (f"{_UIDS[1]}-primary-det1_image-{{0..11}}.tiff",),
        ),
        remark="detectors apart",
    ),
    Convention(
        "als-733", "<stem>.edf + <stem>.txt", (), beside=("AgBe_1.edf", "AgBe_1.txt", "AgBe_2.edf")
    ),
    Convention(
        "esrf-bliss",
        "<sample>_<dataset>.h5, scan0001/<det>_0000.h5",
        (("demoh5_dataset.h5", "scan0001/pilatus_{0000..0001}.h5"), ("demoh5_other.h5",)),
        verdict="apart",
        remark="HDF5 files are taken one by one until a layout joins master and data",
    ),
    Convention(
        "dectris-eiger",
        "series_<id>_master.h5 + series_<id>_data_000001.h5",
        (
            ("series_12_master.h5", "series_12_data_{000001..000003}.h5"),
            ("series_13_master.h5", "series_13_data_{000001..000003}.h5"),
        ),
        remark="the master stands for its data files: one run of all frames",
    ),
    Convention(
        "biocat-eiger",
        "<prefix>_data_000001.h5 without master",
        (("vac_007_data_{000001..000002}.h5",), ("vac_008_data_{000001..000002}.h5",)),
        beside=("vac_007.log", "vac_008.log"),
        remark="the ingestor hdf5-chunks takes the data files of one acquisition together",
    ),
    Convention(
        "petra3-lambda",
        "<prefix>_<scan5>_m<module>_part<5>.nxs",
        (
            (
                "testasapo1_1009_00002_m1_part{00000..00001}.nxs",
                "testasapo1_1009_00002_m2_part{00000..00001}.nxs",
            ),
        ),
        verdict="apart",
        remark="HDF5 files are taken one by one until a layout joins modules and parts",
    ),
    Convention(
        "dls-gda",
        "<n>.nxs + <n>-<det>-files/<n>.tif",
        (
            ("538039.nxs", "538039-pilatus100k-files/{00001..00003}.tif"),
            ("538040.nxs", "538040-pilatus100k-files/{00001..00003}.tif"),
        ),
        remark="master and images apart",
    ),
    Convention(
        "psi-pollux", "<type>_<date>_<n3>.hdf5", each("Sample_Image_2021-03-16_{095..096}.hdf5")
    ),
    Convention(
        "psi-neutron",
        "<sample>_0000.tif beside dc.tif, ob.tif; exposure and voltage in the stem",
        (
            ("edge20mm_{0000..0004}.tif", "dc.tif", "ob.tif"),
            (
                "fp150_x350_3s_5fps_60kV_150uA_{00001..00005}.tif",
                "ob_3s_5fps_60kV_150uA_{00001..00002}.tif",
                "dc_3s_5fps_60kV_150uA_{00001..00002}.tif",
            ),
            ("fp150_x400_3s_5fps_60kV_150uA_{00001..00005}.tif",),
        ),
        remark="roles apart",
    ),
    Convention(
        "ornl-cg1d",
        "<date>_<sample>_<exposure4>_<frame4>.tif",
        (
            ("normalized_20200107_sam1_D2O_LightOn_0030_{0021..0024}.tif",),
            ("normalized_20200107_sam1_D2O_LightOn_0060_{0021..0024}.tif",),
            ("normalized_20200107_sam2_D2O_LightOn_0030_{0021..0024}.tif",),
        ),
    ),
    Convention(
        "isis-imat",
        "Tomo/<prefix>_000.tif, Flat_Before/…, past its padding",
        (
            (
                "Tomo/IMAT_Cd_{998..1002}.tif",
                "Flat_Before/Flat_Before_{0000..0001}.tif",
                "Dark_After/Dark_After_{0000..0001}.tif",
            ),
            ("180deg/IMAT_Cd_180deg_{0000..0000}.tif",),
        ),
        beside=("Flat_Before_log.txt",),
        logs=("Tomo_log.txt",),
        remark="one run, roles as streams",
    ),
    Convention(
        "micro-manager-1.4",
        "img_<time9>_<channel>_<z3>.tif",
        (
            (
                "img_{000000000..000000002}_Cy3_{000..001}.tif",
                "img_{000000000..000000002}_FITC_{000..001}.tif",
            ),
        ),
        beside=("metadata.txt",),
        verdict="apart",
        remark="a time without a label is a scan number elsewhere",
    ),
    Convention(
        "micro-manager-2",
        "img_channel000_position000_time000000000_z000.tif",
        (("img_channel{000..001}_position{000..001}_time{000000000..000000002}_z{000..001}.tif",),),
        beside=("metadata.txt",),
    ),
    Convention(
        "mm-stack",
        "<prefix>_MMStack_<pos>[_N].ome.tif",
        ((f"{_MM}_{{000..001}}.ome.tif|{_MM}_000_1.ome.tif",),),
        beside=("1.4compatTest_3_MMStack_1-Pos_000_000_metadata.txt",),
        verdict="apart",
        remark="stacks are taken one by one until a layout joins positions",
    ),
    Convention(
        "ndtiff",
        "Full resolution/<name>_NDTiffStack.tif, Downsampled_x2/…",
        (
            (
                "Full resolution/Magellan_NDTiffStack.tif",
                "Downsampled_x2/Magellan_NDTiffStack.tif",
                "Downsampled_x4/Magellan_NDTiffStack.tif",
            ),
        ),
        beside=("Full resolution/NDTiff.index", "display_settings.txt"),
        remark="levels apart",
    ),
    Convention(
        "prairie-view",
        "TSeries-<name>_Cycle<5>_Ch<c>_<n6>.ome.tif",
        (
            ("TSeries-camp-005_Cycle{00001..00002}_Ch{1..2}_{000001..000003}.ome.tif",),
            ("TSeries-camp-006_Cycle{00001..00002}_Ch{1..2}_{000001..000003}.ome.tif",),
        ),
        beside=("TSeries-camp-005.xml", "TSeries-camp-005.env"),
    ),
    Convention(
        "leica-las",
        "<name>_Series<3>_z<3>_ch<2>.tif",
        (
            ("leica_stack_Series014_z{000..002}_ch{00..01}.tif",),
            ("leica_stack_Series015_z{000..002}_ch{00..01}.tif",),
        ),
    ),
    Convention(
        "hcs-plates: ExampleSBS",
        "Channel<c>-<site>-<row>-<col>.tif",
        (
            (
                "Channel{1..2}-01-A-{01..03}.tif",
                "Channel{1..2}-02-A-{01..03}.tif",
                "Channel{1..2}-03-B-{01..03}.tif",
            ),
        ),
        beside=("1049_Metadata.csv",),
        verdict="apart",
        remark="channels, sites and rows of wells apart",
    ),
    Convention(
        "hcs-plates: ExampleFly",
        "<plate>_POS<3>_<D|F|R>.TIF",
        (
            ("01_POS{002..004}_D.TIF", "01_POS{002..004}_F.TIF", "01_POS{002..004}_R.TIF"),
            ("02_POS{002..004}_D.TIF",),
        ),
        remark="channels apart",
    ),
    Convention(
        "hcs-plates: MetaXpress",
        "<plate>_<well>_s<site>_w<channel>.tif",
        (
            (
                "IXMtest_A02_s{1..2}_w{1..2}.tif",
                "IXMtest_A03_s{1..2}_w{1..2}.tif",
                "IXMtest_B02_s{1..2}_w{1..2}.tif",
            ),
        ),
        verdict="apart",
        remark="sites apart: s is a scan elsewhere",
    ),
    Convention(
        "phantom",
        "<prefix><n4>.tif behind a decimal number",
        (
            ("V1.75f3.125{0001..0012}.tif",),
            ("V1.75f3.150{0001..0012}.tif",),
            ("V1.75f3.25{0001..0012}.tif",),
        ),
    ),
    Convention(
        "hitachi-sem",
        "<name>.tif + <name>.txt",
        each("C67 on Dow 55_q{07..08}.tif"),
        beside=("C67 on Dow 55_q07.txt", "C67 on Dow 55_q08.txt"),
        verdict="undecided",
        remark="images with a header each; a series by their names",
    ),
    Convention(
        "bm32-laue",
        "<sample>_<n4>.tif or .mccd",
        (
            ("AH12_CMT_r14_{0200..0204}.tif",),
            ("AH12_CMT_r14_{0200..0204}.mccd",),
            ("img_Ge_sCMOS_{0000..0002}.tif",),
        ),
    ),
    Convention(
        "dls-i18",
        "<sample>_RT<5>.tif",
        each("Cat2_RT{36737..36739}.tif"),
        verdict="undecided",
        remark="run numbers; a series by their names",
    ),
)
