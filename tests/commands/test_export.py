"""attorn export writes a module and a configuration, and says how TLC is called."""

from __future__ import annotations

from pathlib import Path

import pytest

from attorn.checker.tla.tlc import Checked
from tests.commands.running import attorn_
from tests.tlc import archive_or_skip


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


def test_tlc_is_asked_where_it_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TLA2TOOLS_JAR", str(archive_or_skip()))
    done = attorn_("check", "claim-tiny", "--agree")
    assert done.exit_code == 0, done.output
    assert "agreed: TLC finds the same states, steps and violations" in " ".join(done.output.split())
    monkeypatch.setattr(
        "attorn.checker.tla.agreement.checked_by_tlc",
        lambda instance, archive: Checked(1, 1, frozenset({"MapImpliesOwn"})),
    )
    done = attorn_("check", "claim-tiny", "--agree")
    assert done.exit_code == 4
    for told in ("states: 118, and 1 by TLC", "transitions: 222, and 1 by TLC", "nothing, and MapImpliesOwn by TLC"):
        assert told in done.output


def test_a_tlc_that_is_not_there_agrees_with_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TLA2TOOLS_JAR", "nowhere.jar")
    done = attorn_("check", "claim-tiny", "--agree")
    assert done.exit_code == 2
    assert "another engine did not finish" in done.output
