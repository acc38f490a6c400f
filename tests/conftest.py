"""What all tests share: Hypothesis profiles and the way to real recordings."""

import os
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, settings

PROJECT: Final = Path(__file__).resolve().parents[1]

# No deadlines and no "too slow": a busy machine must not turn a true property red.
settings.register_profile(
    "ci",
    max_examples=100,
    deadline=None,
    derandomize=True,  # the same examples on every run, so that a red gate means the change, not the draw
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "soak",
    max_examples=2_000,
    deadline=None,
    print_blob=True,  # new examples on every run; a failure prints how to repeat it
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("ZOMBOT_HYPOTHESIS_PROFILE", "ci"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that asks for `shared_data`, so that `-m needs_shared` selects it."""
    for item in items:
        if "shared_data" in getattr(item, "fixturenames", ()):
            item.add_marker("needs_shared")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real recordings beside the project; without it the test is skipped."""
    folder = PROJECT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no ../shared beside the project: real recordings are not here")
    return folder
