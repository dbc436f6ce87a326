"""The closure certificate of one instance: written after its search, checked again by ``attorn verify``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from attorn.checker.certificate import Certificate, write_certificate
from attorn.spec.errors import BadInput

if TYPE_CHECKING:
    from attorn.checker.verdicts import Exploration
    from attorn.commands.targets import Target

__all__ = ["Certifier"]


class Certifier:
    """Writes the certificate of the one instance that is checked."""

    def __init__(self, file: Path, targets: list[Target]) -> None:
        """Raises BadInput where there are several instances, or the file cannot be written."""
        if len(targets) > 1:
            raise BadInput(
                f"a certificate is of one instance, and there are {len(targets)}; choose one, such as "
                f"`{targets[0].check()} --certificate {file}`."
            )
        if file.is_dir():
            raise BadInput(f"{file} is a folder. Name the file of the certificate.")
        self._file, self._target = file, targets[0]
        self._written: Certificate | None = None
        self._why = "the search ended early"

    def __call__(self, exploration: Exploration) -> None:
        """Write it, if the search met every state."""
        if exploration.finished:
            try:
                self._written = write_certificate(exploration, self._file)
            except KeyboardInterrupt:
                self._why = "interrupted"

    @property
    def complete(self) -> bool:
        """Whether it was written."""
        return self._written is not None

    @property
    def lines(self) -> list[str]:
        """What was written, and how to check it; or why there is none."""
        if self._written is None:
            return [f"no certificate was written: {self._why}"]
        size = self._written.states * self._written.bytes_per_state
        return [
            f"certificate  {self._file}: {self._written.states:,} states, {size:,} bytes",
            f"check it     attorn verify {self._file}{self._machine}",
        ]

    @property
    def _machine(self) -> str:
        """How ``attorn verify`` learns of the machine, if it is the user's own."""
        from attorn.model.instances import MACHINES

        machine = self._target.instance.machine
        return "" if MACHINES.get(machine.name) is machine else f" --machine {self._target.said}"
