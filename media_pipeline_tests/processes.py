"""Programs that tests start, with all that they start themselves."""

import subprocess
from contextlib import suppress

import psutil


def end(process: "subprocess.Popen[bytes]") -> None:
    """Kill it and everything below it; what has ended meanwhile is no fault."""
    with suppress(psutil.NoSuchProcess):
        root = psutil.Process(process.pid)
        for each in [*root.children(recursive=True), root]:
            with suppress(psutil.NoSuchProcess):
                each.kill()
    process.wait()
