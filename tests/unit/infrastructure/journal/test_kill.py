"""A real process that is killed while it appends loses nothing that append had returned from."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from zombot.infrastructure.journal.file import FileJournal
from zombot.infrastructure.journal.inspection import verify
from zombot.infrastructure.journal.reader import open_reader

KILLS = 20
SEGMENT_BYTES = 16_384

# Writes batches of one, two and three facts as fast as it can and says each sequence once append is back.
CHILD = """
import os, sys
from pathlib import Path
from tests.unit.infrastructure.journal.facts import T0, balance
from zombot.infrastructure.journal.file import FileJournal

journal = FileJournal(Path(sys.argv[1]), durability=sys.argv[2], segment_bytes=int(sys.argv[3]))
while True:
    sequence = journal.append([balance(T0)] * (1 + journal.last_sequence % 3))
    os.write(1, sequence.to_bytes(8, "little"))
"""


@pytest.mark.parametrize(("durability", "kills"), [("process", KILLS - 4), ("power", 4)])
def test_a_killed_writer_loses_nothing_it_was_told_is_written(
    tmp_path: Path, durability: str, kills: int
) -> None:
    """Kill the writer at random instants, again and again on one journal: every sequence that append returned
    is there after each reopening, the chain is whole, and at most the batch under way is cut.
    """
    chance = random.Random(7)
    command = [sys.executable, "-c", CHILD, str(tmp_path), durability, str(SEGMENT_BYTES)]
    for _ in range(kills):
        with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            head = child.stdout.read(8)
            time.sleep(chance.uniform(0, 0.03))
            child.send_signal(signal.SIGKILL)
            told = head + child.stdout.read()
        assert child.returncode == -signal.SIGKILL
        assert len(told) >= 8
        last_told = int.from_bytes(told[len(told) // 8 * 8 - 8 :][:8], "little")
        journal = FileJournal(tmp_path, segment_bytes=SEGMENT_BYTES)
        assert last_told <= journal.last_sequence <= last_told + 3
        journal.close()
    found = verify(tmp_path)
    assert found.ok and found.torn_bytes == 0
    assert [entry.sequence for entry in open_reader(tmp_path).replay()] == list(range(1, found.facts + 1))
