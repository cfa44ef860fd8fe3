"""These tests need a Chromium, so they run when they are asked for (``pytest tests/pages``), not with all others."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.pages.browser import Browser


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave this folder alone unless it, or something in it, was named."""
    named = [Path(argument.partition("::")[0]).absolute() for argument in config.args]
    here = Path(__file__).parent
    return None if any(each == here or here in each.parents for each in named) else True


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests."""
    with Browser() as started:
        yield started
