"""What is looked at for the sake of another file is told to who asked about that."""

from __future__ import annotations

from penstock.core.places import consult, observe
from penstock.core.places.consulting import Consulted


def test_paths_are_told_once_and_then_begun_anew() -> None:
    with observe() as observation:
        consult("/a")
        consult("/b")
        consult("/a")
        assert observation.part(Consulted).take() == {"/a", "/b"}
        assert observation.part(Consulted).take() == set()


def test_without_an_observation_nobody_asked() -> None:
    consult("/a")
    with observe() as observation:
        assert observation.part(Consulted).take() == set()
