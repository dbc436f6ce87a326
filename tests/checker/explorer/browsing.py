"""A real browser in front of a running explorer, for tests and benchmarks."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from attorn.checker.explorer import Desk

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

__all__ = ["ARTEFACTS", "browser", "browser_missing", "serving", "settled", "shot"]

ARTEFACTS = Path(__file__).parents[3] / "artefacts" / "explorer"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
]  # fmt: skip
PATIENCE = 30_000  # milliseconds, for machines that do much else


def browser_missing() -> str:
    """Why no browser can be started; nothing where one can."""
    try:
        import playwright.sync_api  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as error:
        return f"needs {error.name}"
    return "" if _chromium() else "no Chromium is installed"


def _chromium() -> str | None:
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        made = play.chromium.launch(executable_path=_chromium(), args=FLAGS)
        yield made
        made.close()


@contextmanager
def serving(desk: Desk) -> Iterator[tuple[str, str]]:
    """An explorer that runs in a thread; yields its address and its token."""
    from attorn.checker.explorer.server import LOOPBACK, listen, new_token, prepared

    token = new_token()
    with listen(0) as at:
        server = prepared(desk, at, token)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [at]}, daemon=True)
        thread.start()
        yield f"http://{LOOPBACK}:{at.getsockname()[1]}/", token
        server.should_exit = True
        thread.join(30)


def settled(page: Page) -> None:
    """Wait until the page shows what was asked for."""
    page.locator("#main[aria-busy=false]").wait_for(timeout=PATIENCE)


def shot(page: Page, name: str) -> None:
    """Keep a picture of the page as an artefact of the tests."""
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=ARTEFACTS / f"{name}.png")
