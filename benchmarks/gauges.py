"""What a measured process says of itself: time used and memory held.

Standard library only: the peer's environment has little else.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path
from typing import Final

KILOBYTES: Final = 1024.0


class Stopwatch:
    """Wall and processor time of two laps: getting ready, and running."""

    def __init__(self) -> None:
        self._marks = [(time.perf_counter(), time.process_time())]

    def lap(self) -> None:
        """A lap ends here."""
        self._marks.append((time.perf_counter(), time.process_time()))

    def found(self) -> dict[str, float]:
        """Seconds of the second lap (``run``) and of both (``all``)."""
        begin, ready, end = self._marks
        return {
            "wall_run": end[0] - ready[0],
            "wall_all": end[0] - begin[0],
            "cpu_run": end[1] - ready[1],
            "cpu_all": end[1] - begin[1],
        }


def peak_rss_mb() -> float:
    """Peak resident memory in MB.

    Linux hands the peak of a parent on to the child through ``getrusage``, so there it is read from the
    kernel's figures of this address space.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return float(line.split()[1]) / KILOBYTES
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / KILOBYTES**2 if sys.platform == "darwin" else peak / KILOBYTES
