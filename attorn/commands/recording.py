"""What commands leave in a run folder: their part, and the pages made from all parts."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import click

from attorn import __version__
from attorn.checker.report import output_folder
from attorn.checker.report.book import gathered
from attorn.checker.report.run_facts import RunFacts, Timing
from attorn.checker.report.run_folder import MANIFEST, PAGES, Part, read_folder, write_pages, write_part
from attorn.spec.errors import BadInput

__all__ = ["Clock", "record", "recording", "summarize"]

LIBRARIES = ("numpy", "networkx", "z3-solver")


@dataclass
class Clock:
    """When a command began, and what machine it runs on."""

    started: str = field(default_factory=lambda: datetime.now().astimezone().isoformat(timespec="milliseconds"))
    began: float = field(default_factory=time.perf_counter)

    def facts(self, threads: int = 1, timings: Sequence[Timing] = ()) -> RunFacts:
        """All that may differ when the same command is run again."""
        return RunFacts(
            started=self.started,
            seconds=round(time.perf_counter() - self.began, 3),
            threads=threads,
            python=platform.python_version(),
            platform=platform.platform(),
            cores=os.cpu_count() or 1,
            versions=tuple((name, version(name)) for name in LIBRARIES),
            timings=tuple(timings),
        )


@contextmanager
def recording(folder: Path | None, name: str) -> Iterator[None]:
    """Make sure, before anything else is done, that a part can be written, and that the rest of the folder is sound.

    folder: where to; nothing is done without one.  Raises BadInput.
    """
    if folder is None:
        yield
        return
    with output_folder(folder):
        if (folder / MANIFEST).exists():
            gathered([read_folder(folder, without=(name, PAGES))])
        yield


def record(
    folder: Path,
    name: str,
    command: str,
    machines: Mapping[str, str],
    run: RunFacts,
    texts: Mapping[str, str],
    options: Mapping[str, str | int | float | bool | None] | None = None,
) -> None:
    """Write a part into a run folder, and the pages anew; say which older parts the pages leave out."""
    from attorn.checker.report.pages import pages

    write_part(folder, name, Part(command, __version__, dict(machines), dict(options or {}), {}, run), texts)
    book = gathered([read_folder(folder)])
    write_pages(folder, __version__, pages(book))
    for sentence in book.left_out:
        click.echo(f"{folder.as_posix()}: {sentence} --out {folder.as_posix()}", err=True)


def summarize(markdown: str) -> None:
    """Add a report to the summary of the step of a CI system that asks for one by GITHUB_STEP_SUMMARY."""
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if path:
        try:
            with Path(path).open("a", encoding="utf-8") as file:
                file.write(markdown)
        except OSError as error:
            raise BadInput(f"cannot write to {path}, which GITHUB_STEP_SUMMARY names: {error.strerror}.") from error
