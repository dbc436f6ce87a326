"""The templates of what is written as HTML, and the style sheets and scripts that go with them."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import jinja2

__all__ = ["asset", "rendered"]

ASSETS = Path(__file__).parent / "assets"


def asset(name: str) -> str:
    """The text of a style sheet or script."""
    return (ASSETS / name).read_text(encoding="utf-8")


def rendered(template: str, **given: Any) -> str:
    """A template filled in; text is escaped, and a name that is not given is an error."""
    return _environment().get_template(template).render(**given)


@functools.cache
def _environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ASSETS),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["asset"] = asset
    made.filters["number"] = "{:,}".format
    return made
