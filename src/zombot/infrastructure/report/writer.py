"""Writes ``report.json`` with everything and ``report.html`` for people, each whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import msgspec

from zombot.infrastructure.report.model import report_of
from zombot.infrastructure.report.page import page_of

PAGE: Final = "report.html"
DATA: Final = "report.json"


def write_report(report: object, directory: Path) -> None:
    """Write both files into ``directory``; what stood there before stays until its successor is complete.

    Args:
        report: a struct or mapping with the fields of ``model.Report``; more fields go into the JSON only.
        directory: made if it is not there.

    Raises:
        ReportError: a field is missing or of the wrong kind; nothing was written.
        OSError: the folder cannot be written to.
    """
    plain = msgspec.to_builtins(report)
    page = page_of(report_of(plain))
    directory.mkdir(parents=True, exist_ok=True)
    _replace(directory / PAGE, page.encode())
    _replace(directory / DATA, _json(plain))


def write_json(report: object, path: Path) -> None:
    """Write the JSON file alone.

    Raises:
        OSError: it cannot be written.
    """
    _replace(path, _json(msgspec.to_builtins(report)))


def _json(plain: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(plain), indent=1) + b"\n"


def _replace(path: Path, content: bytes) -> None:
    """Put the content into place in one step."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
