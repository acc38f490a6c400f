"""Reading takes memory for what is due, not for what there is."""

import os
import subprocess
import sys
from pathlib import Path

from tests.unit.infrastructure.history.samples import MS, Given, tops
from zombot.infrastructure.history.copying import record

READ = """
import resource, sys
from pathlib import Path
from zombot.infrastructure.history.reader import RecordingSource
count = sum(1 for _ in RecordingSource(Path(sys.argv[1])).events())
print(count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
LENGTH = 150_000


def peak_of_reading(folder: Path, count: int) -> int:
    """Peak memory of a process that reads a recording of so many quotes."""
    into = folder / str(count)
    record(Given(tops(count, MS)), into, events_max=count)
    child = subprocess.run(
        [sys.executable, "-c", READ, str(into)],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    read, peak = map(int, child.stdout.split())
    assert read == count
    return peak


def test_memory_is_flat_with_the_length_of_a_recording(tmp_path: Path) -> None:
    """A recording twice as long takes less than a fifth more at its peak."""
    assert peak_of_reading(tmp_path, 2 * LENGTH) < 1.2 * peak_of_reading(tmp_path, LENGTH)
