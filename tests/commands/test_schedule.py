"""attorn schedule and testgen: what they write, and the reference implementation led through a hazard."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

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


@pytest.mark.parametrize("memory", ["firmware", "memfd"])
@pytest.mark.parametrize("goal", ["hands_over", "comes_back", "outlives_its_source"])
def test_real_processes_go_all_the_way_to_what_must_be_possible(memory: str, goal: str) -> None:
    done = attorn_("schedule", f"{memory}/{goal}", "--on-reference")
    text = " ".join(done.output.split())
    assert done.exit_code == 0, text
    assert f"real processes on {'exclusive' if memory == 'firmware' else 'shared'} memory followed" in text
    assert "and the specification allows all that they did" in text
    assert f"it goes all the way to {goal}" in text


def test_real_processes_go_there_and_back_as_the_claim_says() -> None:
    done = attorn_("schedule", "claim-tiny/there_and_back", "--on-reference")
    assert done.exit_code == 0, done.output
    assert "followed 20 of 20 orders" in done.output
    assert "it goes all the way to there_and_back" in done.output


@pytest.mark.parametrize(
    ("hazard", "why"),
    [
        ("H4", "and declined reclaim: VM vm0: partition0 has been let in; its segments stay there"),
        ("H7", "after exit, resources[partition0, vm0, VCPU] is False, not True"),  # a source that exits frees it
        ("H8", "after time_out, told[vm0] is OPEN, not STAYED"),
    ],
)
def test_a_hazard_that_the_reference_does_not_have_is_declined_or_does_not_come_about(hazard: str, why: str) -> None:
    done = attorn_("schedule", hazard, "--on-reference")
    text = " ".join(done.output.split())
    assert done.exit_code == 0, text
    assert why in text and "it does not let this run happen" in text


def test_what_the_reference_cannot_follow_is_said() -> None:
    for what, advice in (
        ("live-update/hands_over", "a kernel that boots another"),
        ("H21", "has no step ask_for_reset, reset"),
        ("H1", "the destination answers once it executes the VM, and not before"),
    ):
        done = attorn_("schedule", what, "--on-reference")
        assert done.exit_code == 3, (what, done.output)
        assert advice in " ".join(done.output.split()), (what, done.output)
    done = attorn_("schedule", "claim-small/half_owned", "--on-reference")
    assert done.exit_code == 1
    told = " ".join(done.output.split())
    assert re.search(r"after reassign, owner\[segment\d\] is partition\d, not partition\d", told)


SUSPENDED = (
    ("go", "start", {"vm": "vm0", "partition": "partition0"}),
    ("go", "allocate", {"vm": "vm0", "segment": "segment0", "address": "address0"}),
    ("go", "suspend", {"vm": "vm0", "partition": "partition1"}),
    ("go", "describe", {"vm": "vm0"}),
)


@pytest.mark.parametrize(
    "orders",
    [
        (
            ("fail", "crash", {"partition": "partition0"}),
            ("fail", "restart", {"partition": "partition0"}),
            ("go", "complete", {"vm": "vm0", "segment": "segment0"}),
            ("go", "recover", {"vm": "vm0"}),
            ("go", "map", {"vm": "vm0", "segment": "segment0"}),
            *(("go", step, {"vm": "vm0"}) for step in ("create", "resume", "answer", "settle")),
        ),
        (
            ("go", "transfer", {"vm": "vm0"}),
            ("fail", "lose", {"vm": "vm0", "message": "CONFIG"}),
            *(("go", step, {"vm": "vm0"}) for step in ("time_out", "roll_back")),
        ),
    ],
    ids=["crash and restart", "loss"],
)
def test_faults_are_made_to_happen_where_a_schedule_says(orders: tuple[tuple[str, str, dict[str, str]], ...]) -> None:
    attorn_("schedule", "firmware/hands_over", "--out", "plan.json")
    plan = json.loads(Path("plan.json").read_text(encoding="utf-8"))
    plan["orders"] = [{"do": do, "action": name, "arguments": given} for do, name, given in (*SUSPENDED, *orders)]
    Path("plan.json").write_text(json.dumps(plan), encoding="utf-8")
    done = attorn_("schedule", "plan.json", "--on-reference")
    text = " ".join(done.output.split())
    assert f"followed {len(plan['orders'])} of {len(plan['orders'])} orders" in text, text
    assert "and the specification allows all that they did" in text and "is not where the run is" not in text


def test_a_schedule_that_was_written_leads_as_the_run_does_that_it_was_made_from() -> None:
    written = attorn_("schedule", "H3", "--out", "h3.json")
    again = attorn_("schedule", "h3.json", "--out", "again.json")
    assert again.exit_code == 0
    assert again.output.splitlines()[1:] == written.output.splitlines()[1:]
    assert Path("again.json").read_bytes() == Path("h3.json").read_bytes()
    attorn_("schedule", "claim-tiny/migration_completes", "--out", "there.json")
    done = attorn_("schedule", "there.json", "--adapter", "attorn.examples.small_vmm_adapter:SmallVmm")
    assert done.exit_code == 0
    assert "goes all the way to migration_completes" in " ".join(done.output.split())


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
    assert done.exit_code == 0
    assert "goes all the way to migration_completes" in " ".join(done.output.split())


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
