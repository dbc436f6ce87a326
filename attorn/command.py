"""The ``attorn`` command: its door, and what becomes of every error and exit code."""

from __future__ import annotations

import os
import sys
from typing import Any, NoReturn

import click

from attorn.commands.check import check
from attorn.commands.completion import completion
from attorn.commands.convert import convert
from attorn.commands.coverage import coverage
from attorn.commands.estimate import estimate
from attorn.commands.explain import explain
from attorn.commands.explore import explore
from attorn.commands.graph import graph
from attorn.commands.guarantees import guarantees
from attorn.commands.hazards import hazards
from attorn.commands.listing import listing
from attorn.commands.mutate import mutate
from attorn.commands.prove import prove
from attorn.commands.report import report
from attorn.commands.run import run
from attorn.commands.schedule import schedule
from attorn.commands.show import show
from attorn.commands.simulate import simulate
from attorn.commands.testgen import testgen
from attorn.commands.trace import trace
from attorn.commands.verify import verify
from attorn.commands.why import why
from attorn.commands.words import nearest
from attorn.spec.errors import AttornError, Unsound

__all__ = ["main"]

HOLDS, REFUTED, UNDETERMINED, BAD_INPUT, FAILURE, CLOSED_PIPE = 0, 1, 2, 3, 4, 141
ISSUES = "the project's issue tracker"


class _ClosedPipe(Exception):
    """Whoever reads the output has stopped, such as ``head``."""


class Door(click.Group):
    """A group of commands whose every ending has its exit code."""

    def main(self, args: Any = None, prog_name: str | None = None, **extra: Any) -> NoReturn:  # type: ignore[override]
        """Run a command and exit: 0 holds, 1 refuted, 2 undetermined, 3 bad input, 4 internal failure."""
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")
        extra["standalone_mode"] = False
        try:
            code = super().main(args, prog_name or "attorn", **extra)
        except click.UsageError as error:
            code = _refuse(error.format_message(), error.ctx)
        except click.ClickException as error:
            code = _refuse(error.format_message())
        except (click.Abort, KeyboardInterrupt):
            click.echo("\nattorn: interrupted; nothing is determined.", err=True)
            code = UNDETERMINED
        except _ClosedPipe:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = CLOSED_PIPE
        except Unsound as error:
            code = _fail(f"two parts of attorn disagree.\n{error}", error)
        except AttornError as error:
            code = _refuse(str(error))
        except Exception as error:
            code = _fail(f"{type(error).__name__}: {error}", error)
        sys.exit(code if isinstance(code, int) else HOLDS)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; that nobody reads on is told from a refuted property, which click does not do."""
        try:
            found = super().invoke(ctx)
            sys.stdout.flush()
            return found
        except BrokenPipeError as error:
            raise _ClosedPipe from error

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Find the command; an unknown one gets the nearest as advice."""
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            ctx.fail(f"there is no command `{args[0]}`. {nearest(args[0], self.commands)}")
        return super().resolve_command(ctx, args)


def _refuse(text: str, context: click.Context | None = None) -> int:
    click.echo(f"attorn: {text}", err=True)
    if context is not None:
        click.echo(f"See: {context.command_path} --help", err=True)
    return BAD_INPUT


def _fail(text: str, error: BaseException) -> int:
    if os.environ.get("ATTORN_DEBUG") == "1":
        import traceback

        traceback.print_exception(error)
    click.echo(
        f"attorn: internal failure: {text}\n"
        "This is a fault of attorn, not yours, and no verdict was given. Please report it with the output of the\n"
        "same command under ATTORN_DEBUG=1, and of attorn --version.",
        err=True,
    )
    return FAILURE


@click.group(cls=Door, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="attorn", prog_name="attorn")
@click.pass_context
def main(context: click.Context) -> None:
    """Check an executable specification of in-place VM migration between hypervisors.

    \b
    attorn check                 check the default instances and write reports/latest/
    attorn check claim           check one instance
    attorn check my_machine.py   check a machine of your own
    attorn estimate claim        how large a search will be
    attorn list                  what there is
    attorn show resume           one action, property, goal, field or machine
    attorn explain claim/...     one run, step by step
    attorn explore               walk through the states in the browser
    attorn guarantees            what holds for which choices under which faults
    attorn hazards               known failures of real systems, found again
    attorn mutate                what the properties are worth
    attorn prove                 prove the properties for any size
    attorn run                   watch a running VM hop between two VMMs
    attorn report DIR...         put what these left in folders into one report
    attorn graph INSTANCE        states and steps, for other tools
    attorn trace log.jsonl       is a log a behaviour of the specification?
    attorn convert qemu ...      what a real system has logged, as a trace
    attorn coverage run.jsonl    what share of all there is some logs have visited
    attorn simulate claim-vms    random runs of what is too large to search
    attorn testgen claim-small   tests from the model, for an adapter of your own
    attorn schedule H3           a run as orders, to make it happen on a running system
    attorn why resume --in ...   why a step cannot be taken, when a goal was lost

    Exit codes: 0 all hold, 1 refuted, 2 undetermined, 3 bad input, 4 internal failure.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


main.add_command(check)
main.add_command(listing, "list")
main.add_command(show)
main.add_command(simulate)
main.add_command(schedule)
main.add_command(testgen)
main.add_command(explain)
main.add_command(estimate)
main.add_command(explore)
main.add_command(guarantees)
main.add_command(mutate)
main.add_command(hazards)
main.add_command(graph)
main.add_command(report)
main.add_command(completion)
main.add_command(prove)
main.add_command(run)
main.add_command(verify)
main.add_command(why)
main.add_command(why, "why-not")
main.add_command(trace)
main.add_command(convert)
main.add_command(coverage)
