"""Errors of recordings, each naming the file and what is wrong with it."""

from __future__ import annotations

from zombot.domain.errors import InvalidValue


class RecordingError(InvalidValue):
    """A recording or a file to import cannot be used; nothing of it was taken over."""
