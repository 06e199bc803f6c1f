"""Hold what became of a set of files against what its manifest says, file by file."""

from __future__ import annotations

import ast
import fnmatch
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

_NOT_DATA = ("sidecar",)
_BAD = ("corrupt", "not-supported-decoy")


class Exceptional(NamedTuple):
    """Something that is not as expected."""

    kind: str
    """refused, undecided, ingested (though bad), ingestor, shape, dtype, pixels, zeros, crashed,
    hung, or "no" and a term of metadata."""
    path: str
    origin: str
    detail: str


@dataclass
class Judged:
    """One file."""

    path: str
    origin: str
    expected: str
    """good, bad, or sidecar."""
    fate: str = ""
    ingestor: str = ""
    why: str = ""
    shape: bool | None = None
    dtype: bool | None = None
    pixels: bool | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    """For each term: True (told), False (not told, though its origin records it), "+"."""
    told: dict[str, str] = field(default_factory=dict)
    exceptional: list[Exceptional] = field(default_factory=list)

    def add(self, kind: str, detail: str) -> None:
        self.exceptional.append(Exceptional(kind, self.path, self.origin, detail[:400]))


def judge(
    corpus: Path,
    members: list[dict[str, str]],
    answer: dict[str, Any],
    expected: dict[str, dict[str, Any]],
) -> Iterator[Judged]:
    """Yield a verdict for each file of a set."""
    for row in members:
        verdict = Judged(row["path"], row["origin"], expectation(row))
        if "end" in answer:
            verdict.fate = answer["end"]
            verdict.add(answer["end"], answer["why"])
        else:
            path = str(corpus / row["path"])
            _judge(verdict, row, path, answer["items"], expected.get(row["origin"], {}))
        yield verdict


def expectation(row: dict[str, str]) -> str:
    """Tell whether the manifest says that a file is good."""
    if row["kind"] in _NOT_DATA:
        return "sidecar"
    readable = "ok" in row["read"] and not row["error"].startswith("ERROR")
    return "bad" if row["kind"] in _BAD or (row["error"] and not readable) else "good"


def _judge(
    verdict: Judged,
    row: dict[str, str],
    path: str,
    items: list[dict[str, Any]],
    expected: dict[str, Any],
) -> None:
    mine = [item for item in items if path in item["files"] or path in _files(item)]
    runs = [item for item in mine if item["run"] is not None]
    if not runs:
        worst = mine[0] if mine else {"outcome": "lost", "why": "no item tells of it"}
        verdict.fate = "undecided" if worst.get("undecided") else worst["outcome"]
        verdict.why = worst["why"]
        if verdict.expected == "good" or worst["outcome"] == "lost":
            verdict.add("undecided" if worst.get("undecided") else "refused", worst["why"])
        elif not worst["why"]:
            verdict.add("unnamed", "it is refused without a reason")
        return
    # Runs that hold its frames tell more than those that merely name it.
    runs.sort(key=lambda item: path not in _files(item))
    verdict.fate = runs[0]["outcome"]
    verdict.why = runs[0]["why"]
    verdict.ingestor = ", ".join(dict.fromkeys(item["ingestor"] for item in runs))
    for item in runs:
        for image in item["run"]["images"]:
            if image.get("problems"):
                verdict.add("pixels", f"{image.get('key')}: {image['problems'][0]}")
            if image.get("zeros") and path in image.get("files", ()):
                verdict.add("zeros", f"{image['key']}: every row that was compared is zero")
    if verdict.expected == "sidecar":
        return
    if verdict.expected == "bad":
        verdict.add("ingested", f"by {verdict.ingestor}: {verdict.why}")
        return
    _judge_ingestor(verdict, runs, expected)
    every = [image for item in runs for image in item["run"]["images"] if "shape" in image]
    # Of a master, the frames lie in other files.
    deep = [image for image in every if len(image["shape"]) > 2 and path not in image["files"]]
    own = [image for image in every if path in image["files"]]
    images = own if any(len(image["shape"]) > 2 for image in own) or not deep else [*deep, *own]
    tried = [image for image in images if image.get("rows_tried")]
    if tried:
        verdict.pixels = not any(image["problems"] for image in tried)
    _judge_shape(verdict, row, path, images)
    told = {term: text for item in reversed(runs) for term, text in item["run"]["fields"].items()}
    _judge_fields(verdict, told, expected)


def _files(item: dict[str, Any]) -> set[str]:
    if item["run"] is None:
        return set()
    return {path for image in item["run"]["images"] for path in image.get("files", ())}


def _judge_ingestor(verdict: Judged, runs: list[dict[str, Any]], expected: dict[str, Any]) -> None:
    wanted = expected.get("ingestors")
    if wanted is None:
        verdict.add("ingestor", f"{verdict.ingestor}; corpus_origins.toml does not say who should")
    elif not all(any(fnmatch.fnmatch(item["ingestor"], w) for w in wanted) for item in runs):
        verdict.add("ingestor", f"{verdict.ingestor}, not {' or '.join(wanted)}")


# Shapes --------------------------------------------------------------------------------------


def _judge_shape(
    verdict: Judged, row: dict[str, str], path: str, images: list[dict[str, Any]]
) -> None:
    shapes = [ast.literal_eval(text) for text in re.findall(r"\(\d+(?:, ?\d+)*,?\)", row["shape"])]
    if not shapes:
        return
    if not images:
        verdict.shape = False
        verdict.add("shape", f"no image; the manifest has {row['shape'][:120]}")
        return
    # A listing of an HDF5 file is of its largest datasets: that it has one of them is enough.
    verdict.shape = any(_agrees(shape, path, images) for shape in shapes)
    if not verdict.shape:
        ours = [(image["key"], image["shape"], len(image["files"])) for image in images]
        verdict.add("shape", f"{ours[:3]}; the manifest has {row['shape'][:120]}")
    dtypes = {np.dtype(image["dtype"]).newbyteorder("=") for image in images}
    named = {dtype.name for dtype in dtypes} | {dtype.str[1:] for dtype in dtypes}
    if row["dtype"]:
        verdict.dtype = any(name in row["dtype"] for name in named)
        if not verdict.dtype:
            verdict.add("dtype", f"{sorted(named)}; the manifest has {row['dtype'][:80]}")


def _agrees(shape: tuple[int, ...], path: str, images: list[dict[str, Any]]) -> bool:
    """Tell whether a shape is that of the rows of one file, or of the run that it is in."""
    for image in images:
        frame = image["shape"][1:]
        counts = {image["files"].get(path, 0), image["shape"][0]}
        for count in counts:
            if math.prod(shape) == count * math.prod(frame) and _ends(shape, frame):
                return True
            if _sizes(shape) == _sizes((count, *frame)):
                return True  # the frame axis is not the first
    together = sum(image["files"].get(path, 0) * math.prod(image["shape"][1:]) for image in images)
    return together == math.prod(shape) and _ends(shape, images[0]["shape"][1:])


def _ends(shape: tuple[int, ...], frame: list[int]) -> bool:
    """Tell whether a shape ends with that of a frame; axes of length 1 do not count."""
    wanted = [size for size in frame if size != 1]
    ours = [size for size in shape if size != 1]
    return ours[len(ours) - len(wanted) :] == wanted or sorted(ours) == sorted(wanted)


def _sizes(shape: Any) -> list[int]:
    return sorted(size for size in shape if size != 1)


# Metadata ------------------------------------------------------------------------------------


def _judge_fields(verdict: Judged, told: dict[str, str], expected: dict[str, Any]) -> None:
    verdict.told = told
    for term in expected.get("records", ()):
        verdict.fields[term] = term in told
        if term not in told:
            verdict.add(f"no {term}", "its origin records it, its run does not tell it")
    verdict.fields |= {term: "+" for term in told if term not in verdict.fields}
