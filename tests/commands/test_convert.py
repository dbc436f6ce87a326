"""``attorn convert`` writes what ``attorn trace`` reads."""

from __future__ import annotations

from pathlib import Path

from tests.commands.running import attorn_, told, write

SAMPLES = Path(__file__).parent.parent / "systems" / "samples"


def test_what_is_converted_is_checked_without_naming_machine_or_mapping() -> None:
    side = SAMPLES / "qemu" / "cancelled"
    log = attorn_("convert", "qemu", str(side / "source.jsonl"), str(side / "destination.jsonl"))
    assert log.exit_code == 0
    write("log.jsonl", log.stdout)
    done = attorn_("trace", "log.jsonl", "--invariants")
    assert done.exit_code == 0, done.output
    assert "log.jsonl is a behaviour of qemu" in told(done)


def test_a_violated_invariant_fails_the_check() -> None:
    attorn_("explain", "memfd/at_most_one_runner", "--trace", "run.jsonl")
    assert attorn_("trace", "run.jsonl").exit_code == 0
    done = attorn_("trace", "run.jsonl", "--invariants")
    assert done.exit_code == 1
    assert "run.jsonl:13: VIOLATES at_most_one_runner: A VM runs in at most one VMM." in told(done)


def test_a_system_that_is_not_known_is_bad_input() -> None:
    done = attorn_("convert", "quemu", "a", "b")
    assert done.exit_code == 3
    assert "Did you mean `qemu`?" in done.stderr
    assert "cannot read a: No such file" in attorn_("convert", "qemu", "a", "b").stderr
