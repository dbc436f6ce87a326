"""``attorn check --certificate`` and ``attorn verify``: what is confirmed, and what is rejected."""

from __future__ import annotations

from pathlib import Path

import pytest

from attorn.checker.verify_certificate import main as check_apart

from .running import attorn_, told, write
from .test_check_agree import SWITCH

FILE = Path("claim.states")


def test_a_certificate_is_confirmed_and_the_check_says_how() -> None:
    done = attorn_("check", "claim-tiny", "--certificate", str(FILE))
    assert done.exit_code == 0
    assert "certificate claim.states: 118 states, " in told(done)
    assert done.stdout.endswith("check it     attorn verify claim.states\n")
    again = attorn_("verify", str(FILE))
    assert again.exit_code == 0
    assert "claim.states is confirmed by the plain interpreter" in again.stdout
    assert "118 states and 222 transitions" in again.stdout  # as SPIN and rumur count them: spec/twins
    assert check_apart([str(FILE), "attorn.model.instances:MACHINES"]) == 0


def test_a_certificate_of_a_machine_of_the_users_own() -> None:
    """Its invariant is refuted, and not among the properties that are confirmed."""
    done = attorn_("check", write("lamp.py", SWITCH), "--certificate", "lamp.states")
    assert done.exit_code == 1
    assert "attorn verify lamp.states --machine lamp.py" in told(done)
    again = attorn_("verify", "lamp.states", "--machine", "lamp.py")
    assert again.exit_code == 0
    assert "2 states and 2 transitions" in again.stdout
    assert "1 property: true of every state" in again.stdout  # no_deadlock
    unknown = attorn_("verify", "lamp.states")
    assert unknown.exit_code == 3
    assert "about a machine `lamp`, which is none of ours" in unknown.stderr


@pytest.mark.parametrize("damage", ["a byte more", "a byte altered", "no header", "another machine"])
def test_what_is_damaged_is_rejected(damage: str) -> None:
    attorn_("check", "claim-tiny", "--certificate", str(FILE))
    content = FILE.read_bytes()
    arguments: tuple[str, ...] = ()
    match damage:
        case "a byte more":
            FILE.write_bytes(content + b"x")
        case "a byte altered":
            FILE.write_bytes(content[:-1] + bytes([content[-1] ^ 128]))
        case "no header":
            FILE.write_bytes(content.replace(b"\n", b" "))
        case "another machine":
            arguments = ("--machine", write("lamp.py", SWITCH))
    done = attorn_("verify", str(FILE), *arguments)
    assert done.exit_code == 1
    assert "claim.states is REJECTED: " in done.stdout


def test_a_search_cut_short_leaves_no_certificate() -> None:
    done = attorn_("check", "claim-tiny", "--max-states", "20", "--certificate", str(FILE))
    assert done.exit_code == 2
    assert "no certificate was written: the search ended early" in done.stdout
    assert not FILE.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("check claim-tiny claim-small --certificate a", "a certificate is of one instance, and there are 2"),
        ("check claim-tiny --certificate folder", "folder is a folder. Name the file"),
        ("check claim-tiny --certificate /proc/nowhere/a", "cannot write to the folder /proc/nowhere"),
        ("verify nothing", "there is no file or folder nothing"),
        ("verify folder", "folder was not checked"),
        ("verify folder --jobs 0", "must be at least 1, got 0"),
    ],
)
def test_bad_input_is_refused_before_anything_is_done(arguments: str, message: str) -> None:
    Path("folder").mkdir()
    done = attorn_(*arguments.split())
    assert done.exit_code == 3
    assert message in done.stderr
    assert sorted(each.name for each in Path().iterdir()) == ["folder"]
