"""Settings of a facility, from one TOML file.

The file is ``$PENSTOCK_CONFIG``, else ``config.toml`` in the user's configuration folder for
penstock, if there is one::

    [roots]
    data = "/mnt/gpfs/data"          # identity does not depend on where it is mounted

    [uri_prefixes]
    "file://detector1/ramdisk/" = "/mnt/gpfs/data/ramdisk/"

    [walk]
    ignore = [".snapshots", "lost+found"]

    [time]
    zone = "Europe/Zurich"           # of times that files record without a zone

    [pins]
    "*/saxs/*.tif" = "my-saxs"       # which ingestor takes such paths, whatever others offer
    "*/xrd/*.tif" = { use = "tiff-template", template = "{sample}_T{temperature:f}C.tif" }

    [matching]
    probe_seconds = 20               # that a probe may take which runs in a process of its own

    [catalogs.45id]
    uri = "/data/45id/runs.db"       # `penstock ls 45id`, `penstock.catalogs["45id"]`
"""

from __future__ import annotations

import os
import threading
import tomllib
import zoneinfo
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from .errors import ConfigError

__all__ = ["Config", "get_config", "load_config", "use_config"]

IGNORED = (".snapshots", ".snapshot", ".zfs", ".git", "lost+found", "__pycache__")


@dataclass(frozen=True)
class Config:
    """The settings.

    Examples
    --------
    >>> Config(roots={"data": "/mnt/data"}).roots["data"]
    '/mnt/data'
    """

    roots: Mapping[str, str] = field(default_factory=dict)
    """Named roots: folders under which a run's place does not depend on where they are mounted."""
    uri_prefixes: Mapping[str, str] = field(default_factory=dict)
    """Prefixes of URIs in documents, and the folders that they mean on this machine."""
    ignored_folders: tuple[str, ...] = IGNORED
    """Names of folders that are never walked."""
    timezone: str | None = None
    """Zone of times that files record without one; None for this machine's."""
    pins: tuple[tuple[str, str], ...] = ()
    """Globs of absolute paths (``*`` matches any signs), and the ingestor that takes them; the
    first that fits counts."""
    pin_settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By glob, the settings of a pin: keyword arguments for its ingestor."""
    probe_seconds: float = 60.0
    """How long a probe may take that runs in a worker process; others have no limit."""
    catalogs: Mapping[str, str] = field(default_factory=dict)
    """Catalogs by name, and where each of them is: a path, a glob or a URL."""
    file: str | None = None
    """Where the settings were read."""


def load_config(path: str | os.PathLike[str]) -> Config:
    """Read a configuration file.

    Raises
    ------
    ConfigError
        If it cannot be read, or a setting is unknown or of the wrong type.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "config.toml")
    >>> _ = path.write_text('time.zone = "Europe/Zurich"')
    >>> load_config(path).timezone
    'Europe/Zurich'
    """
    try:
        content = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"cannot be read: {error}", where=path) from error
    unknown = set(content) - set(_SECTIONS)
    if unknown:
        raise ConfigError(
            f"unknown section {', '.join(sorted(unknown))}",
            where=path,
            remedy=f"There are: {', '.join(_SECTIONS)}.",
        )
    settings: dict[str, Any] = {}
    for name, read in _SECTIONS.items():
        section = content.get(name, {})
        if not isinstance(section, dict):
            raise ConfigError(f"[{name}] is not a table", where=path)
        settings |= read(section, path)
    return Config(file=os.fspath(path), **settings)


def _read_roots(section: dict[str, Any], where: Any) -> dict[str, Any]:
    for name, folder in section.items():
        if not isinstance(folder, str) or not os.path.isabs(folder):
            raise ConfigError(f"[roots] {name} is {folder!r}, not an absolute path", where=where)
    return {"roots": section}


def _read_prefixes(section: dict[str, Any], where: Any) -> dict[str, Any]:
    for prefix, folder in section.items():
        if not isinstance(folder, str) or not os.path.isabs(folder):
            raise ConfigError(
                f"[uri_prefixes] {prefix!r} is {folder!r}, not an absolute path", where=where
            )
    return {"uri_prefixes": section}


def _read_walk(section: dict[str, Any], where: Any) -> dict[str, Any]:
    _check_keys(section, {"ignore"}, "walk", where)
    names = section.get("ignore", list(IGNORED))
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ConfigError(f"[walk] ignore is {names!r}, not a list of names", where=where)
    return {"ignored_folders": tuple(names)}


def _read_time(section: dict[str, Any], where: Any) -> dict[str, Any]:
    _check_keys(section, {"zone"}, "time", where)
    zone = section.get("zone")
    if zone is None:
        return {}
    try:
        zoneinfo.ZoneInfo(zone)
    except (TypeError, ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        raise ConfigError(
            f"[time] zone is {zone!r}, which is no time zone",
            where=where,
            remedy='Write one such as "Europe/Zurich".',
        ) from None
    return {"timezone": zone}


def _read_pins(section: dict[str, Any], where: Any) -> dict[str, Any]:
    pins: list[tuple[str, str]] = []
    settings: dict[str, dict[str, Any]] = {}
    for glob, pin in section.items():
        name = pin.get("use") if isinstance(pin, dict) else pin
        if not isinstance(name, str):
            raise ConfigError(
                f"[pins] {glob!r} is {pin!r}, not the name of an ingestor",
                where=where,
                remedy='Write its name, or { use = "name", … } with settings for it.',
            )
        pins.append((glob, name))
        if isinstance(pin, dict):
            settings[glob] = {key: value for key, value in pin.items() if key != "use"}
    return {"pins": tuple(pins), "pin_settings": settings}


def _read_matching(section: dict[str, Any], where: Any) -> dict[str, Any]:
    _check_keys(section, {"probe_seconds"}, "matching", where)
    seconds = section.get("probe_seconds", Config.probe_seconds)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds <= 1e6:
        raise ConfigError(
            f"[matching] probe_seconds is {seconds!r}, not a number of seconds", where=where
        )
    return {"probe_seconds": float(seconds)}


def _read_catalogs(section: dict[str, Any], where: Any) -> dict[str, Any]:
    catalogs = {}
    for name, entry in section.items():
        if not isinstance(entry, dict):
            raise ConfigError(
                f"[catalogs] {name} is {entry!r}, not a table",
                where=where,
                remedy=f'Write [catalogs.{name}], and uri = "/path/of/it" below it.',
            )
        _check_keys(entry, {"uri"}, f"catalogs.{name}", where)
        uri = entry.get("uri")
        if not isinstance(uri, str) or not ("://" in uri or os.path.isabs(os.path.expanduser(uri))):
            raise ConfigError(
                f"[catalogs.{name}] uri is {uri!r}, neither an absolute path nor a URL", where=where
            )
        if not name or name.split() != [name] or "/" in name:
            raise ConfigError(f"[catalogs] {name!r} is no name: a word is needed", where=where)
        catalogs[name] = uri if "://" in uri else os.path.expanduser(uri)
    return {"catalogs": catalogs}


_SECTIONS = {
    "roots": _read_roots,
    "uri_prefixes": _read_prefixes,
    "walk": _read_walk,
    "time": _read_time,
    "pins": _read_pins,
    "matching": _read_matching,
    "catalogs": _read_catalogs,
}


def _check_keys(section: dict[str, Any], known: set[str], name: str, where: Any) -> None:
    if unknown := set(section) - known:
        raise ConfigError(
            f"[{name}] has no setting {', '.join(sorted(unknown))}",
            where=where,
            remedy=f"There is: {', '.join(sorted(known))}.",
        )


_lock = threading.Lock()
_active: list[Config] = []


def get_config() -> Config:
    """Return the settings in force; the file is read once.

    Raises
    ------
    ConfigError
        If the file is wrong, or if there is none where ``$PENSTOCK_CONFIG`` says.

    Examples
    --------
    >>> isinstance(get_config().ignored_folders, tuple)
    True
    """
    with _lock:
        if _active:
            return _active[-1]
    named = os.environ.get("PENSTOCK_CONFIG")
    return _read_once(named, required=True) if named else _read_once(_user_file(), required=False)


def _user_file() -> str:
    import platformdirs

    return os.path.join(platformdirs.user_config_dir("penstock", appauthor=False), "config.toml")


@lru_cache(maxsize=8)
def _read_once(path: str, *, required: bool) -> Config:
    return load_config(path) if required or os.path.exists(path) else Config()


@contextmanager
def use_config(config: Config) -> Iterator[Config]:
    """Put other settings in force for a while, for all threads of the process.

    Examples
    --------
    >>> with use_config(Config(timezone="UTC")):
    ...     get_config().timezone
    'UTC'
    """
    # Not a context variable: the threads that read lazy arrays would not see it.
    with _lock:
        _active.append(config)
    try:
        yield config
    finally:
        with _lock:
            _active.reverse()
            _active.remove(config)
            _active.reverse()
