"""Where in a line of JSON a key or value stands, and which key an object has twice."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

__all__ = ["Twice", "column", "not_json", "refuse_twice"]


class Twice(ValueError):
    """An object has a key twice; the text is the key."""


def refuse_twice(text: bytes) -> None:
    """Raises Twice where an object of a JSON text has a key twice, which most readers let pass in silence."""
    json.loads(text, object_pairs_hook=_each_once)


def _each_once(pairs: list[tuple[str, Any]]) -> None:
    keys = {key for key, _ in pairs}
    if len(keys) < len(pairs):
        names = [key for key, _ in pairs]
        raise Twice(next(name for name in names if names.count(name) > 1))


def column(text: str, path: Sequence[str], which: int = 1) -> int:
    """The column, from 1, of the last key of a path, or of its occurrence ``which``; 1 where it is not found."""
    at = 0
    for depth, key in enumerate(path, start=1):
        found = [place.start() for place in re.finditer(re.escape(json.dumps(key)) + r"\s*:", text[at:])]
        if not found:
            break
        at += found[min(which, len(found)) - 1] if depth == len(path) else found[0]
    return at + 1


def not_json(raw: bytes) -> tuple[int, str]:
    """The column of the first mistake in a text that is not JSON, and what is wrong; (1, "") where none is found."""
    try:
        text = raw.decode()
        if text.startswith("\ufeff"):
            return 1, "not JSON: it begins with a byte order mark"
        json.loads(text)
    except UnicodeDecodeError as error:
        return error.start + 1, f"not UTF-8: {error.reason}"
    except json.JSONDecodeError as error:
        return error.colno, f"not JSON: {error.msg[0].lower()}{error.msg[1:].removesuffix(' at')}"
    except RecursionError:
        return 1, "not JSON that can be read: it is nested too deeply"
    except ValueError as error:
        return 1, str(error)
    return 1, ""
