"""By a seal, a user's own recipes are known from those of others."""

import os
import subprocess
import sys

import pytest

from penstock.core.recipes import seals


@pytest.fixture
def key_file(isolated_configuration):
    return isolated_configuration / "state" / "penstock" / "seal.key"


def seal_in_another_process(text: str) -> str:
    code = f"from penstock.core.recipes.seals import seal; print(seal({text!r}))"
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_another_process_of_the_same_user_makes_the_same_seal(key_file):
    mine = seals.seal("text")
    assert seal_in_another_process("text") == mine
    assert not seals.is_sealed("text", seal_in_another_process("other"))
    assert key_file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("forged", [None, "", "ab" * 32, 7, b"x"])
def test_what_is_no_seal_seals_nothing(forged):
    assert not seals.is_sealed("text", forged)


def test_a_key_that_others_could_read_is_made_ones_own_again_and_counts(key_file):
    mine = seals.seal("text")
    key_file.chmod(0o640)
    assert seal_in_another_process("text") == mine
    assert key_file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("content", "mode"), [(b"k" * 32, 0o620), (b"k" * 7, 0o600)])
def test_a_key_that_others_can_have_written_or_is_none_does_not_count_and_is_told(
    key_file, content, mode
):
    key_file.parent.mkdir(parents=True)
    key_file.write_bytes(content)
    key_file.chmod(mode)
    with pytest.warns(UserWarning, match=r"cannot be kept.*move the file away"):
        mine = seals.seal("text")
    assert seals.is_sealed("text", mine)
    assert seal_in_another_process("text") != mine


def test_without_a_state_folder_seals_last_as_long_as_the_process_which_is_told(
    tmp_path, monkeypatch
):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", os.fspath(tmp_path / "file"))
    with pytest.warns(UserWarning, match="cannot be kept"):
        mine = seals.seal("text")
    assert seals.is_sealed("text", mine)
