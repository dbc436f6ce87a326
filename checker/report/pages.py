"""All the pages that are made from the parts of a run folder."""

from __future__ import annotations

from attorn.checker.report.book import Book
from attorn.checker.report.junit import render_junit
from attorn.checker.report.page import render_html
from attorn.checker.report.sarif import render_sarif
from attorn.checker.report.tables import csv_text, tables

__all__ = ["pages"]


def pages(book: Book, times: bool = False) -> dict[str, str]:
    """The texts of the pages by file name; the same for the same parts, whenever and wherever they were made.

    times: whether the page for people shows when and how long each part ran.
    """
    return {
        "report.html": render_html(book, times),
        "junit.xml": render_junit(book),
        "results.sarif": render_sarif(book),
        **{f"tables/{name}.csv": csv_text(table) for name, table in tables(book).items()},
    }
