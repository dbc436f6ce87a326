"""attorn schedule and testgen: what they write, and the reference implementation led through a hazard."""

from __future__ import annotations

import json
from pathlib import Path

from tests.commands.running import attorn_


def said(*arguments: str) -> str:
    return " ".join(attorn_(*arguments).output.split())


def test_a_hazard_is_written_as_orders() -> None:
    text = said("schedule", "H3", "--out", "h3.json")
    assert "H3, resume, then answer: 11 steps" in text
    assert "hold destination before answer(vm0)" in text
    written = json.loads(Path("h3.json").read_text(encoding="utf-8"))
    assert written["about"] == "at_most_one_runner"
    # The order of the hazard's story: the destination resumes, its answer is held, the source takes the VM back.
    actions = [order["action"] for order in written["orders"] if order["do"] == "go"]
    assert actions.index("resume") < actions.index("time_out") < actions.index("roll_back")


def test_real_processes_that_share_memory_let_the_hazard_happen() -> None:
    done = attorn_("schedule", "H3", "--on-reference")
    text = " ".join(done.output.split())
    assert done.exit_code == 1, text
    assert "real processes on shared memory followed 11 of 11 orders" in text
    assert "vm0 was executed in partition0" in text
    assert "vm0 was executed in partition1" in text
    assert "two VMMs executed one VM on the same memory" in text


def test_a_schedule_that_was_written_leads_as_the_run_does_that_it_was_made_from() -> None:
    written = attorn_("schedule", "H3", "--out", "h3.json")
    again = attorn_("schedule", "h3.json", "--out", "again.json")
    assert again.exit_code == 0
    assert again.output.splitlines()[1:] == written.output.splitlines()[1:]
    assert Path("again.json").read_bytes() == Path("h3.json").read_bytes()
    attorn_("schedule", "claim-tiny/migration_completes", "--out", "there.json")
    done = attorn_("schedule", "there.json", "--adapter", "attorn.examples.small_vmm_adapter:SmallVmm")
    assert done.exit_code == 1
    assert "follows it to the end: migration_completes comes about in it" in " ".join(done.output.split())


def test_a_file_that_is_no_schedule_of_a_known_run_is_refused() -> None:
    attorn_("schedule", "claim-tiny/migration_completes", "--out", "good.json")
    plan = json.loads(Path("good.json").read_text(encoding="utf-8"))
    for changed, advice in (
        ({"machine": "mine"}, "neither one of attorn's nor a hazard"),
        ({"machine": "memfd"}, "memfd"),
        ({"digest": "0" * 64}, "as it was then"),
        ({"sizes": {}}, "needs a size for"),
        ({"sizes": plan["sizes"] | {"VM": 10**9}}, "Choose smaller sizes"),
        ({"orders": plan["orders"][1:]}, "is not allowed there"),
        ({"orders": [{"do": "go", "action": "start"}]}, "order 1, start"),
        ({"orders": [{"do": "leap", "action": "start"}]}, "is no schedule"),
    ):
        Path("bad.json").write_text(json.dumps(plan | changed), encoding="utf-8")
        done = attorn_("schedule", "bad.json")
        assert done.exit_code == 3, (changed, done.output)
        assert advice in " ".join(done.output.split()), (changed, done.output)
    Path("bad.json").write_bytes(b"\xff{")
    for arguments, advice in (
        (("bad.json",), "is no schedule"),
        (("nowhere.json",), "cannot read nowhere.json"),
        (("good.json", "--segments", "2"), "has its sizes in it"),
    ):
        done = attorn_("schedule", *arguments)
        assert done.exit_code == 3, (arguments, done.output)
        assert advice in " ".join(done.output.split()), (arguments, done.output)


def test_a_system_that_declines_is_told_apart_from_one_that_follows() -> None:
    # The small computer does what the claim says, so it follows a run of the claim.
    done = attorn_(
        "schedule", "claim-tiny/migration_completes", "--adapter", "attorn.examples.small_vmm_adapter:SmallVmm"
    )
    assert done.exit_code == 1
    assert "follows it to the end" in " ".join(done.output.split())


def test_bad_input_is_refused() -> None:
    for arguments, advice in (
        (("schedule", "H999"), "no hazard is called"),
        (("schedule", "claim-tiny/conservation"), "has no run"),
        (("schedule", "claim-tiny/migration_completes", "--adapter", "nowhere:Vmm"), "No module named 'nowhere'"),
        (("schedule", "claim-tiny/migration_completes", "--adapter", "json:Vmm"), "module json has no `Vmm`"),
        (("schedule", "claim-tiny/migration_completes", "--adapter", "json:dumps"), "makes no adapter"),
        (("testgen", "claim-tiny", "--out", "tests.txt"), "write a pytest file"),
        (("testgen", "claim-tiny", "--out", "tests.py"), "write a pytest file"),
    ):
        done = attorn_(*arguments)
        assert done.exit_code == 3, (arguments, done.output)
        assert advice in " ".join(done.output.split()), (arguments, done.output)


def test_runs_are_written_as_json_lines() -> None:
    assert "runs.jsonl: 2 runs, 25 attempts" in said(
        "testgen", "claim-tiny", "--cover", "actions", "--out", "runs.jsonl"
    )
    assert len(Path("runs.jsonl").read_text(encoding="utf-8").splitlines()) == 2
