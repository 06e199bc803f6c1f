"""Its functions print, and so do the programs that they start."""

import os
import subprocess

from penstock import RunsFound

print("chatty: functions imported")


def probe(paths):
    """Accept every file, and say so in three ways."""
    print("chatty: probing")
    os.write(1, b"chatty: as C prints\n")
    subprocess.run(["echo", "chatty: as another program prints"], check=True)
    return RunsFound()


def ingest(path):
    """Yield a run without streams; raise where the file says so."""
    print("chatty: ingesting")
    uid = os.path.basename(path)
    with open(path) as file:
        if "fault" in file.read():
            raise TypeError("unsupported operand")
    yield "start", {"uid": uid, "time": 0.0}
    print("chatty: ending")
    yield "stop", {"uid": f"{uid}-s", "time": 0.0, "run_start": uid, "exit_status": "success"}
