"""Blocks follow from the memory at hand, also where a container limits it."""

import psutil
import pytest

from penstock.core.assets import blocks

MIB = 2**20


@pytest.fixture
def container(tmp_path, monkeypatch):
    """Writes the files of a control group with limited memory."""
    monkeypatch.setattr(blocks, "_CGROUP", tmp_path)

    def write(limit, used, stat=""):
        (tmp_path / "memory.max").write_text(f"{limit}\n")
        (tmp_path / "memory.current").write_text(f"{used}\n")
        (tmp_path / "memory.stat").write_text(stat)

    return write


def test_a_container_has_what_its_limit_leaves(container):
    container(100 * MIB, 30 * MIB)
    assert blocks.available_memory() == 70 * MIB


def test_files_that_were_read_before_do_not_count_as_used(container):
    container(
        100 * MIB,
        90 * MIB,
        f"anon {20 * MIB}\nfile {70 * MIB}\ninactive_file {60 * MIB}\nactive_file {10 * MIB}\n",
    )
    assert blocks.available_memory() == 70 * MIB


@pytest.mark.parametrize("stat", ["", "inactive_file", "inactive_file many\n"])
def test_statistics_that_cannot_be_read_do_no_harm(container, stat):
    container(100 * MIB, 30 * MIB, stat)
    assert blocks.available_memory() == 70 * MIB


def test_more_in_use_than_the_limit_leaves_nothing(container):
    container(100 * MIB, 130 * MIB)
    assert blocks.available_memory() == 0


def test_without_a_limit_the_machine_counts(container):
    container("max", 30 * MIB)
    assert blocks.available_memory() > psutil.virtual_memory().available // 2


def test_blocks_hold_whole_chunks_where_these_fit():
    assert blocks.block_rows(2**10, multiple=1000) % 1000 == 0
    assert blocks.block_rows(2**40, multiple=1000) == 1
