"""Draws the pictures of the documentation from a real short run on the embedded defaults.

Usage: python docs/make_pictures.py [SECONDS]
"""

from __future__ import annotations

import asyncio
import io
import sys
import tempfile
from pathlib import Path
from typing import Final

from rich.console import Console

from zombot.engine.queries import Snapshot
from zombot.interfaces.cli.view import Page
from zombot.settings import container
from zombot.settings.loading import load

IMAGES: Final = Path(__file__).resolve().parent / "images"
WIDTH, HEIGHT = 126, 34
SECONDS: Final = 90.0
# Rich's own frame names fonts on other people's servers; a picture in a README must not load anything.
FRAME: Final = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: arial; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def richest(snapshots: list[Snapshot]) -> Snapshot:
    """The snapshot that shows most: something open, most of it closed before, the latest of these."""
    return max(snapshots, key=lambda one: (min(len(one.arbitrages), 2), one.counts["closed"], one.now_ns))


def simulate(seconds: float, state_dir: Path) -> list[Snapshot]:
    """Run the bot on a journal of its own and keep what the live view would have shown."""
    settings = load(None, {"state_dir": str(state_dir)})
    snapshots: list[Snapshot] = []
    application = container.build_run(settings, seconds=seconds)
    asyncio.run(application.run(snapshots.append, 1.0))
    return snapshots


def draw(snapshot: Snapshot, path: Path) -> None:
    """Write the live view of one snapshot as SVG."""
    console = Console(record=True, width=WIDTH, height=HEIGHT, file=io.StringIO(), force_terminal=True)
    seconds = (snapshot.now_ns - snapshot.started_ns) / 1e9
    page = Page(snapshot, snapshot.events / seconds if seconds > 0 else 0.0)
    for line in page.lines(WIDTH, HEIGHT):
        console.print(line, no_wrap=True, overflow="crop", crop=True)
    picture = console.export_svg(title="zombot run", code_format=FRAME, unique_id="zombot")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(picture, encoding="utf-8")


def main() -> None:
    """Simulate, draw, say where."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    with tempfile.TemporaryDirectory() as folder:
        snapshots = simulate(seconds, Path(folder))
    target = IMAGES / "live-view.svg"
    draw(richest(snapshots), target)
    sys.stdout.write(f"wrote {target}\n")


if __name__ == "__main__":
    main()
