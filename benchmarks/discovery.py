"""How long it takes to discover 50 installed plug-in packages, and what of that is theirs.

python benchmarks/discovery.py [PACKAGES] [TURNS]

Packages are laid out as pip leaves them, each with an ingestor, an asset reader, an exporter and a
command, and with a module that stands for a heavy dependency: importing it ends the process. Every
turn is a new process; what the interpreter and `import penstock` take is no part of the times.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

PLUGIN = """
from penstock import AssetReader, Command, Exporter, Ingestor, hookimpl

@hookimpl
def penstock_ingestors():
    return [Ingestor("lab-{n}", title="Lab {n}", ingest="lab_{n}.work:ingest", takes="file",
                     formats=("tiff",), patterns=("lab{n}_*.tif",), tier="CONVENTION")]

@hookimpl
def penstock_asset_readers():
    return [AssetReader("lab-{n}", ("application/x-lab-{n}",), "lab_{n}.work:open_frames")]

@hookimpl
def penstock_exporters():
    return [Exporter("lab-{n}", "Lab {n}", "lab_{n}.work:export")]

@hookimpl
def penstock_commands():
    return [Command("lab-{n}", "Lab {n}", "lab_{n}.work:run")]
"""
HEAVY = "import os\nos._exit(99)  # nothing may import this\n"
METADATA = "Metadata-Version: 2.1\nName: lab-{n}\nVersion: 1.{n}\nRequires-Dist: numpy\n\nA lab.\n"
WAYS = {
    "discovered (all that penstock imports for it, too)": """
        import penstock, time
        began = time.perf_counter()
        from penstock.core.registry import get_registry
        registry = get_registry()
        ended = time.perf_counter()
        assert len(registry.ingestors) >= {count} and not registry.problems, registry.problems
        """,
    "of that: entry points found and read": """
        import penstock.core.registry.installed as installed, time
        began = time.perf_counter()
        points = installed.read_entry_points(["penstock", "databroker.ingestors"])
        ended = time.perf_counter()
        assert len(points) >= {count}
        """,
    "of that: pluggy imported": """
        import penstock, time, re, typing, inspect, warnings, types
        began = time.perf_counter()
        import pluggy
        ended = time.perf_counter()
        """,
    "of that: plug-ins imported and asked": """
        import time
        from penstock.core.registry import collecting, discovery
        found = discovery.find_plugins()[0]
        began = time.perf_counter()
        collected = collecting.collect(found)
        ended = time.perf_counter()
        assert len(collected.commands) >= {count}
        """,
    "for comparison: importlib.metadata, the same entry points with versions": """
        import penstock, time
        began = time.perf_counter()
        from importlib import metadata
        found = metadata.entry_points(group="penstock")
        points = [(point.name, point.dist.name, point.dist.version) for point in found]
        ended = time.perf_counter()
        assert len(points) >= {count}
        """,
    "for comparison: pluggy's own loader": """
        import penstock, time
        began = time.perf_counter()
        import pluggy
        manager = pluggy.PluginManager("penstock")
        manager.load_setuptools_entrypoints("penstock")
        ended = time.perf_counter()
        assert len(manager.get_plugins()) >= {count}
        """,
}


def lay_out(site: Path, count: int) -> None:
    """Write the packages."""
    for n in range(count):
        info = site / f"lab_{n}-1.{n}.dist-info"
        package = site / f"lab_{n}"
        info.mkdir()
        package.mkdir()
        (info / "METADATA").write_text(METADATA.format(n=n))
        (info / "entry_points.txt").write_text(f"[penstock]\nlab-{n} = lab_{n}.plugin\n")
        (package / "__init__.py").write_text("")
        (package / "plugin.py").write_text(PLUGIN.format(n=n))
        (package / "work.py").write_text(HEAVY)


def measure(code: str, site: Path, count: int, turns: int) -> list[tuple[float, float]]:
    """Run code in new processes; return what it took in each, in milliseconds: clock, processor."""
    lines = [line.strip() for line in code.format(count=count).strip().splitlines()]
    lines = [line.replace("began = ", "cpu = time.process_time(); began = ") for line in lines]
    lines += ["cpu = time.process_time() - cpu", "print(1e3 * (ended - began), 1e3 * cpu)"]
    text = "\n".join(lines)
    environment = {**os.environ, "PYTHONPATH": str(site)}
    environment.pop("PENSTOCK_PLUGINS", None)

    def once() -> tuple[float, float]:
        done = subprocess.run(
            [sys.executable, "-c", text], env=environment, check=True, capture_output=True
        )
        clock, processor = map(float, done.stdout.split())
        return clock, processor

    once()  # compiles what is new
    return [once() for _ in range(turns)]


def main(count: int, turns: int) -> None:
    """Print a table."""
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder)
        lay_out(site, count)
        print(f"| {count} plug-in packages | median (ms) | best (ms) | processor, median (ms) |")
        print("|---|---:|---:|---:|")
        for name, code in WAYS.items():
            clock, processor = zip(*measure(code, site, count, turns), strict=True)
            middle = statistics.median
            print(f"| {name} | {middle(clock):.1f} | {min(clock):.1f} | {middle(processor):.1f} |")


if __name__ == "__main__":
    main(*(int(text) for text in (sys.argv[1:] + ["50", "15"][len(sys.argv) - 1 :])))
