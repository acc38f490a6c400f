"""Writes the tables of docs/configuration.md from the schema: ``python -m tests.unit.settings.reference``."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Final

from zombot.settings.keys import KeyEntry, keys, kind_at
from zombot.settings.kinds import shown

PAGE: Final = Path(__file__).resolve().parents[3] / "docs" / "configuration.md"
BEGIN: Final = "<!-- reference: written by `python -m tests.unit.settings.reference` -->\n"
END: Final = "<!-- end of reference -->\n"


def table_name(entry: KeyEntry) -> str:
    """The table of the file that a key stands in."""
    return entry.path.rpartition(".")[0]


def default_of(entry: KeyEntry) -> str:
    """A key's default as the file would have it."""
    if entry.required:
        return "*required*"
    if entry.default is None:
        return "*absent*"
    if isinstance(entry.default, dict):
        inner = ", ".join(
            f"{name} = {shown(value) if value != {} else '{}'}" for name, value in entry.default.items()
        )
        return f"`{{ {inner} }}`" if inner else "`{}`"
    return f"`{shown(entry.default)}`"


def row(entry: KeyEntry) -> str:
    """One line of a table."""
    allowed = entry.allowed.replace(" with its unit (ns, us, ms, s, m, h, d)", "")
    allowed = allowed.replace(', as in "250ms"', "").replace("|", "\\|")
    description = entry.description.replace("\n", " ").replace("|", "\\|")
    return f"| `{entry.path}` | {default_of(entry)} | {allowed} | {description} |\n"


def reference() -> str:
    """All tables, one for each table of the file."""
    parts = []
    for name, entries in groupby(keys(), key=table_name):
        kind = kind_at(name.split(".")) if name else None
        title = (
            f"### `[{name}]`\n\n{kind.__doc__}\n" if name and kind is not None else "### Top of the file\n"
        )
        parts.append(f"\n{title}\n| key | default | allowed | meaning |\n|---|---|---|---|\n")
        parts += [row(entry) for entry in entries]
    return "".join((*parts, "\n"))


def main() -> None:
    """Put the tables of today into the page."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}{reference()}{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
