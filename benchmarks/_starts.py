"""Start documents such as a beamline's, made up: about 1 kB each, the same for the same number."""

from __future__ import annotations

import random
import uuid
from typing import Any

__all__ = ["FIRST_TIME", "SECONDS_BETWEEN", "make_start"]

FIRST_TIME = 1_700_000_000.0
SECONDS_BETWEEN = 31.7


def make_start(number: int) -> dict[str, Any]:
    """Return the start document of a run."""
    pick = random.Random(number)
    motor = pick.choice(["theta", "x", "y", "energy"])
    return {
        "uid": str(uuid.UUID(int=pick.getrandbits(128))),
        "time": FIRST_TIME + number * SECONDS_BETWEEN + pick.random(),
        "scan_id": number % 100_000,
        "plan_name": pick.choice(["count", "scan", "grid_scan", "fly"]),
        "plan_type": "generator",
        "plan_args": {"detectors": ["eiger", "i0"], "num": 11, "args": [motor, -1.0, 1.0]},
        "detectors": ["eiger", "i0"],
        "motors": [motor],
        "num_points": pick.randint(1, 2000),
        "sample": {
            "name": f"sample_{pick.randint(0, 9999)}",
            "formula": pick.choice(["Cu", "Ni", "LaB6", "CeO2"]),
            "temperature": pick.uniform(4, 400),
            "holder": {"slot": pick.randint(1, 96), "kind": "capillary"},
        },
        "proposal": {
            "id": f"2026-{pick.randint(1, 3000)}",
            "title": "Phase transitions of something, with a title of a usual length",
            "pi": "Somebody Name",
        },
        "beamline": {"id": "45id", "energy_keV": pick.uniform(5, 30), "ring_current_mA": 101.3},
        "operator": pick.choice(["anna", "ben", "carl"]),
        "purpose": "production",
        "versions": {"bluesky": "1.13.1", "ophyd": "1.9.0"},
        "hints": {"dimensions": [[[motor], "primary"]]},
        "file_name": f"scan_{number:06d}_00001.h5",
        "folder": "/data/2026/45id/raw/visit_17",
        "time_source": "file",
        "notes": "aligned after the change of the sample stage",
        "data_session": "pass-12345",
    }
