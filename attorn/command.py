"""The ``attorn`` command: its door, and what becomes of every error and exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any, NoReturn

import click

from attorn.spec.errors import AttornError, Unsound

__all__ = ["main"]

HOLDS, REFUTED, UNDETERMINED, BAD_INPUT, FAILURE, CLOSED_PIPE = 0, 1, 2, 3, 4, 141
COMMANDS = {
    "check": ("check", "Check instances and write an invariant report."),
    "completion": ("completion", "Completion for your shell."),
    "convert": ("convert", "What a real system has logged, as a trace."),
    "coverage": ("coverage", "What share of all there is some logs have visited."),
    "estimate": ("estimate", "Say how large a search will be."),
    "explain": ("explain", "Show one run, step by step."),
    "explore": ("explore", "Walk through an instance in the browser."),
    "export": ("export", "A machine in TLA+, for TLC."),
    "graph": ("graph", "The graph of an instance, for other tools."),
    "guarantees": ("guarantees", "What holds for which choices under which faults."),
    "hazards": ("hazards", "Known failures of real systems, found again."),
    "list": ("listing", "List what there is."),
    "mutate": ("mutate", "What the properties are worth: mutants of every action."),
    "prove": ("prove", "Prove the properties for any size."),
    "report": ("report", "Put run folders together into one report."),
    "run": ("run", "Watch a running VM hop between two VMMs."),
    "schedule": ("schedule", "A run as orders: who goes on, who is held, what fails."),
    "show": ("show", "Show one action, property, field, machine, ..."),
    "simulate": ("simulate", "Walk an instance at random, however large."),
    "testgen": ("testgen", "Make tests from the model that cover it."),
    "trace": ("trace", "Is a log a behaviour of the specification?"),
    "verify": ("verify", "Check a certificate or a proof pack again."),
    "why": ("why", "Why a step can or cannot be taken; when a goal was lost."),
    "why-not": ("why", "Why a step can or cannot be taken; when a goal was lost."),
}
"""By name: the module in ``attorn.commands``, which calls its command as itself, and what the listing says of it."""


class _ClosedPipe(Exception):
    """Whoever reads the output has stopped, such as ``head``."""


class Door(click.Group):
    """A group of commands, each imported when it is asked for, whose every ending has its exit code."""

    def __init__(self, known: Mapping[str, tuple[str, str]], **extra: Any) -> None:
        super().__init__(**extra)
        self._known = known

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands; none of them is imported."""
        return sorted(self._known)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; nothing if there is none of that name."""
        if cmd_name not in self._known:
            return None
        module, says = self._known[cmd_name]
        command: click.Command = getattr(import_module(f"attorn.commands.{module}"), module)
        command.short_help = says
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, self._known[name][1]) for name in self.list_commands(ctx)])

    def main(self, *args: Any, **extra: Any) -> NoReturn:
        """Run a command and exit: 0 holds, 1 refuted, 2 undetermined, 3 bad input, 4 internal failure."""
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")
        extra |= {"standalone_mode": False, "prog_name": extra.get("prog_name") or "attorn"}
        try:
            code = super().main(*args, **extra)
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
        if args and args[0] not in self._known and not args[0].startswith("-"):
            from attorn.commands.words import nearest

            ctx.fail(f"there is no command `{args[0]}`. {nearest(args[0], self._known)}")
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


@click.group(
    cls=Door, known=COMMANDS, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]}
)
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
    attorn export claim          the machine in TLA+, and a configuration for TLC
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
