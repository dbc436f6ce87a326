"""``attorn report``: put run folders together, and write all pages from them."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["report"]


@click.command()
@click.argument("folders", nargs=-1, required=True, metavar="DIR...", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where the pages go.  [default: the folder, if there is one only; else reports/merged]",
)
@click.option("--times", is_flag=True, help="Show on the page when, where and how long each part ran.")
def report(folders: tuple[Path, ...], out: Path | None, times: bool) -> int:
    """Write one report from what check, prove, hazards, guarantees, mutate and run left in DIR.

    The same folders give the same bytes. Folders that were changed since they were written, or that speak of
    different specifications of one name, are refused; within one folder the newest part counts, and older ones of
    another specification are left out.

    \b
    attorn check claim firmware --out runs/check
    attorn prove claim --out runs/proof
    attorn report runs/check runs/proof --out runs/all

    Exit codes: 0 written, 3 bad input.
    """
    from attorn import __version__
    from attorn.checker.report import output_folder
    from attorn.checker.report.book import gathered
    from attorn.checker.report.pages import pages
    from attorn.checker.report.run_folder import read_folder, write_pages

    read = [read_folder(folder) for folder in folders]
    book = gathered(read)
    texts = pages(book, times)
    target = out or (folders[0] if len(folders) == 1 else Path("reports/merged"))
    with output_folder(target):
        write_pages(target, __version__, texts)
    for sentence in book.left_out:
        click.echo(sentence, err=True)
    for name in texts:
        if "/" not in name:
            click.echo(f"{(target / name).as_posix()}")
    click.echo(f"next    open {(target / 'report.html').as_posix()}")
    return 0
