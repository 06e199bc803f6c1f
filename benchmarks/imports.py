"""How long `import penstock` and `penstock --help` take, against a Python that does nothing.

python benchmarks/imports.py [TURNS]
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

from _table import alternate, format_table

WAYS = {
    "python -c pass": ["-c", "pass"],
    "import penstock": ["-c", "import penstock"],
    "penstock --help": ["-m", "penstock", "--help"],
    "import numpy": ["-c", "import numpy"],
    "import dask.array, xarray, h5py, tifffile, event_model": [
        "-c",
        "import dask.array, xarray, h5py, tifffile, event_model",
    ],
}


def start(arguments: list[str]) -> Callable[[], object]:
    command = [sys.executable, *arguments]
    return lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else 11
    print(format_table(alternate({name: start(args) for name, args in WAYS.items()}, turns)))
