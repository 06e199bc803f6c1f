"""Settings come from one file, and mistakes in it are named."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from penstock.core.config import Config, get_config, load_config, use_config
from penstock.core.errors import ConfigError

FULL = """
[roots]
data = "/mnt/data"
[uri_prefixes]
"file://detector1/" = "/mnt/detector1/"
[walk]
ignore = ["scratch"]
[time]
zone = "Europe/Zurich"

[catalogs]
45id.uri = "/data/runs.db"
home.uri = "~/runs.db"
far.uri = "https://x"
"""


def test_every_setting_is_read(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(FULL)
    assert load_config(path) == Config(
        roots={"data": "/mnt/data"},
        uri_prefixes={"file://detector1/": "/mnt/detector1/"},
        ignored_folders=("scratch",),
        timezone="Europe/Zurich",
        catalogs={
            "45id": "/data/runs.db",
            "home": os.path.expanduser("~/runs.db"),
            "far": "https://x",
        },
        file=str(path),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[root]\n", "unknown section root"),
        ("[walk]\nignored = []\n", r"\[walk\] has no setting ignored"),
        ("[walk]\nignore = 'a'\n", "not a list of names"),
        ("[roots]\ndata = 'relative'\n", "not an absolute path"),
        ("[uri_prefixes]\nx = 1\n", "not an absolute path"),
        ("[time]\nzone = 'Mars/Olympus'\n", "no time zone"),
        ("[matching]\nprobe_seconds = 0\n", "probe_seconds is 0, not a number of seconds"),
        ("[matching]\nprobe_seconds = true\n", "not a number of seconds"),
        ("[matching]\nprobe_seconds = nan\n", "not a number of seconds"),
        ("[matching]\nseconds = 3\n", r"\[matching\] has no setting seconds"),
        ("[catalogs.a]\n", r"\[catalogs.a\] uri is None"),
        ("[catalogs.a]\nuri = 'runs.db'\n", "neither an absolute path nor a URL"),
        ("[catalogs.a]\nurl = '/a'\n", r"\[catalogs.a\] has no setting url"),
        ("[catalogs]\na = '/a'\n", r"not a table.*Write \[catalogs.a\]"),
        ("[catalogs.'a b']\nuri = '/a'\n", "no name"),
        ("roots = 3\n", r"\[roots\] is not a table"),
        ("[", "cannot be read"),
    ],
)
def test_a_mistake_is_named_with_its_file(tmp_path, text, message):
    path = tmp_path / "config.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message) as caught:
        load_config(path)
    assert caught.value.where == str(path)


def test_the_environment_names_the_file(tmp_path, monkeypatch):
    path = tmp_path / "mine.toml"
    path.write_text(FULL)
    monkeypatch.setenv("PENSTOCK_CONFIG", str(path))
    assert get_config().timezone == "Europe/Zurich"


def test_a_file_that_the_environment_names_must_be_there(tmp_path, monkeypatch):
    monkeypatch.setenv("PENSTOCK_CONFIG", str(tmp_path / "missing.toml"))
    with pytest.raises(ConfigError, match="cannot be read"):
        get_config()


def test_without_a_file_there_are_defaults(isolated_configuration):
    assert get_config() == Config()


def test_the_users_own_file_is_read(isolated_configuration):
    path = isolated_configuration / "penstock" / "config.toml"
    path.parent.mkdir()
    path.write_text(FULL)
    assert get_config().file == str(path)


def test_how_long_a_probe_may_take_is_a_number(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text("matching.probe_seconds = 20\n")
    assert load_config(path).probe_seconds == 20.0


def test_a_file_is_read_once(tmp_path, monkeypatch):
    path = tmp_path / "mine.toml"
    path.write_text(FULL)
    monkeypatch.setenv("PENSTOCK_CONFIG", str(path))
    before = get_config()
    path.write_text("")
    assert get_config() is before


def test_settings_hold_for_a_while():
    with use_config(Config(timezone="UTC")) as config:
        assert get_config() is config
        with use_config(Config(timezone="Asia/Tokyo")):
            assert get_config().timezone == "Asia/Tokyo"
        assert get_config() is config
    assert get_config() is not config


def test_settings_hold_in_all_threads():
    with use_config(Config(timezone="UTC")) as config, ThreadPoolExecutor(1) as pool:
        assert pool.submit(get_config).result() is config
