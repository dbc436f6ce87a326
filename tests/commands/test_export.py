"""attorn export writes a module and a configuration, and says how TLC is called."""

from __future__ import annotations

from pathlib import Path

from tests.commands.running import attorn_


def test_a_machine_is_written_as_a_module_with_a_configuration_of_the_sizes_asked_for() -> None:
    done = attorn_("export", "claim", "--vms", "1", "--out", "tla")
    assert done.exit_code == 0
    assert "tlc2.TLC -deadlock -config claim.cfg claim.tla" in " ".join(done.output.split())
    assert Path("tla/claim.tla").read_text(encoding="utf-8").startswith("---- MODULE claim ----\n")
    assert "    VM = {vm0}\n" in Path("tla/claim.cfg").read_text(encoding="utf-8")


def test_a_hazard_and_a_name_that_no_module_can_have_are_written_too() -> None:
    assert attorn_("export", "H3").exit_code == 0 and Path("H3.tla").exists()
    assert attorn_("export", "live-update").exit_code == 0
    assert Path("live_update.tla").read_text(encoding="utf-8").startswith("---- MODULE live_update ----\n")


def test_what_does_not_exist_is_refused_and_nothing_is_written() -> None:
    done = attorn_("export", "claim-tyni", "--out", "tla")
    assert done.exit_code == 3 and "Did you mean `claim-tiny`?" in done.output
    assert not Path("tla").exists()
