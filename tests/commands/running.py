"""Running a command as a user would, and reading what it says and writes."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator

from attorn.command import main

__all__ = ["attorn_", "told", "write", "written"]


def attorn_(*arguments: str) -> Result:
    """What a command says, and its exit code."""
    return CliRunner().invoke(main, arguments)


def told(done: Result) -> str:
    """What was printed, in one line; no line of it is wider than the terminal."""
    assert max(map(len, done.stdout.splitlines()), default=0) <= 80
    return " ".join(done.stdout.split())


def write(name: str, text: str) -> str:
    """A file of the user's, and its name."""
    Path(name).write_text(text, encoding="utf-8")
    return name


def written(folder: str = "reports/latest") -> dict[str, Any]:
    """The report that was written, which keeps to its schema."""
    data: dict[str, Any] = json.loads(Path(folder, "report.json").read_text(encoding="utf-8"))
    schema = json.loads(files("attorn.checker.report").joinpath("report.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator(schema).validate(data)
    return data
