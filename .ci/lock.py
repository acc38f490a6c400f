"""Tells whether the lock files still answer the dependency tables of pyproject.toml, without asking an index.

Each lock begins with a digest of the tables that it was resolved from. `stamp` writes that line after a new
resolution, `check` compares. Standard library only.
"""

import hashlib
import json
import sys
import tomllib
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
MARK: Final = "# made by `make lock` from tables with sha256 "


def tables_of(project_file: Path) -> dict[str, Any]:
    """Map each lock's file name to the parts of pyproject.toml that decide what is in it."""
    project = tomllib.loads(project_file.read_text(encoding="utf-8"))
    metadata = project["project"]
    python = metadata["requires-python"]
    groups = project["dependency-groups"]
    return {
        "requirements.lock": {
            "requires-python": python,
            "dependencies": metadata["dependencies"],
            "optional-dependencies": metadata.get("optional-dependencies", {}),
            "dev": groups["dev"],
            "build": project["build-system"]["requires"],
        },
        "requirements-bench.lock": {"requires-python": python, "bench": groups["bench"]},
    }


def digest(tables: dict[str, Any]) -> str:
    """Digest dependency tables; the order of keys does not count, the order of requirements does."""
    return hashlib.sha256(json.dumps(tables, sort_keys=True).encode()).hexdigest()


def stale_locks(root: Path) -> list[str]:
    """Name the locks under `root` that are missing or were resolved from other tables than today's."""
    stale = []
    for name, tables in tables_of(root / "pyproject.toml").items():
        lock = root / name
        first_line = lock.read_text(encoding="utf-8").partition("\n")[0] if lock.exists() else ""
        if first_line != MARK + digest(tables):
            stale.append(name)
    return stale


def stamp(root: Path) -> None:
    """Write today's digest as the first line of each lock under `root`."""
    for name, tables in tables_of(root / "pyproject.toml").items():
        lock = root / name
        lines = lock.read_text(encoding="utf-8").splitlines(keepends=True)
        pins = [line for line in lines if not line.startswith(MARK)]
        lock.write_text(f"{MARK}{digest(tables)}\n{''.join(pins)}", encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Run `check` or `stamp`; 0 is good, 1 is a stale lock, 2 is a wrong call."""
    match arguments:
        case ["stamp"]:
            stamp(ROOT)
            return 0
        case ["check"]:
            stale = stale_locks(ROOT)
            for name in stale:
                print(f"{name} does not answer pyproject.toml: run `make lock`", file=sys.stderr)
            return 1 if stale else 0
        case _:
            print("usage: lock.py check | stamp", file=sys.stderr)
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
