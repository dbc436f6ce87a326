"""All the pages that are made from the parts of a run folder."""

from __future__ import annotations

from attorn.checker.report.book import Book
from attorn.checker.report.page import render_html

__all__ = ["pages"]


def pages(book: Book) -> dict[str, str]:
    """The texts of the pages by file name; the same for the same parts, whenever and wherever they were made."""
    return {"report.html": render_html(book)}
