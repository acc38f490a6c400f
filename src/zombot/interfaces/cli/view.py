"""The live view in a terminal: the whole picture on one screen, four times a second at most."""

from __future__ import annotations

from types import TracebackType
from typing import Final, Self

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.live import Live
from rich.text import Text

from zombot.engine.queries import Snapshot
from zombot.interfaces.cli import panels, texts

REFRESH_PER_SECOND: Final = 4
EVENT_LINES_MIN: Final = 3
SHORT_LINES: Final = 16
"""Below this height the view keeps to what is open and what just happened."""
RATE_WEIGHT: Final = 0.2
RULE_STYLE: Final = "grey35"


class Page:
    """One snapshot, laid out for whatever size the terminal has at the moment of drawing."""

    def __init__(self, snapshot: Snapshot, events_per_second: float = 0.0, notice: str = "") -> None:
        self.snapshot = snapshot
        self.events_per_second = events_per_second
        self.notice = notice

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Lines no wider and no more than the terminal's."""
        yield Group(*(_ended(line) for line in self.lines(options.max_width, options.size.height)))

    def lines(self, width: int, height: int) -> list[Text]:
        """The page, at most ``height`` lines of at most ``width`` cells."""
        snapshot = self.snapshot
        head = panels.header(snapshot, width, self.events_per_second)
        if self.notice:
            head[:1] = panels.notice(self.notice, width)
        short = height < SHORT_LINES
        profit = [] if short else panels.profit(snapshot.profit, width)
        limits = [] if short else panels.limits(snapshot.limits, width, 1 if height < 30 else 3)
        rules = 2 if short else 4
        space = height - len(head) - len(profit) - len(limits) - rules
        room = _share(snapshot, space)
        middle = panels.pairs(snapshot.pairs, width, room[0])
        arbitrages = panels.arbitrages(snapshot.arbitrages, width, room[1])
        events = panels.events(snapshot.last_events, width, space - len(middle) - len(arbitrages))
        parts = [head, middle, arbitrages, [*profit, *limits], events]
        return _ruled(parts, width)[:height]


class LiveView:
    """Takes snapshots from the bot's loop and draws the newest in a thread of its own.

    It uses the terminal's alternate screen, as an editor does: what stood there before comes back when the
    view ends, whichever way it ends, and the bot's last words stand below it.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console()
        self._page: Page | None = None
        self._rate = 0.0
        self._notice = ""
        self._live = Live(
            get_renderable=self._current,
            console=self._console,
            screen=True,
            auto_refresh=True,
            refresh_per_second=REFRESH_PER_SECOND,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def show(self, snapshot: Snapshot) -> None:
        """Keep the snapshot for the next drawing; costs the bot's loop next to nothing."""
        before = self._page.snapshot if self._page else snapshot
        seconds = (snapshot.now_ns - before.now_ns) / texts.SECOND_NS
        if seconds > 0:
            now = (snapshot.events - before.events) / seconds
            # Smoothed, so that the figure can be read while it changes.
            self._rate += (now - self._rate) * (RATE_WEIGHT if self._rate else 1.0)
        self._page = Page(snapshot, self._rate, self._notice)

    def say(self, text: str) -> None:
        """Show a word of the command line itself in the first line, until the end."""
        self._notice = text
        if self._page is not None:
            self._page = Page(self._page.snapshot, self._rate, text)

    def _current(self) -> Page | Text:
        return self._page or Text("zombot starts …", style="bright_black")


def _share(snapshot: Snapshot, space: int) -> tuple[int, int]:
    """Lines for pairs and for arbitrages, headings included; events take what is left.

    Arbitrages come first, since money stands in them, but the pairs keep a third of the room.
    """
    pairs_wanted = len(snapshot.pairs) + 1
    legs_wanted = len(snapshot.arbitrages) * 2 + 1
    space = max(space - EVENT_LINES_MIN, 0)
    pairs_least = min(pairs_wanted, max(space // 3, 2))
    arbitrages = min(max(legs_wanted, 2), max(space - pairs_least, 0))
    return min(pairs_wanted, max(space - arbitrages, 0)), arbitrages


def _ruled(parts: list[list[Text]], width: int) -> list[Text]:
    """The parts that have lines, a thin rule between them."""
    lines: list[Text] = []
    for part in parts:
        if part and lines:
            lines.append(Text("─" * width, RULE_STYLE, no_wrap=True, end=""))
        lines += part
    return lines


def _ended(line: Text) -> Text:
    line.end = "\n"
    return line
