"""How much memory this process has had at most."""

from __future__ import annotations

import resource
import sys
from pathlib import Path
from typing import Final

KILOBYTES: Final = 1024.0


def peak_rss_mb() -> float:
    """Peak resident memory in MB.

    Linux hands the peak of a parent on to the child through ``getrusage``, so there it is read from the kernel's
    figures of this address space.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return float(line.split()[1]) / KILOBYTES
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / KILOBYTES**2 if sys.platform == "darwin" else peak / KILOBYTES
