"""Proof packs: complete, re-checked by two solvers without attorn, and damage is noticed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from attorn.checker.prove import verify_pack
from attorn.checker.prove.induction import Proof, ProofOptions, prove
from attorn.checker.prove.pack import differences, write_pack
from attorn.model.migration import CLAIM
from attorn.spec.errors import BadInput

from .test_induction import free_is_unlinked, lock, one_holder

LOCK = lock(one_holder, free_is_unlinked)


@pytest.fixture(scope="module")
def core_proof() -> Proof:
    return prove(CLAIM)


@pytest.fixture(scope="module")
def core_pack(core_proof: Proof, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packs") / "claim"
    write_pack(core_proof, folder)
    return folder


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    folder = tmp_path / "pack"
    write_pack(prove(LOCK, ProofOptions(jobs=1)), folder)
    return folder


@pytest.mark.parametrize("solver", ["z3", "cvc5"])
def test_the_pack_of_the_core_machine_is_verified_by_both_solvers(core_pack: Path, solver: str) -> None:
    done = subprocess.run(
        [sys.executable, "-I", str(core_pack / "verify.py"), "--solver", solver], capture_output=True, text=True
    )
    files = len(list(core_pack.rglob("*.smt2")))
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"verified: {files} obligations answered as expected by {solver}" in done.stdout


def test_the_pack_is_the_one_that_the_specification_gives(core_pack: Path) -> None:
    assert differences(core_pack, CLAIM) == []
    weaker = CLAIM.variant("claim", rewrite={"reassign": lambda action: action.without_clause(3)})
    changed = differences(core_pack, weaker)
    assert changed
    assert all("reassign" in name or name == "complete.smt2" for name in changed)


def test_obligations_are_plain_smt_lib(core_pack: Path) -> None:
    for path in core_pack.rglob("*.smt2"):
        text = path.read_text(encoding="utf-8")
        assert text.count("(check-sat)") == 1
        assert "(set-logic UF)" in text
        for forbidden in ("(push", "(pop", "set-option"):
            assert forbidden not in text


def run(folder: Path) -> tuple[int, list[str]]:
    return verify_pack.verify(folder, "z3", 10.0, 1)


def test_an_untouched_pack_is_verified(pack: Path) -> None:
    discharged, wrong = run(pack)
    assert wrong == []
    assert discharged == len(list(pack.rglob("*.smt2")))


def test_one_byte_changed_in_any_file_is_noticed(pack: Path) -> None:
    for path in [*sorted(pack.rglob("*.smt2"))[::4], pack / "manifest.json"]:
        whole = path.read_bytes()
        middle = len(whole) // 2
        path.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
        try:
            assert verify_pack.faults(pack, json.loads((pack / "manifest.json").read_text())), path
        except (ValueError, KeyError):
            assert path.name == "manifest.json"  # no longer JSON: refused as no pack
        path.write_bytes(whole)
    assert run(pack)[1] == []


def test_a_missing_or_extra_file_is_noticed(pack: Path) -> None:
    victim = pack / "step/connect/one_holder.0.smt2"
    text = victim.read_text()
    victim.unlink()
    assert any("missing" in line for line in run(pack)[1])
    victim.write_text(text)
    (pack / "step/connect/extra.smt2").write_text(text)
    assert run(pack)[1] == ["step/connect/extra.smt2: not listed in the manifest"]


def test_an_obligation_left_out_with_its_entry_is_noticed(pack: Path) -> None:
    manifest = json.loads((pack / "manifest.json").read_text())
    victim = "step/connect/one_holder.0.smt2"
    manifest["files"] = [entry for entry in manifest["files"] if entry["file"] != victim]
    manifest["seal"] = verify_pack.seal(manifest)
    (pack / "manifest.json").write_text(json.dumps(manifest))
    (pack / victim).unlink()
    assert run(pack)[1] == ["no file for the obligation step/connect/one_holder.0"]


def test_a_wrong_expectation_is_noticed(pack: Path) -> None:
    manifest = json.loads((pack / "manifest.json").read_text())
    entry = next(entry for entry in manifest["files"] if entry["kind"] == "step")
    entry["expected"] = "sat"
    manifest["seal"] = verify_pack.seal(manifest)
    (pack / "manifest.json").write_text(json.dumps(manifest))
    assert any("cannot be expected to be sat" in line for line in run(pack)[1])


def test_the_pack_of_an_unproved_machine_is_not_verified(tmp_path: Path) -> None:
    write_pack(prove(lock(one_holder), ProofOptions(jobs=1)), tmp_path / "pack")
    assert run(tmp_path / "pack")[1] == ["step/connect/one_holder.0.smt2: expected unsat, z3 says sat"]


def test_a_folder_that_exists_is_never_overwritten(pack: Path) -> None:
    with pytest.raises(BadInput, match="exists already"):
        write_pack(prove(LOCK, ProofOptions(jobs=1)), pack)
    assert run(pack)[1] == []


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    proof = prove(LOCK, ProofOptions(jobs=1))
    written = Path.write_text

    def full(self: Path, *args: object, **kwargs: object) -> int:
        if self.name == "manifest.json":
            raise OSError(28, "No space left on device")
        return written(self, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(BadInput, match="No space left on device"):
        write_pack(proof, tmp_path / "pack")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_no_pack_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify_pack.main([str(tmp_path)]) == 3
    assert "is not a proof pack" in capsys.readouterr().err


@pytest.mark.parametrize(("solver", "package"), [("z3", "z3-solver"), ("cvc5", "cvc5")])
def test_a_pack_is_not_verified_by_a_solver_that_is_absent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], solver: str, package: str
) -> None:
    monkeypatch.setitem(sys.modules, solver, None)
    assert verify_pack.main([str(tmp_path), "--solver", solver]) == 3
    told = capsys.readouterr()
    assert f"the solver {solver} is not installed; try: pip install {package}" in told.err
    assert told.out == ""
