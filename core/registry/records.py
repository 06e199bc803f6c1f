"""The records with which a plug-in tells what it offers. They import nothing heavy."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from .layouts import Layout

__all__ = [
    "Acquisition",
    "AssetReader",
    "Command",
    "Exporter",
    "Ingestor",
    "PluginInfo",
    "PluginProblem",
    "RunsFound",
    "Tier",
]

Tier = Literal["STRUCTURE", "CONVENTION", "SIGNATURE", "EXTENSION", "FALLBACK"]
"""How strong a claim is, strongest first.

``STRUCTURE`` a tag or path inside the file says who wrote it; ``CONVENTION`` the full name
pattern and the signature fit; ``SIGNATURE`` the format fits; ``EXTENSION`` only the name fits;
``FALLBACK`` it can be read that way, and nothing speaks for it.
"""


@dataclass(frozen=True)
class Ingestor:
    """A registered ingestor: a generator function, and what matching must know of it.

    References are strings ``"package.module:function"`` that are imported on use, so that listing
    plug-ins stays cheap.

    Examples
    --------
    >>> Ingestor("my-camera", title="My camera's TIFF series", takes="files",
    ...          ingest="my_package.camera:ingest", formats=("tiff",)).name
    'my-camera'
    """

    name: str
    """Unique; words in lower case with hyphens. Recipes and ``--use`` refer to it."""
    title: str
    """One line for people."""
    ingest: str
    """``"module:function"`` of the generator function; its first parameter takes the path(s)."""
    takes: Literal["file", "files", "calls"]
    """What the first parameter takes: one path, the paths of a group (a list of str), or calls of
    other ingestors (a list of what `Call.of` understands), which matching never offers."""
    formats: tuple[str, ...] = ()
    """Ids of the formats (`core.formats`) that it reads: "tiff", "hdf5"."""
    patterns: tuple[str, ...] = ()
    """Case-insensitive globs on file names; empty: any name."""
    probe: str | None = None
    """``"module:function"``: ``probe(paths: list[str]) -> RunsFound | None``; may open the files,
    bounded; returns None to decline and raises an error that says why a file is bad."""
    isolate: bool = False
    """The format's library can crash or hang on a bad file: probe in a worker process."""
    beats: tuple[str, ...] = ()
    """Names of ingestors that this one is preferred to where both fit equally well."""
    tier: Tier = "SIGNATURE"
    """How strong its claim is where everything declared holds."""
    selects: tuple[str, ...] = ()
    """Keyword arguments that select one run among several in the same files (they are part of
    the run's identity)."""
    layouts: tuple[Layout, ...] = ()
    """How the files of one acquisition are named, where names that differ in numbers only do not
    tell: files in several roles, sidecars, folders by role."""
    only_laid_out: bool = True
    """Whether it takes no files but such as its layouts fit, if it has any."""
    part: str = ""
    """What its runs are of their files: ``"reduced"``, say. They are made beside the runs of
    ingestors of another part, whose claims they do not contest; empty: the data as taken."""
    is_log: bool = False
    """Its runs are tables written beside other data (motor positions, counters): where a log and
    images tell that they are of one acquisition, they become one run."""
    gives_way: bool = False
    """Another ingestor that fits as well, and does not give way, is preferred to it."""
    needs: tuple[str, ...] = ()
    """Keyword arguments that its function cannot do without: it is asked only where the user or
    the configuration names it, and gives these."""
    groups: str | None = None
    """``"module:function"``: ``groups(folder: str, names: list[str], settings: dict) ->
    dict[str, list[str]]``; parts the files of a folder into runs, where the user or the
    configuration names it: what each group is called, and its names in order. Others are grouped
    as ever."""
    settings: tuple[str, ...] = ()
    """Further keyword arguments that do no harm whoever sets them: a catalog that somebody else
    wrote may hold calls with these and with `selects`, and with no others."""
    path_settings: tuple[str, ...] = ()
    """Those that take a path, a glob or a list of paths, as the first parameter does."""
    version: str = ""
    """Filled in from the distribution where empty."""

    @property
    def path_parameters(self) -> tuple[str, ...]:
        """The keyword parameters that take paths: `path_settings`, and those of layouts' roles."""
        roles = (role.parameter for layout in self.layouts for role in layout.roles)
        return tuple(dict.fromkeys([*self.path_settings, *filter(None, roles)]))


@dataclass(frozen=True)
class Acquisition:
    """What files record of the acquisition that they come from; what is not recorded is None.

    Matching joins groups of files by it, so it is to be what the files say, and nothing inferred.

    Examples
    --------
    >>> Acquisition(scan_id=12, events=41).events
    41
    """

    uid: str | None = None
    scan_id: int | None = None
    start: float | None = None
    """Seconds since 1970-01-01 UTC."""
    stop: float | None = None
    events: int | None = None
    """How many frames, or rows."""


@dataclass(frozen=True)
class RunsFound:
    """What a probe found. Plain data only: it may come from a worker process.

    Examples
    --------
    >>> found = RunsFound(({"entry": "scan_1"}, {"entry": "scan_2"}), detail="2 NXentry")
    >>> RunsFound.from_dict(found.to_dict()) == found
    True
    """

    kwargs: tuple[dict[str, Any], ...] = ({},)
    """Keyword arguments for one call each: several where the files hold several runs."""
    detail: str = ""
    """What convinced the probe, for people: ``"8 pages, 512 × 512 uint16"``."""
    notes: tuple[str, ...] = ()
    """What is doubtful or missing."""
    separate: bool = False
    """The files of the group are to be ingested one by one by an ingestor that takes a file."""
    acquisitions: tuple[Acquisition, ...] = ()
    """What the files record of each run, as many as `kwargs`; empty: nothing is known."""

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data, for ``json.dumps``."""
        return asdict(self)

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> RunsFound:
        """Build it from what `to_dict` gave, also after a passage through JSON."""
        return cls(
            kwargs=tuple(dict(kwargs) for kwargs in plain["kwargs"]),
            detail=plain["detail"],
            notes=tuple(plain["notes"]),
            separate=plain["separate"],
            acquisitions=tuple(Acquisition(**known) for known in plain["acquisitions"]),
        )


@dataclass(frozen=True)
class AssetReader:
    """A registered asset reader: turns ``stream_resource`` documents of some mimetypes into frames.

    Examples
    --------
    >>> AssetReader("npy", mimetypes=("application/x-npy",), open="my_package.npy:open_npy").name
    'npy'
    """

    name: str
    """For people."""
    mimetypes: tuple[str, ...]
    """The mimetypes of the documents that it reads."""
    open: str
    """``"module:function"`` of an `AssetOpener`."""


@dataclass(frozen=True)
class Exporter:
    """A registered exporter: writes runs in some format.

    Examples
    --------
    >>> Exporter("mine", title="Mine", export="my_package.mine:export").name
    'mine'
    """

    name: str
    """Unique; words in lower case with hyphens."""
    title: str
    """One line for people."""
    export: str
    """``"module:function"``: ``export(run, target, *, overwrite=False, …) -> ReportItem``. It
    writes one `BlueskyRun` as the file or folder `target`, which has that name only when it is
    whole; raises `TargetExistsError` where there is one already and `overwrite` is false. Further
    keyword-only parameters, with defaults, are its options. `penstock.exporting` has what it is
    made of."""
    suffix: str = ""
    """How the name of its file ends; empty: it writes a folder."""
    copy: str | None = None
    """``"module:function"``: ``copy(run, directory) -> ReportItem``, if `BlueskyRun.cache` keeps
    copies in this format. It writes the run's file into a folder, and does nothing (``skipped``)
    where it is there and up to date."""


@dataclass(frozen=True)
class Command:
    """A registered command: ``penstock NAME …`` on the command line.

    Its functions are imported when somebody types that command, not to list it.

    Examples
    --------
    >>> Command("report", title="a report of one day", run="my_package.report:run").name
    'report'
    """

    name: str
    """What people type; words in lower case with hyphens. It may not be one of penstock's own."""
    title: str
    """What it does, in a few words: it stands beside the name in ``penstock --help``."""
    run: str
    """``"module:function"``: ``run(options: argparse.Namespace) -> int | None``. It does the work,
    and returns the exit code; None is 0."""
    configure: str | None = None
    """``"module:function"``: ``configure(parser: argparse.ArgumentParser) -> None``. It adds the
    command's arguments, and may set the parser's description and epilog; None: it has none."""


@dataclass(frozen=True)
class PluginProblem:
    """Something that is wrong with a plug-in; the other plug-ins work on.

    Examples
    --------
    >>> problem = PluginProblem("lab", "No module named 'lab_x'", distribution="lab-x", version="1")
    >>> print(problem)
    plug-in lab (lab-x 1): No module named 'lab_x'
    """

    plugin: str
    """Name of the entry point, or several where they clash (``"a, b"``)."""
    what: str
    """One sentence: what is wrong."""
    remedy: str = ""
    distribution: str = ""
    version: str = ""
    traceback: str = ""

    def __str__(self) -> str:
        origin = " ".join(part for part in (self.distribution, self.version) if part)
        text = f"plug-in {self.plugin}{f' ({origin})' if origin else ''}: {self.what}"
        return f"{text.rstrip('.')}. {self.remedy}" if self.remedy else text


@dataclass(frozen=True)
class PluginInfo:
    """One plug-in that was found, and what became of it.

    Examples
    --------
    >>> PluginInfo("tiff", module="penstock.ingestors.tiff.plugin", state="loaded").state
    'loaded'
    """

    name: str
    module: str
    state: Literal["loaded", "failed", "found", "left out"]
    """``found``: of the field's earlier groups, imported when it is used; ``left out``:
    ``PENSTOCK_PLUGINS`` does not name it."""
    distribution: str = ""
    version: str = ""
    import_seconds: float = 0.0
    ingestors: tuple[str, ...] = ()
    asset_readers: tuple[str, ...] = ()
    exporters: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
