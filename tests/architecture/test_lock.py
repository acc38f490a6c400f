"""The lock files fit pyproject.toml and, like all committed files, name no machine and no package index."""

import re
import runpy
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest

PROJECT: Final = Path(__file__).resolve().parents[2]
LOCKS: Final = ("requirements.lock", "requirements-bench.lock")
LOCK_TOOL: Final = PROJECT / ".ci" / "lock.py"
# a path of somebody's machine, and the options and hosts that say where packages came from
MACHINE_PATH: Final = re.compile(r"(?<![\w.$}~-])/(?:work|root|home|Users)/\w")
PACKAGE_INDEX: Final = re.compile(
    r"--(?:extra-)?index-url|--find-links|files\.python" + r"hosted|py" + r"pi\.org/simple"
)


@pytest.fixture(scope="module")
def committed_texts() -> dict[str, str]:
    """Every text file that is, or is about to be, in the repository: path → text."""
    if not (PROJECT / ".git").exists():
        pytest.skip("not a git checkout: which files are committed is not known here")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    texts = {}
    for name in filter(None, names.split("\0")):
        path = PROJECT / name
        if path.is_file():
            data = path.read_bytes()
            if b"\0" not in data:
                texts[name] = data.decode("utf-8", errors="replace")
    assert "pyproject.toml" in texts
    return texts


def pins(lock: str) -> dict[str, list[str]]:
    """The requirements of a lock: normalised name → its lines without continuation marks."""
    found: dict[str, list[str]] = {}
    for line in (PROJECT / lock).read_text(encoding="utf-8").splitlines():
        if line[:1].isalnum():
            found.setdefault(normalised(line), []).append(line.rstrip(" \\"))
    return found


def normalised(requirement: str) -> str:
    """The project name at the start of a requirement, in the form in which names compare equal."""
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert name, requirement
    return re.sub(r"[-_.]+", "-", name.group()).lower()


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_host(lock: str) -> None:
    """The lock holds no address, so that any package index can serve it."""
    assert "://" not in (PROJECT / lock).read_text(encoding="utf-8")


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_is_exact_and_hashed(lock: str) -> None:
    """Each requirement has one version and at least one sha256: what is installed is what was tried."""
    text = (PROJECT / lock).read_text(encoding="utf-8")
    blocks = [block for block in re.split(r"\n(?=\w)", text) if block[:1].isalnum()]
    assert len(blocks) > 10
    for block in blocks:
        assert re.match(r"[\w.\[\],-]+==[\w.!+]+", block), block
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", block), block


def test_direct_dependencies_are_pinned() -> None:
    """What pyproject.toml asks for by name stands in the lock that answers it."""
    project: dict[str, Any] = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = project["dependency-groups"]
    wanted = project["project"]["dependencies"] + groups["dev"] + project["build-system"]["requires"]
    assert {normalised(requirement) for requirement in wanted} <= pins("requirements.lock").keys()
    assert {normalised(requirement) for requirement in groups["bench"]} <= pins(
        "requirements-bench.lock"
    ).keys()


def test_locks_are_in_step_with_the_project() -> None:
    """Each lock was resolved from the dependency tables that stand in pyproject.toml now."""
    assert runpy.run_path(str(LOCK_TOOL))["stale_locks"](PROJECT) == []


@pytest.mark.parametrize(
    ("old", "new", "stale"),
    [
        ('"msgspec>=', '"msgspec>=0.', ["requirements.lock"]),
        ('"nautilus_trader==1.221.0"', '"nautilus_trader==1.220.0"', ["requirements-bench.lock"]),
        ('requires-python = ">=3.11"', 'requires-python = ">=3.12"', list(LOCKS)),
        ("line-length = 110", "line-length = 100", []),
    ],
)
def test_a_changed_table_makes_its_lock_stale(tmp_path: Path, old: str, new: str, stale: list[str]) -> None:
    """A change of dependencies is noticed in the lock that it concerns, any other change in none."""
    for name in LOCKS:
        shutil.copy(PROJECT / name, tmp_path)
    text = (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "pyproject.toml").write_text(text.replace(old, new), encoding="utf-8")
    assert runpy.run_path(str(LOCK_TOOL))["stale_locks"](tmp_path) == stale


def test_no_committed_file_names_a_machine(committed_texts: dict[str, str]) -> None:
    """No path of the machine that a file was written on is left in it."""
    offences = [
        f"{name}:{number}: {line.strip()}"
        for name, text in committed_texts.items()
        for number, line in enumerate(text.splitlines(), start=1)
        if MACHINE_PATH.search(line)
    ]
    assert not offences, "\n".join(offences)


def test_no_committed_file_names_a_package_index(committed_texts: dict[str, str]) -> None:
    """Where packages come from is the user's choice, made in pip's or uv's own configuration."""
    this_file = Path(__file__).relative_to(PROJECT).as_posix()
    offences = [
        f"{name}: {match.group()}"
        for name, text in committed_texts.items()
        if name != this_file and (match := PACKAGE_INDEX.search(text))
    ]
    assert not offences, "\n".join(offences)
