"""Assemble the programs from their source: ``python -m attorn.model.reference.guests.assembling``.

Needs the package keystone-engine, which only development needs; the assembled bytes lie beside the source.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from attorn.model.reference.guests.board import CODE
from attorn.model.reference.vmm.cpu_state import CpuMode

__all__ = ["PROGRAMS", "assemble"]

PROGRAMS = Path(__file__).parent / "programs"


def assemble(name: str, mode: CpuMode) -> bytes:
    """Assemble a program; 64-bit programs have the common library in front."""
    keystone: Any = importlib.import_module("keystone")
    source = (PROGRAMS / f"{name}.asm").read_text()
    if mode is CpuMode.LONG:
        source = (PROGRAMS / "library.asm").read_text() + source
    bits = keystone.KS_MODE_64 if mode is CpuMode.LONG else keystone.KS_MODE_32
    stripped = "\n".join(line.split("#")[0] for line in source.splitlines())
    code, _ = keystone.Ks(keystone.KS_ARCH_X86, bits).asm(stripped, CODE, as_bytes=True)
    if not code:
        raise ValueError(
            f"{name}.asm: keystone gave nothing; it does so without a word where a label is a reserved word"
        )
    return bytes(code)


def main() -> None:
    """Write the bytes of every program beside its source."""
    from attorn.model.reference.guests.guest import GUESTS

    for name, guest in GUESTS.items():
        code = assemble(name, guest.mode)
        (PROGRAMS / f"{name}.bin").write_bytes(code)
        print(f"{name:8} {len(code):5} bytes")


if __name__ == "__main__":
    main()
