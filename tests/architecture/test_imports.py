"""The import contracts of pyproject.toml are kept, and each of them can be broken."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

PROJECT: Final = Path(__file__).resolve().parents[2]
CONTRACTS: Final = {
    "Imports point inward",
    "Adapters and strategies do not know each other",
    "Only the composition root names an adapter or a strategy",
    "Deciding does no input or output",
    "No cycles between siblings",
}

# contract, then files to plant under src/zombot and what stands in them
VIOLATIONS: Final = [
    pytest.param("Imports point inward", {"domain/planted.py": "import zombot.ports"}, id="outward"),
    pytest.param(
        "Imports point inward", {"engine/planted.py": "import zombot.strategies"}, id="layer-sibling"
    ),
    pytest.param("Imports point inward", {"planted.py": "x = 1"}, id="module-outside-the-layers"),
    pytest.param(
        "Adapters and strategies do not know each other",
        {"strategies/planted_a.py": "x = 1", "strategies/planted_b.py": "import zombot.strategies.planted_a"},
        id="sibling-strategy",
    ),
    pytest.param(
        "Only the composition root names an adapter or a strategy",
        {"interfaces/planted.py": "import zombot.infrastructure"},
        id="interface-names-an-adapter",
    ),
    pytest.param("Deciding does no input or output", {"engine/planted.py": "import random"}, id="chance"),
    pytest.param(
        "No cycles between siblings",
        {
            "ports/planted_a.py": "import zombot.ports.planted_b",
            "ports/planted_b.py": "import zombot.ports.planted_a",
        },
        id="cycle",
    ),
]


def verdicts(project: Path) -> tuple[dict[str, str], str]:
    """Lint the imports of the package under `project`: contract → KEPT or BROKEN, and the whole report."""
    environment = {**os.environ, "PYTHONPATH": str(project / "src"), "COLUMNS": "200", "NO_COLOR": "1"}
    lint = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    result = subprocess.run(
        [sys.executable, "-c", lint, "--no-cache", "--no-logo"],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    report = result.stdout + result.stderr
    return dict(re.findall(r"^(.+?) (KEPT|BROKEN)\b", report, re.MULTILINE)), report


@pytest.fixture
def copied_project(tmp_path: Path) -> Path:
    """A copy of the package and its contracts, to be spoilt."""
    shutil.copy(PROJECT / "pyproject.toml", tmp_path)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PROJECT / "src" / "zombot", tmp_path / "src" / "zombot", ignore=ignored)
    return tmp_path


def test_all_contracts_are_kept() -> None:
    """The five contracts are there, under their names, and the package keeps them."""
    found, report = verdicts(PROJECT)
    assert found == dict.fromkeys(CONTRACTS, "KEPT"), report


@pytest.mark.parametrize(("contract", "planted"), VIOLATIONS)
def test_a_planted_violation_is_caught(copied_project: Path, contract: str, planted: dict[str, str]) -> None:
    """An import that a contract forbids turns that contract red, by name of the planted module."""
    for name, source in planted.items():
        (copied_project / "src" / "zombot" / name).write_text(source + "\n", encoding="utf-8")
    found, report = verdicts(copied_project)
    assert found.get(contract) == "BROKEN", report
    assert "planted" in report
