"""Match a corpus of foreign files as one selection, and tell per origin what the plan says.

    python benchmarks/claims.py ../shared/corpus [--why]

The corpus is a folder with a `manifest.csv` (path, origin, …). The table has a line for each
origin: how many files, who takes how many of them on what evidence, what is undecided or refused.
Decoys (files that are called data and are none) must not be claimed above FALLBACK: the script ends
with exit code 1 where one is.
"""

from __future__ import annotations

import argparse
import csv
import logging
import sys
from collections import Counter, defaultdict
from pathlib import Path

import penstock
from penstock.core.matching import Plan

DECOYS = {"Git LFS pointer", "Keras", "HDF4/NeXus-HDF4", "netcdf3", "zero-byte", "hdf5 (crash)"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--why", action="store_true", help="print why files are refused")
    options = parser.parse_args()
    logging.getLogger().addHandler(logging.NullHandler())  # else libraries tell of every odd tag
    with (options.corpus / "manifest.csv").open(newline="") as file:
        origins = {row["path"]: row["origin"] for row in csv.DictReader(file)}
    corpus = options.corpus.resolve()
    fates, reasons = fates_of(penstock.match(corpus), corpus)

    by_origin: dict[str, Counter[str]] = defaultdict(Counter)
    for path, origin in origins.items():
        by_origin[origin][fates.get(path, "not selected")] += 1
    print("| origin | files | what the plan says |\n|---|---:|---|")
    for origin, counts in sorted(by_origin.items()):
        told = ", ".join(f"{count} {fate}" for fate, count in counts.most_common())
        print(f"| {origin} | {counts.total()} | {told} |")
    if options.why:
        for path, reason in sorted(reasons.items()):
            print(f"{path}: {reason}")
    wrong = [
        path
        for path, origin in origins.items()
        if origin in DECOYS and not fates.get(path, "refused").endswith(("refused", "FALLBACK"))
    ]
    decoys = sum(origin in DECOYS for origin in origins.values())
    lost = [path for path in origins if path not in fates]
    print(f"\n{len(origins)} files, {decoys} decoys; decoys claimed above FALLBACK: {len(wrong)};")
    print("files that the plan does not account for:", len(lost))
    for path in [*wrong, *lost]:
        print(path)
    return 1 if wrong or lost else 0


def fates_of(plan: Plan, corpus: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Return for each file who takes it, and for those that nobody takes the reason."""
    fates: dict[str, str] = {}
    reasons: dict[str, str] = {}
    for decision in plan.decisions:
        fate = "undecided"
        if decision.chosen is not None:
            fate = f"{decision.chosen.ingestor} {decision.chosen.tier}"
        for path in decision.group.paths:
            fates[str(Path(path).relative_to(corpus))] = fate
    for unclaimed in plan.unclaimed:
        for path in unclaimed.files:
            relative = str(Path(path).relative_to(corpus))
            fates[relative], reasons[relative] = "refused", unclaimed.reason
    return fates, reasons


if __name__ == "__main__":
    sys.exit(main())
