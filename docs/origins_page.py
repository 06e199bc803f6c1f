"""The page of origins: what the registry, docstrings and small files of each origin say.

Nothing is written down twice. What an ingestor takes is its record's, what its run holds and where
the rules come from is its function's docstring; how files are recognised, and what comes out, is
what matching and ingesting say of the files that `penstock.sample_files.origins` writes.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import penstock
import penstock.sample_files.origins
from penstock.core.config import Config, use_config
from penstock.core.registry import get_registry
from penstock.core.registry.records import Ingestor
from penstock.core.registry.references import resolve_reference
from penstock.sample_files.make_samples import write_samples

__all__ = ["Example", "examples", "page"]

MOST_LINES = 12
_NOT_TERMS = ("uid", "time", "hints", "notes", "file_name", "part", "event_time_source")


@dataclass
class Example:
    """Files, who takes them on which evidence, and what comes out."""

    files: list[str]
    evidence: str
    start: dict[str, Any]
    streams: dict[str, list[str]] = field(default_factory=dict)
    configuration: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def page() -> str:
    """Return the page, in Markdown: a section for each ingestor of penstock's own."""
    registry = get_registry()
    shown = examples()
    sections = [
        _section(ingestor, shown.get(ingestor.name, []))
        for ingestor in sorted(registry.ingestors.values(), key=lambda one: one.name)
        if ingestor.ingest.startswith("penstock.")
    ]
    return "\n".join(sections)


def examples() -> dict[str, list[Example]]:
    """Return what matching and ingesting make of every sample, by the ingestor that takes it."""
    found: dict[str, list[Example]] = {}
    with use_config(Config(timezone="UTC")):
        for write in _writers():
            with tempfile.TemporaryDirectory() as folder:
                write(Path(folder))
                for name, example in _ingested(Path(folder).resolve()):
                    found.setdefault(name, []).append(example)
    return found


def _writers() -> Iterator[Callable[[Path], Any]]:
    """Yield the functions that write small files of an origin, given a folder."""
    yield write_samples
    package = penstock.sample_files.origins
    for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda one: one.name):
        members = vars(importlib.import_module(f"{package.__name__}.{module.name}"))
        for name in members["__all__"]:
            function = members[name]
            if name.startswith("write_") and len(_required(function)) == 1:
                yield function


def _required(function: Callable[..., Any]) -> list[str]:
    parameters = inspect.signature(function).parameters.values()
    return [one.name for one in parameters if one.default is one.empty]


def _ingested(folder: Path) -> Iterator[tuple[str, Example]]:
    plan = penstock.match(folder)
    catalog = penstock.BlueskyInMemoryCatalog()
    report = catalog.ingest(plan)
    for item, claim in zip(report, plan.chosen_claims(), strict=False):
        if item.uid is None:
            continue
        run = catalog[item.uid]
        start = run.metadata["start"]
        evidence = [one.detail for one in claim.evidence if one.kind == "probe"]
        example = Example(
            [Path(path).relative_to(folder).as_posix() for path in claim.files],
            "; ".join(evidence).replace(f"{folder}/", ""),
            {key: value for key, value in start.items() if key not in _NOT_TERMS},
            notes=[str(note).replace(f"{folder}/", "") for note in start.get("notes", ())],
        )
        for stream in run:
            for descriptor in run[stream].metadata["descriptors"]:
                example.streams[stream] = [
                    _tell_key(key, told) for key, told in descriptor["data_keys"].items()
                ]
                for told in descriptor.get("configuration", {}).values():
                    units = {k: v.get("units", "") for k, v in told.get("data_keys", {}).items()}
                    for key, value in told["data"].items():
                        example.configuration.setdefault(key, _short(value, units.get(key, "")))
        yield claim.ingestor, example


def _tell_key(key: str, told: dict[str, Any]) -> str:
    shape = " × ".join(str(size) for size in told["shape"])
    units = told.get("units") or ""
    inside = ", ".join(filter(None, [shape, units]))
    return f"`{key}`" + (f" ({inside})" if inside else "")


def _short(value: Any, units: str = "", most: int = 60) -> str:
    text = " ".join(str(value).split()).replace("|", "/").replace("`", "'")
    text = text if len(text) <= most else f"{text[: most - 1]}…"
    return f"{text} {units}".rstrip()


# Markdown ------------------------------------------------------------------------------------


def _section(ingestor: Ingestor, shown: list[Example]) -> str:
    function = resolve_reference(ingestor.ingest)
    lines = [f"## {ingestor.name}", "", f"{ingestor.title}.", ""]
    lines += [_about(function), ""]
    lines.append(f"- **Takes** {_takes(ingestor)}")
    lines.append(f"- **Function**: `penstock.ingestors.{function.__name__}`")
    if ingestor.beats:
        others = ", ".join(f"`{name}`" for name in ingestor.beats)
        lines.append(f"- **Preferred to** {others}, where both fit")
    for layout in ingestor.layouts:
        roles = ", ".join(f"{role.name} `{role.template}`" for role in layout.roles)
        lines.append(f"- **Laid out as** {roles}")
    lines.append("")
    for example in shown[:1]:
        lines += _example(example)
    return "\n".join(lines)


def _about(function: Callable[..., Any]) -> str:
    text = inspect.getdoc(function) or ""
    return text.partition("\nParameters\n")[0].strip().replace("``", "`")


def _takes(ingestor: Ingestor) -> str:
    what = {"file": "one file", "files": "files together", "calls": "what other ingestors give"}
    formats = " or ".join(ingestor.formats)
    probed = ", by what it holds" if ingestor.probe else ""
    patterns = " or ".join(f"`{pattern}`" for pattern in ingestor.patterns)
    named = f" called {patterns}" if patterns else ""
    of = f" of format {formats}" if formats else ""
    return f"{what[ingestor.takes]}{of}{named} ({ingestor.tier}{probed})"


def _example(example: Example) -> list[str]:
    names = example.files
    files = f"`{names[0]}`" + (f" and {len(names) - 1} more" if len(names) > 1 else "")
    lines = [f"Example: {files}", "", "| | |", "|---|---|"]
    lines.append(f"| recognised by | {_short(example.evidence, most=160) or 'its name'} |")
    for stream, keys in example.streams.items():
        more = f" and {len(keys) - MOST_LINES} more" if len(keys) > MOST_LINES else ""
        lines.append(f"| stream `{stream}` | {', '.join(keys[:MOST_LINES])}{more} |")
    terms = {key: value for key, value in example.start.items() if not isinstance(value, dict)}
    terms |= {"sample": example.start["sample"]} if "sample" in example.start else {}
    nested = [f"`{key}`" for key in example.start if key not in terms]
    lines += [f"| start: `{key}` | {_short(value)} |" for key, value in terms.items()]
    if nested:
        lines.append(f"| start: all else | {', '.join(nested)} |")
    constants = list(example.configuration.items())
    lines += [f"| configuration: `{key}` | {value} |" for key, value in constants[:MOST_LINES]]
    if len(constants) > MOST_LINES:
        lines.append(f"| configuration | and {len(constants) - MOST_LINES} more |")
    lines += [f"| note | {_short(note, most=160)} |" for note in example.notes[:MOST_LINES]]
    return [*lines, ""]
