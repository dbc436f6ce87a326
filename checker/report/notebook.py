"""A report as a piece of HTML for notebooks: the verdicts, and the states that violate something as pictures."""

from __future__ import annotations

from attorn.checker.report.model import Report
from attorn.checker.report.page import SIGNS
from attorn.checker.report.summary import verdict_sentence
from attorn.checker.report.templates import rendered

__all__ = ["notebook_html"]


def notebook_html(report: Report) -> str:
    """The piece of HTML, with the styles that it needs; it fits into light and dark pages."""
    return rendered("notebook.html.j2", report=report, verdict=verdict_sentence(report), signs=SIGNS)
