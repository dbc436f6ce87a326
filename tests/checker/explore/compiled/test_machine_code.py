"""Compiled programs are kept on the disk, and come back as they were."""

from __future__ import annotations

import ctypes
from pathlib import Path

import pytest

from attorn.checker.explore.compiled import machine_code
from attorn.checker.explore.compiled.machine_code import MachineCode

SEVEN = "define i64 @seven() {\n  ret i64 7\n}\n"


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(machine_code, "folder", lambda: tmp_path / "kept")
    return tmp_path / "kept"


def answer(code: MachineCode) -> int:
    return int(ctypes.CFUNCTYPE(ctypes.c_uint64)(code.address("seven"))())


def test_a_program_is_compiled_once(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert answer(MachineCode(SEVEN)) == 7
    assert len([*kept.iterdir()]) == 1

    def refuse(text: str, level: int) -> bytes:
        raise AssertionError("it was compiled again")

    monkeypatch.setattr(machine_code, "_compiled", refuse)
    assert answer(MachineCode(SEVEN)) == 7
    for other in (SEVEN.replace("7", "8"), SEVEN + "; the same, written differently"):
        with pytest.raises(AssertionError, match="compiled again"):
            MachineCode(other)
    with pytest.raises(AssertionError, match="compiled again"):
        MachineCode(SEVEN, level=1)


@pytest.mark.parametrize("damage", [b"", b"nonsense", b"0" * 64 + b"\x7fELF"])
def test_a_damaged_program_is_compiled_again(kept: Path, damage: bytes) -> None:
    MachineCode(SEVEN)
    (file,) = kept.iterdir()
    whole = file.read_bytes()
    for partial in (damage, whole[:-1]):
        file.write_bytes(partial)
        assert answer(MachineCode(SEVEN)) == 7
        assert file.read_bytes() == whole


def test_where_nothing_can_be_kept_programs_run_too(kept: Path) -> None:
    kept.write_text("a file where a folder should be")
    assert answer(MachineCode(SEVEN)) == 7


def test_a_program_that_is_none_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="LLVM IR parsing error"):
        MachineCode("define i64 @seven() { ret }")
