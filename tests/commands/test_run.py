"""``attorn run --out``: what a run leaves in a run folder, by a pretended guest."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from attorn.checker.report.observed import observed_markdown
from attorn.commands.observing import observed
from attorn.model.reference.demonstration import Demonstration, Hop, Told
from attorn.model.reference.driver import Driver
from attorn.model.reference.host import Host
from attorn.model.reference.judge import Departure, Verdict
from tests.commands.running import attorn_

PRETENDED = ("run", "--engines", "pretend,pretend", "--guest", "memory", "--memory", "4", "--pause", "0")
NAME = "run-memory-pretend-pretend"


@pytest.fixture(autouse=True)
def _a_pretended_guest(monkeypatch):
    """It needs neither KVM nor Unicorn; firmware, VMMs, protocol and judge are the real ones."""

    def begin(self: Demonstration, host: Host):
        assert isinstance(host.driver, Driver)
        host.driver.log.listeners.append(self._step)
        return host.create("pretend", segments=self.segments)

    monkeypatch.setattr(Demonstration, "_begin", begin)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)


def page(folder: str) -> str:
    return Path(folder, "report.html").read_text()


def test_a_run_is_written_shown_and_merged_with_times_only_where_asked():
    done = attorn_(*PRETENDED, "--hops", "2", "--out", "out")
    assert done.exit_code == 0, done.output
    found = json.loads(Path("out", f"{NAME}.json").read_text())
    assert [each["says"] for each in found["episodes"]] == ["pretend → pretend"] * 2
    # By hand: one start, two allocations; each way ten steps and three for each of two segments.
    assert found["steps"] >= 3 + 2 * 16
    assert "**observed**" in Path("out", f"{NAME}.md").read_text()
    assert f"allows each of the {found['steps']} steps that were logged. 2 of 2 episodes" in page("out")
    timings = json.loads(Path("out", "manifest.json").read_text())["parts"][NAME]["run"]["timings"]
    assert [each["name"] for each in timings] == ["hop 1", "hop 2"]
    assert '<th scope="col">milliseconds' not in page("out")
    assert not any(f"{each['seconds'] * 1000:.1f}<" in page("out") for each in timings)
    assert Path("out/tables/episodes.csv").read_text().count("pretend → pretend,yes") == 2

    done = attorn_("report", "out", "--out", "timed", "--times")
    assert done.exit_code == 0, done.output
    assert all(f"<td>{each['seconds'] * 1000:.1f}</td>" in page("timed") for each in timings)
    assert attorn_("report", "out", "--out", "again").exit_code == 0
    assert page("again") == page("out")
    (suite,) = ElementTree.parse("again/junit.xml").getroot().iter("testsuite")
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("4", "0", "0")


def test_a_step_that_the_specification_does_not_allow_ends_the_run_and_is_told(monkeypatch):
    def hop(self: Demonstration, vm):
        host = vm.host
        host.judge.departure = Departure(9, "exit(vm0)", ("the destination has answered",))
        raise Verdict(host.judge.departure)

    monkeypatch.setattr(Demonstration, "_hop", hop)
    done = attorn_(*PRETENDED, "--hops", "2", "--out", "out")
    assert done.exit_code == 1, done.output
    assert "The specification does not allow what happened: line 9" in done.stdout
    assert (
        "**refuted**: The specification does not allow what happened: line 9" in Path("out", f"{NAME}.md").read_text()
    )
    assert '<span class="mark refuted">' in page("out")
    (suite,) = ElementTree.parse("out/junit.xml").getroot().iter("testsuite")
    assert suite.get("failures") == "1"


TOLD = Told(
    engines=("kvm", "unicorn"),
    guest="e",
    memory_bytes=32 << 20,
    segments=16,
    hops=[Hop(number=1, source="kvm", target="unicorn", migrated=True, downtime=0.0123, steps={"suspend": 0.001})],
    digits=1500,
    digits_right=True,
    events=55,
    machine="reference",
    specification="ab" * 32,
)


def test_what_depends_on_time_is_not_in_the_body():
    other = Hop(number=1, source="kvm", target="unicorn", migrated=True, downtime=0.5, steps={})
    later = Told(**{**{name: getattr(TOLD, name) for name in Told.__struct_fields__}, "hops": [other], "digits": 9000})
    assert observed(TOLD) == observed(later)
    assert observed(TOLD).evidence == "observed"


@pytest.mark.parametrize(
    ("changes", "word", "says"),
    [
        ({"digits_right": False}, "refuted", "NOT every digit is right"),
        ({"digits": None, "complaint": "a lost write"}, "refuted", "Objection: a lost write"),
        ({"events": 0}, "undetermined", "No step was judged"),
    ],
)
def test_a_run_that_went_wrong_is_no_evidence_for_anything(changes, word, says):
    told = Told(**{**{name: getattr(TOLD, name) for name in Told.__struct_fields__}, **changes})
    found = observed(told)
    assert found.evidence == word
    assert says in observed_markdown(found)


def test_a_hop_that_did_not_migrate_is_told_with_its_reason():
    found = observed(TOLD)
    (hop,) = found.episodes
    text = observed_markdown(replace(found, episodes=(replace(hop, done=False, why="the destination declined"),)))
    assert "0 of 1 episode ended as asked" in text and "**no**: the destination declined" in text


def test_a_log_that_cannot_be_written_is_refused_before_a_vm_is_started(tmp_path, monkeypatch):
    from attorn.model.reference import demonstration

    monkeypatch.setattr(demonstration, "Demonstration", lambda *given: pytest.fail("a VM would have been started"))
    (tmp_path / "file").write_text("mine")
    done = attorn_("run", "--log", str(tmp_path / "file" / "log.jsonl"), "--out", "run")
    assert done.exit_code == 3
    assert "cannot write the log" in done.stderr and "Not a directory" in done.stderr
    assert not Path("run").exists()
