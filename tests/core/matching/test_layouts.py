"""An ingestor declares how an acquisition is laid out; its files are then taken together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from penstock.core.matching import Plan, match
from penstock.core.registry import Layout, Role, RunsFound
from penstock.core.registry.layouts import check_layout

TIFF = b"II*\0\x08\0\0\0"
HDF5 = b"\x89HDF\r\n\x1a\n"

ANKA = Layout(
    (
        Role("projections", "radios/{name}_{index:d}.tif"),
        Role("flats", "flats/{name}_{index:d}.tif", parameter="flats"),
        Role("darks", "darks/{name}_{index:d}.tif", parameter="darks", optional=True),
    )
)
ALS = Layout(
    (
        Role("projections", "{name}_0000_{index:d}.tif"),
        Role("flats", "{name}bak_0000_{index:d}.tif", parameter="flats"),
        Role("darks", "{name}drk_0000_{index:d}.tif", parameter="darks"),
        Role("log", "{name}.sct", parameter="log", many=False, optional=True),
    )
)
EIGER = Layout(
    (
        Role("master", "{name}_master.h5"),
        Role("data files", "{name}_data_{index:d}.h5", parameter=None),
    )
)


def write(folder: Path, content: bytes, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def tomography(layout: Layout = ANKA, **changes: Any) -> dict[str, Any]:
    return {"formats": ("tiff",), "tier": "CONVENTION", "layouts": (layout,), **changes}


def told(plan: Plan) -> dict[str, str | None]:
    return {
        decision.group.template: decision.chosen.ingestor if decision.chosen else None
        for decision in plan.decisions
    }


def test_folders_by_role_are_one_acquisition(using: Callable[..., None], tmp_path: Path) -> None:
    using(series={"formats": ("tiff",)}, tomo=tomography())
    frames = [f"radios/image_{number:05d}.tif" for number in range(3)]
    write(tmp_path, TIFF, *frames, "flats/image_00000.tif", "darks/image_00000.tif")
    (decision,) = (plan := match(tmp_path)).decisions
    (claim,) = plan.claims()
    assert claim.ingestor == "tomo"
    assert claim.args == ([str(tmp_path / name) for name in frames],)
    assert claim.kwargs == {
        "flats": [str(tmp_path / "flats/image_00000.tif")],
        "darks": [str(tmp_path / "darks/image_00000.tif")],
    }
    assert len(claim.files) == 5
    assert str(claim.evidence[0]) == "layout: 3 projections, 1 flats, 1 darks"
    assert decision.choices == ("tomo", "apart")


def test_a_role_that_is_glued_to_the_stem_is_told_from_it(
    using: Callable[..., None], tmp_path: Path
) -> None:
    using(series={"formats": ("tiff",)}, tomo=tomography(ALS))
    write(tmp_path, TIFF, *(f"tooth_0000_{number:04d}.tif" for number in range(4)))
    write(tmp_path, TIFF, "toothbak_0000_0000.tif", "toothdrk_0000_0179.tif")
    write(tmp_path, b"nangles 4\n", "tooth.sct")
    (claim,) = match(tmp_path).claims()
    assert len(claim.args[0]) == 4
    assert claim.kwargs["log"] == str(tmp_path / "tooth.sct")
    assert match(tmp_path).unclaimed == ()


def test_each_acquisition_of_a_folder_is_one(using: Callable[..., None], tmp_path: Path) -> None:
    using(series={"formats": ("tiff",)}, tomo=tomography(ALS))
    for name in ("tooth", "bone"):
        write(tmp_path, TIFF, f"{name}_0000_0000.tif", f"{name}_0000_0001.tif")
        write(tmp_path, TIFF, f"{name}bak_0000_0000.tif", f"{name}drk_0000_0179.tif")
    claims = match(tmp_path).claims()
    assert sorted(Path(claim.args[0][0]).name for claim in claims) == [
        "bone_0000_0000.tif",
        "tooth_0000_0000.tif",
    ]


def test_an_acquisition_without_a_role_that_must_be_there_is_none(
    using: Callable[..., None], tmp_path: Path
) -> None:
    using(series={"formats": ("tiff",)}, tomo=tomography())
    write(tmp_path, TIFF, "radios/image_0.tif", "radios/image_1.tif", "darks/image_0.tif")
    assert told(match(tmp_path)) == {"image_{}.tif": "series", "image_0.tif": "series"}


def test_a_master_stands_for_its_data_files(using: Callable[..., None], tmp_path: Path) -> None:
    using(tree={"formats": ("hdf5",), "takes": "file", "layouts": (EIGER,), "only_laid_out": False})
    write(tmp_path, HDF5, "a_master.h5", "a_data_000001.h5", "a_data_000002.h5", "b.h5")
    plan = match(tmp_path)
    assert told(plan) == {"a_master.h5": "tree", "b.h5": "tree"}
    master = next(claim for claim in plan.claims() if len(claim.files) == 3)
    assert (master.args, master.kwargs) == ((str(tmp_path / "a_master.h5"),), {})


def test_what_is_not_of_the_acquisition_stays_a_group_of_its_own(
    using: Callable[..., None], tmp_path: Path
) -> None:
    layout = Layout((Role("frames", "a_1{rest:d}.tif"), Role("log", "a.log", parameter="log")))
    using(series={"formats": ("tiff",)}, lab=tomography(layout))
    write(tmp_path, TIFF, "a_10.tif", "a_11.tif", "a_20.tif", "a_21.tif")
    write(tmp_path, b"log\n", "a.log")
    plan = match(tmp_path)
    assert sorted(len(claim.files) for claim in plan.claims()) == [2, 2, 2]


def test_a_log_tells_of_several_acquisitions(using: Callable[..., None], tmp_path: Path) -> None:
    layout = Layout(
        (
            Role("frames", "{spec}_{scan:d}_{index:d}.tif"),
            Role("log", "{spec}", parameter="log", many=False),
        )
    )
    using(series={"formats": ("tiff",)}, lab=tomography(layout))
    write(tmp_path, TIFF, "a_001_0.tif", "a_001_1.tif", "a_002_0.tif")
    write(tmp_path, b"#F a\n", "a")
    plan = match(tmp_path)
    assert [claim.kwargs for claim in plan.claims()] == [{"log": str(tmp_path / "a")}] * 2
    assert plan.unclaimed == ()


def test_a_layout_on_weaker_evidence_is_an_alternative(
    using: Callable[..., None], tmp_path: Path
) -> None:
    using(
        camera={"formats": ("tiff",), "tier": "STRUCTURE", "probe": lambda paths: RunsFound()},
        tomo=tomography(),
    )
    write(tmp_path, TIFF, "radios/a_0.tif", "radios/a_1.tif", "flats/a_0.tif")
    plan = match(tmp_path)
    assert set(told(plan).values()) == {"camera"}
    assert "laid out by tomo: tomo would take them together, on weaker evidence" in plan.explain()
    chosen = plan.with_choice("a_{}.tif", "laid out by tomo")
    assert told(chosen) == {"radios/a_{}.tif": "tomo"}
    assert [len(claim.files) for claim in chosen.claims()] == [3]


def test_a_probe_has_the_last_word_on_a_layout(using: Callable[..., None], tmp_path: Path) -> None:
    using(series={"formats": ("tiff",)}, tomo=tomography(probe=lambda paths: None))
    write(tmp_path, TIFF, "radios/a_0.tif", "flats/a_0.tif")
    assert set(told(match(tmp_path)).values()) == {"series"}


def test_two_layouts_of_the_same_files_are_undecided_unless_one_is_preferred(
    using: Callable[..., None], tmp_path: Path
) -> None:
    write(tmp_path, TIFF, "radios/a_0.tif", "flats/a_0.tif")
    using(one=tomography(), two=tomography())
    (decision,) = (plan := match(tmp_path)).decisions
    assert not decision.is_decided
    assert {offer.ingestor for offer in decision.alternatives} == {"one", "two"}
    for name in ("one", "two"):
        (claim,) = plan.with_choice(decision, name).claims()
        assert (claim.ingestor, len(claim.files)) == (name, 2)
    using(one=tomography(), two=tomography(beats=("one",)))
    assert told(match(tmp_path)) == {"radios/a_0.tif": "two"}


def test_the_user_can_have_the_groups_apart(using: Callable[..., None], tmp_path: Path) -> None:
    using(series={"formats": ("tiff",)}, tomo=tomography())
    write(tmp_path, TIFF, "radios/a_0.tif", "radios/a_1.tif", "flats/a_0.tif")
    plan = match(tmp_path)
    apart = plan.with_choice(plan.decisions[0], "apart")
    assert told(apart) == {"a_{}.tif": "series", "a_0.tif": "series"}
    assert told(plan) == {"radios/a_{}.tif": "tomo"}  # a plan does not change


def test_holes_are_told_by_role(using: Callable[..., None], tmp_path: Path) -> None:
    using(tomo=tomography())
    write(tmp_path, TIFF, "radios/a_0.tif", "flats/a_0.tif", "flats/a_1.tif", "flats/a_3.tif")
    (decision,) = match(tmp_path).decisions
    assert decision.group.notes == (
        "flats: 1 number is missing: 2",
        "no darks: nothing fits darks/{name}_{index:d}.tif",
    )


@pytest.mark.parametrize(
    ("roles", "complaint"),
    [
        ((), "needs a tuple of roles"),
        ((Role("a", "{x}.tif"), Role("a", "{x}.log", parameter="p")), "the same name: a, a"),
        ((Role("a", "{x}.tif", parameter="p"),), "always the first parameter"),
        ((Role("a", "{x}.tif", optional=True),), "always there"),
        ((Role("a", "/{x}.tif"),), "is not relative"),
        ((Role("a", "../{x}.tif"),), "is not relative"),
        ((Role("a", "{x y}.tif"),), "is no field name"),
        (
            (
                Role("a", "{x}.tif"),
                Role("b", "{x}.b", parameter="p"),
                Role("c", "{x}.c", parameter="p"),
            ),
            "share a parameter: p, p",
        ),
        ((Role("a", "{x}.tif"), Role("b", "{x}.b", parameter="1")), "is no parameter"),
    ],
)
def test_a_layout_that_cannot_be_used_is_refused(roles: Any, complaint: str) -> None:
    with pytest.raises((TypeError, ValueError), match=complaint):
        check_layout(Layout(roles))


def test_files_in_other_roles_are_suggested_and_not_added(
    using: Callable[..., None], tmp_path: Path
) -> None:
    using(tree={"formats": ("hdf5",), "takes": "file", "layouts": (EIGER,), "only_laid_out": False})
    write(tmp_path, HDF5, "a_master.h5", "a_data_000001.h5", "a_data_000002.h5")
    (decision,) = match(tmp_path / "a_master.h5").decisions
    assert decision.group.suggestions == (
        "a_data_000001.h5 and 1 more (data files, as tree lays out its files)",
    )
    assert len(decision.group.names) == 1
    assert "beside it: a_data_000001.h5 and 1 more" in decision.explain()


def test_files_in_the_folders_of_other_roles_are_suggested(
    using: Callable[..., None], tmp_path: Path
) -> None:
    using(series={"formats": ("tiff",)}, tomo=tomography())
    write(tmp_path, TIFF, "radios/a_0.tif", "radios/a_1.tif", "flats/a_0.tif")
    write(tmp_path, TIFF, "darks/a_0.tif", "darks/a_1.tif", "darks/b_0.tif")
    (decision,) = match([tmp_path / "radios", tmp_path / "flats"]).decisions
    darks = "darks/a_0.tif and 1 more (darks, as tomo lays out its files)"
    assert (decision.group.notes, decision.group.suggestions) == ((), (darks,))
    (decision,) = match(tmp_path / "radios").decisions
    assert decision.group.suggestions == (
        "flats/a_0.tif (flats, as tomo lays out its files)",
        darks,
    )


def test_a_number_that_a_template_spells_is_found_within_a_series(
    using: Callable[..., None], tmp_path: Path
) -> None:
    frames, flat = (
        Role("frames", "on/{name}_{index:d}.tif"),
        Role("flat", "off/{name}_0500.tif", "f"),
    )
    using(series={"formats": ("tiff",)}, tomo=tomography(Layout((frames, flat))))
    numbers = range(0, 1000, 100)
    write(tmp_path, TIFF, *(f"{side}/a_{n:04d}.tif" for side in ("on", "off") for n in numbers))
    laid_out = next(claim for claim in match(tmp_path).claims() if claim.ingestor == "tomo")
    assert laid_out.kwargs == {"f": [str(tmp_path / "off/a_0500.tif")]}


def test_each_file_is_an_acquisition_where_the_ingestor_takes_one(
    using: Callable[..., None], tmp_path: Path
) -> None:
    layout = Layout((Role("frames", "{name}_{index:d}.tif"), Role("log", "{name}.txt", "log")))
    using(lab=tomography(layout, takes="file"))
    write(tmp_path, TIFF, "a_1.tif", "a_2.tif", "a_3.tif")
    write(tmp_path, b"x\n", "a.txt")
    plan = match(tmp_path)
    frames = [str(tmp_path / f"a_{number}.tif") for number in (1, 2, 3)]
    assert sorted(claim.args[0] for claim in plan.claims()) == frames
    assert all(len(claim.files) == 2 for claim in plan.claims())


def test_a_second_file_for_a_role_that_takes_one_is_told_and_stays_by_itself(
    using: Callable[..., None], tmp_path: Path
) -> None:
    layout = Layout(
        (
            Role("frames", "{name}_{index:d}.tif"),
            Role("log", "{name}.{kind}", "log", many=False),
        )
    )
    using(lab=tomography(layout))
    write(tmp_path, TIFF, "a_1.tif", "a_2.tif")
    write(tmp_path, b"x\n", "a.log", "a.txt")
    plan = match(tmp_path)
    (claim,) = plan.claims()
    assert claim.kwargs == {"log": str(tmp_path / "a.log")}
    assert claim.notes == ("log: 2 files fit {name}.{kind}: a.log is taken, not a.txt",)
    assert [item.files for item in plan.unclaimed] == [(str(tmp_path / "a.txt"),)]
