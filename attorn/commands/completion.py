"""``attorn completion``: what a shell reads to complete the command's names and options."""

from __future__ import annotations

import click

__all__ = ["completion"]


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print what makes SHELL complete commands, options and their values.

    \b
    attorn completion bash >> ~/.bashrc
    attorn completion zsh >> ~/.zshrc
    attorn completion fish > ~/.config/fish/completions/attorn.fish
    """
    lines = {
        "bash": 'eval "$(_ATTORN_COMPLETE=bash_source attorn)"',
        "zsh": 'eval "$(_ATTORN_COMPLETE=zsh_source attorn)"',
        "fish": "_ATTORN_COMPLETE=fish_source attorn | source",
    }
    click.echo(lines[shell])
