"""Garbage is left for a block of code, and looked for again after it, whatever happens in it."""

from __future__ import annotations

import gc

import pytest

from penstock.core.garbage import garbage_left


def test_python_looks_for_garbage_again_after_the_outermost_block() -> None:
    with garbage_left():
        with pytest.raises(KeyError), garbage_left():
            raise KeyError
        assert not gc.isenabled()
    assert gc.isenabled()


def test_who_has_it_off_keeps_it_off() -> None:
    gc.disable()
    try:
        with garbage_left():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
