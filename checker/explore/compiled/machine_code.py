"""LLVM assembly, optimised for this machine and loaded; what was compiled once is kept on the disk."""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import llvmlite
import numpy as np
from llvmlite import binding

__all__ = ["Called", "MachineCode"]

FORMAT = "1"


class MachineCode:
    """A program in memory: it stays there as long as this object does.

    text:  LLVM assembly. Functions that are to be called from outside are visible, all others internal.
    level: how much is done to make it fast, from 0 to 3; more takes longer.
    """

    def __init__(self, text: str, level: int = 3) -> None:
        binding.initialize_native_target()
        binding.initialize_native_asmprinter()
        self._engine = binding.create_mcjit_compiler(binding.parse_assembly(""), _machine(level))
        self._engine.add_object_file(binding.ObjectFileRef.from_data(_object(text, level)))
        self._engine.finalize_object()

    def address(self, function: str) -> int:
        """Where a visible function lies."""
        return int(self._engine.get_function_address(function))


class Called:
    """A compiled function; the interpreter's other threads run while it does."""

    def __init__(self, code: MachineCode, function: Callable[..., Any]) -> None:
        kind = ctypes.CFUNCTYPE(ctypes.c_uint64, *[ctypes.c_uint64] * function.__code__.co_argcount)
        self._code = code  # The function lasts as long as this.
        self._function = kind(code.address(function.__name__))

    def __call__(self, *arguments: Any) -> int:
        found: int = self._function(*(each.ctypes.data if isinstance(each, np.ndarray) else each for each in arguments))
        return found


def folder() -> Path:
    """Where compiled programs are kept."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "attorn" / "machine-code"


def _machine(level: int) -> Any:
    """What an engine is made with, which then owns it."""
    return binding.Target.from_default_triple().create_target_machine(
        cpu=binding.get_host_cpu_name(), features=_features(), opt=level, jit=True, codemodel="jitdefault"
    )


def _features() -> str:
    return str(binding.get_host_cpu_features().flatten())


def _object(text: str, level: int) -> bytes:
    """The program as an object file: from the disk if it is there, else compiled."""
    version = (
        FORMAT,
        str(level),
        llvmlite.__version__,
        binding.get_default_triple(),
        binding.get_host_cpu_name(),
        _features(),
    )
    kept = folder() / f"{hashlib.sha256(chr(0).join((*version, text)).encode()).hexdigest()}.o"
    with contextlib.suppress(OSError):
        found = kept.read_bytes()
        if found[:64] == hashlib.sha256(found[64:]).hexdigest().encode():  # A damaged file is written again.
            return found[64:]
    compiled = _compiled(text, level)
    with contextlib.suppress(OSError):  # Where nothing can be kept, everything still works.
        kept.parent.mkdir(parents=True, exist_ok=True)
        number, partial = tempfile.mkstemp(dir=kept.parent)
        with open(number, "wb") as file:
            file.write(hashlib.sha256(compiled).hexdigest().encode() + compiled)
        os.replace(partial, kept)
    return compiled


def _compiled(text: str, level: int) -> bytes:
    machine = _machine(level)
    module = binding.parse_assembly(text)
    module.verify()
    options = binding.create_pipeline_tuning_options(speed_level=level)
    builder = binding.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    return bytes(machine.emit_object(module))
