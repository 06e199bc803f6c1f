"""What becomes of the field's ways to name files, against what they mean.

    python benchmarks/conventions.py

Each convention is a folder of small real files, written and matched; the same as in the tests.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "core" / "matching"))

from conventions import CONVENTIONS, try_out


def main() -> None:
    verdicts: Counter[str] = Counter()
    print("| convention | spelling | acquisitions | parts | runs made | verdict | order | remark |")
    print("|---|---|---:|---:|---:|---|---|---|")
    for convention in CONVENTIONS:
        with tempfile.TemporaryDirectory() as folder:
            outcome = try_out(convention, Path(folder))
        verdicts[outcome.verdict] += 1
        parts = sum(map(len, convention.acquisitions))
        order = "right" if outcome.is_ordered else "WRONG"
        print(
            f"| {convention.id} | {convention.spelling.replace('|', ', ')} "
            f"| {len(convention.acquisitions)} | {parts} | {len(outcome.runs)} "
            f"| {outcome.verdict} | {order} | {convention.remark} |"
        )
    print("\n" + ", ".join(f"{count} {verdict}" for verdict, count in verdicts.most_common()))


if __name__ == "__main__":
    main()
