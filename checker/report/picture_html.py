"""The picture of a state as a piece of HTML, a table that can be read aloud; ``picture.css`` draws it."""

from __future__ import annotations

from attorn.checker.report.drawing import Drawing
from attorn.checker.report.templates import asset, rendered

__all__ = ["picture_css", "picture_html"]


def picture_css() -> str:
    """The style sheet of pictures: light and dark, on paper too. It only names classes below ``.drawing``."""
    return asset("picture.css")


def picture_html(drawing: Drawing, caption: str) -> str:
    """A drawing as HTML. Whatever is shown by colour is also shown by letters, lines or signs, and told in words.

    caption: what the picture is of, for whoever cannot see it.
    """
    return rendered("picture_alone.html.j2", drawing=drawing, caption=caption)
