"""A browser, and bundled calls to look at."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from playwright.sync_api import Browser, sync_playwright

from review.views import sound
from tests.review.browser.driving import BLIND, LATER, OTHER, THREE_FLAGS
from tests.review.bundled import store_bundled
from tests.review.people import put_into_queue


@pytest.fixture(scope="package")
def browser(django_db_setup: None) -> Iterator[Browser]:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    assert found, "Chromium is not installed; run: bash scripts/system_pieces.sh"
    # Playwright's loop runs in this thread; the tables are only used between its steps.
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        arguments = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required", "--disable-gpu"]
        started = playwright.chromium.launch(executable_path=found, args=arguments)
        yield started
        started.close()


@pytest.fixture
def listening(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of the test's own for peaks and copies."""
    settings = SimpleNamespace(listening_dir=tmp_path / "listening", accel_redirect="")
    monkeypatch.setattr(sound, "settings_in_force", lambda: settings)


@pytest.fixture
def calls(tmp_path: Path, listening: None) -> dict[str, str]:
    """Bundled calls in the queue: one with three flags first, then one of the blind lane."""
    found = store_bundled(tmp_path, [THREE_FLAGS, BLIND, LATER, OTHER])
    put_into_queue(found[THREE_FLAGS], "must")
    put_into_queue(found[BLIND], "probability")
    put_into_queue(found[LATER], "risk")
    put_into_queue(found[OTHER], "risk")
    return found
