"""``attorn run``: a guest computes while its VM hops from VMM to VMM, and a person watches."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["run"]


@click.command()
@click.option(
    "--hops", default=6, show_default=True, type=click.IntRange(0), help="How often to hop; 0 is until Ctrl-C."
)
@click.option("--guest", default="e", show_default=True, help="What to execute: e, memory, cpu, disk or flat.")
@click.option(
    "--engines", metavar="A,B", help="The engines of the two VMMs; kvm,unicorn unless this computer lacks one."
)
@click.option(
    "--memory", default=32, show_default=True, type=click.IntRange(2, 65536), help="Memory of the guest in MiB."
)
@click.option("--segment", default=2, show_default=True, type=click.IntRange(2), help="Size of a segment in MiB.")
@click.option("--pause", default=1.5, show_default=True, type=click.FloatRange(0), help="Seconds between two hops.")
@click.option("--observe", is_flag=True, help="Have three witnesses of each hop; the guest then stands much longer.")
@click.option("--log", type=click.Path(dir_okay=False, path_type=Path), help="Write the event log to a file.")
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="DIR", help="Write what was seen into a run folder too."
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON at the end, and nothing before.")
def run(
    hops: int,
    guest: str,
    engines: str | None,
    memory: int,
    segment: int,
    pause: float,
    observe: bool,
    log: Path | None,
    out: Path | None,
    as_json: bool,
) -> int:
    """Run the reference implementation: real processes, real memory, and a guest that hops between two VMMs.

    Its memory stays where it is; each segment changes its owner. Every step is judged by the specification as it
    happens. It needs /dev/kvm or the package unicorn.

    \b
    attorn run                            e, digit by digit, between KVM and Unicorn
    attorn run --engines kvm,kvm          between two VMMs of KVM
    attorn run --guest memory --hops 20   a witness that notices any write that is lost or doubled
    attorn run --observe                  digests, page frames and the guest's own check, hop by hop
    attorn run --out runs/run             for attorn report; the times of the hops with --times
    attorn run --json | jq .hops          how long the guest stood in each hop, and in which steps

    Exit codes: 0 every hop ended well, 1 the guest or the specification objects, 3 bad input, or something
    is missing.
    """
    from attorn.commands.observing import leave, part_name
    from attorn.commands.recording import Clock, recording
    from attorn.commands.watching import Display, summary
    from attorn.model.reference.demonstration import Demonstration, chosen_engines
    from attorn.model.reference.nursery import passing_directory
    from attorn.spec.errors import BadInput

    if memory % segment:
        raise BadInput(
            f"--memory {memory}: that is not whole segments of {segment} MiB. Choose a multiple, or another --segment."
        )
    if log is not None:
        try:
            log.open("ab").close()
        except OSError as error:
            raise BadInput(f"cannot write the log {log}: {error.strerror}. Name another file with --log.") from error
    pair, remarks = chosen_engines(engines)
    for remark in remarks:
        click.echo(remark, err=True)
    clock = Clock()
    with (
        recording(out, part_name(guest, pair)),
        passing_directory("attorn-run-") as directory,
    ):
        demonstration = Demonstration(pair, guest, memory // segment, segment << 20, directory, log, observe)
        if as_json:
            import msgspec

            told = demonstration.run(hops, pause, lambda scene: None)
            click.echo(msgspec.json.format(msgspec.json.encode(told)).decode())
        else:
            with Display() as display:
                told = demonstration.run(hops, pause, display)
            click.echo("\n".join(summary(told)))
        if out is not None:
            given = f"--hops {hops} --guest {guest} --engines {','.join(pair)} --memory {memory} --segment {segment}"
            leave(out, told, f"attorn run {given}", clock)
            click.echo(f"report  {(out / 'report.html').as_posix()}", err=as_json)
    return 0 if told.well else 1
