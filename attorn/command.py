"""The ``attorn`` command."""

import click


@click.group()
@click.version_option(package_name="attorn", prog_name="attorn")
def main() -> None:
    """Check an executable specification of in-place VM migration."""
