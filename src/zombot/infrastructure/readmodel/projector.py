"""A thread that follows the journal and keeps the read model up to date; the writer never waits for it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Final

from zombot.infrastructure.readmodel.sqlite import ReadModelError, Source, SqliteReadModel
from zombot.ports.journal import JournalError

INTERVAL_SECONDS: Final = 0.05
RETRY_SECONDS: Final = 1.0


class Projector:
    """Polls ``source``, which must be a reader of its own: nothing is shared with the writer but the file.

    A failure is kept in ``trouble`` and retried; it never reaches the writer.
    """

    def __init__(self, path: Path, source: Source, *, interval: float = INTERVAL_SECONDS) -> None:
        self._path = path
        self._source = source
        self._interval = interval
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="read-model", daemon=True)
        self.last_sequence = 0
        """The newest fact that is projected."""
        self.trouble = ""
        """Why the last attempt failed; empty when it did not."""

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def stop(self) -> int:
        """Project what is there, then end; returns the last sequence. Stop writing the journal first.

        Raises:
            ReadModelError: the last attempt failed; the next start projects what is missing.
        """
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        if self.trouble:
            raise ReadModelError(self.trouble)
        return self.last_sequence

    def _run(self) -> None:
        last_round = False
        while not last_round:
            # Taken before the round, so that one whole round follows the call of stop.
            last_round = self._stopping.is_set()
            try:
                self._follow(once=last_round)
            except (ReadModelError, JournalError) as error:
                self.trouble = str(error)
                self._stopping.wait(RETRY_SECONDS)

    def _follow(self, *, once: bool) -> None:
        """Open the model and keep it up to date until stopped or failed."""
        model = SqliteReadModel(self._path)
        try:
            self.last_sequence = model.catch_up(self._source)
            self.trouble = ""
            while not once and not self._stopping.wait(self._interval):
                self.last_sequence = model.project(self._source.replay(self.last_sequence))
        finally:
            model.close()
