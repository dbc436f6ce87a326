"""What axe, which checks pages by the accessibility guidelines of the W3C, objects to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["objections"]


def objections(page: Page) -> list[str]:
    """Each rule that the page breaks as it is now, with the first element that breaks it."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs attorn[test]")
    found = axe.Axe().run(page).response["violations"]
    return [f"{each['id']}: {each['help']}: {each['nodes'][0]['html']}" for each in found]
