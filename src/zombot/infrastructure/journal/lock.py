"""One writer for one journal: a lock on a file that names who holds it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Final

from zombot.ports.journal import JournalError

_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")


class WriterLock:
    """Held from construction to ``release``; the kernel releases it when the process dies."""

    def __init__(self, directory: Path) -> None:
        path = directory / "lock"
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise JournalError(f"cannot open {path}: {error}") from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(self._descriptor, 256, 0).decode(errors="replace").partition("\n")[0]
            os.close(self._descriptor)
            raise JournalError(
                f"journal {directory} is in use by process {holder or 'unknown'}: stop that bot, or give "
                f"this one a journal of its own"
            ) from error
        self.rebooted = self._sign()
        """The machine was started anew since the last writer: what it had not synced may be lost."""

    def _sign(self) -> bool:
        before = os.pread(self._descriptor, 256, 0).decode(errors="replace").split("\n")
        boot = _BOOT.read_text(encoding="ascii").strip() if _BOOT.exists() else ""
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n{boot}\n".encode(), 0)
        return len(before) > 1 and "" not in (boot, before[1]) and boot != before[1]

    def release(self) -> None:
        """Let the next writer in. The file stays: removing it could take it from under that writer."""
        os.close(self._descriptor)
