"""Exports, each read back by a tool that is not ours, and held against what is known of the relay by hand."""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import networkx
import pytest
from junitparser import Error, Failure, JUnitXml
from pydantic import ValidationError
from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as Sarif

from attorn.checker.explore import Options, explore, graph
from attorn.checker.progress import Limits, build
from attorn.checker.report.book import Book
from attorn.checker.report.documents import (
    BrokenStep,
    HazardRow,
    Hazards,
    Obligation,
    ProofDocument,
    Proved,
    Ranked,
    RankedProof,
    Surveyed,
    SurveyedCell,
    SurveyedGuarantee,
)
from attorn.checker.report.graph_files import aldebaran, graphml, map_dot, map_mermaid, states_dot
from attorn.checker.report.junit import render_junit
from attorn.checker.report.sarif import render_sarif
from attorn.checker.report.state_map import bisimulation, mapped
from attorn.checker.report.tables import csv_text, tables
from tests.checker.report.samples import explored, jobs, relay, report

WHOLE = Book(report(explored(relay()), explored(relay(2, "duo")), explored(jobs())))
CUT = Book(report(explored(jobs(), max_states=2), not_searched=("trio",)))
GRAPH = graph(relay())


def tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


# JUnit, by junitparser


def cases(book: Book):
    return {(suite.name, case.name): case.result for suite in JUnitXml.fromstring(render_junit(book)) for case in suite}


def test_junit_has_a_case_for_each_statement_on_each_instance():
    found = cases(WHOLE)
    assert WHOLE.report is not None
    stated = {(f"{i.machine} {i.name}", each.name) for i in WHOLE.report.instances for each in i.properties}
    stated |= {(f"{i.machine} {i.name}", each.name) for i in WHOLE.report.instances for each in i.goals}
    assert set(found) == stated


def test_a_refuted_property_is_a_failure_with_its_run_and_one_that_holds_passes():
    (failure,) = cases(WHOLE)["relay relay", "few_passes"]
    assert isinstance(failure, Failure)
    assert failure.message.startswith("refuted in 2 steps")
    assert "few_passes is REFUTED on relay in 2 steps" in failure.text
    assert any(not result for result in cases(WHOLE).values())


def test_what_is_not_decided_is_an_error_and_nothing_is_ever_skipped():
    found = cases(CUT)
    assert all(isinstance(result[0], Error) for result in found.values() if result)
    assert isinstance(found["trio", "search"][0], Error)
    undetermined = [name for (_, name), result in found.items() if result]
    assert "no_deadlock" in undetermined
    assert "skipped>" not in render_junit(CUT)
    assert JUnitXml.fromstring(render_junit(CUT)).skipped in (0, None)


def test_proofs_and_hazards_are_suites_of_their_own():
    proof = ProofDocument(
        "relay", "0" * 64, "z3", False, "",
        (Proved("a", False, "proved"), Proved("b", False, "undetermined"), Proved("c", True, "refuted")), (),
    )  # fmt: skip
    found = cases(Book(proofs=(proof,), hazards=hazards("found", "missed: it holds", "undetermined: no end")))
    kinds = {name: type(result[0]) if result else None for (_, name), result in found.items()}
    assert kinds == {"a": None, "b": Error, "c": Failure, "H1": None, "H2": Failure, "H3": Error}


def hazards(*standings: str) -> Hazards:
    return Hazards(
        tuple(
            HazardRow(f"H{n}", "name", "system", "It fails.", "a", "changed", "fixed", standing, 3, where=f"h.py:{n}")
            for n, standing in enumerate(standings, start=1)
        ),
        True,
    )


# SARIF, by models that were made from the official schema


def sarif(book: Book) -> Sarif:
    return Sarif.model_validate_json(render_sarif(book))


def proof(*properties: Proved, failing: tuple[BrokenStep, ...] = (), progress: str = "proved") -> ProofDocument:
    ranked = RankedProof((Ranked("ends", progress, where="c.py:9"),))
    whole = all(each.evidence == "proved" for each in properties)
    return ProofDocument("relay", "0" * 64, "z3", whole, "", properties, (), failing=failing, progress=ranked)


def surveyed(**evidence: tuple[str, int]) -> Surveyed:
    """A survey of one property, a cell for each memory semantics."""
    cells = tuple(
        SurveyedCell({"memory": memory}, "loss", 9, {"p": SurveyedGuarantee(*found)})
        for memory, found in evidence.items()
    )
    return Surveyed("0", "", {"loss": "A loss."}, {"p": "It is so."}, cells, (), (), {"p": "s.py:7"})


PROOF = proof(
    Proved("a", False, "proved", where="p.py:1"),
    Proved("b", False, "refuted", sentence="B holds.", where="p.py:2"),
    Proved("c", False, "undetermined"),
    Proved("d", False, "refuted", sentence="D holds.", where="p.py:4"),
    failing=(
        BrokenStep("b", "step/go/b.0", True, "m.py:5", "go(x0)", "reachable in 2 steps"),
        BrokenStep("d", "initial/d.0", True, "p.py:4", run=("go(x0)", "end()")),
        BrokenStep("c", "step/go/c.0", False, "m.py:5", "go(x1)", "not in runs of up to 9 steps"),
    ),
)
SURVEY = surveyed(shared=("refuted", 14), preserved=("refuted", 11), exclusive=("proved", 0))
ALL = replace(WHOLE, proofs=(PROOF,), hazards=hazards("found", "missed: it holds", "undetermined"), survey=SURVEY)


@pytest.mark.parametrize("book", [WHOLE, CUT, ALL, Book()], ids=["whole", "cut", "all", "empty"])
def test_sarif_keeps_to_the_official_schema(book):
    sarif(book)


def test_the_schema_refuses_what_is_not_sarif():
    for good, bad in (('"kind": "fail"', '"kind": "failed"'), ('"ruleId"', '"rule"'), ('"2.1.0"', '"2.0.0"')):
        with pytest.raises(ValidationError):
            Sarif.model_validate_json(render_sarif(WHOLE).replace(good, bad))


def test_a_counterexample_points_at_the_line_of_its_last_action_and_lists_its_steps():
    found = next(
        each for each in sarif(WHOLE).runs[0].results
        if each.ruleId == "few_passes" and each.properties.model_dump()["instance"] == "relay"
    )  # fmt: skip
    place = found.locations[0].physicalLocation
    line = Path("tests/checker/report/samples.py").read_text().splitlines()[place.region.startLine - 1]
    assert place.artifactLocation.uri.endswith("samples.py")
    assert line.startswith(("@action", "def give"))
    (flow,) = found.codeFlows[0].threadFlows
    assert [each.executionOrder for each in flow.locations] == [1, 2]
    assert found.partialFingerprints


def test_undetermined_is_open_in_sarif_and_the_invocation_says_so():
    run = sarif(CUT).runs[0]
    assert {each.kind.value for each in run.results if each.ruleId == "no_deadlock"} == {"open"}
    assert run.invocations[0].exitCode == 2
    assert run.invocations[0].toolExecutionNotifications


def told(book: Book) -> dict[str, tuple[str, str, list[str]]]:
    """Of the only run: each rule's kind and level, and the lines it is at."""
    (run,) = sarif(book).runs
    return {
        each.ruleId: (
            each.kind.value,
            each.level.value,
            [
                f"{x.physicalLocation.artifactLocation.uri}:{x.physicalLocation.region.startLine}"
                for x in each.locations
            ],
        )
        for each in run.results
    }


def test_what_a_proof_refutes_is_at_the_action_that_breaks_it_and_what_is_open_is_no_failure():
    assert told(Book(proofs=(PROOF,))) == {
        "a": ("pass", "none", ["p.py:1"]),
        "b": ("fail", "error", ["m.py:5"]),
        "c": ("open", "none", []),
        "d": ("fail", "error", ["p.py:4"]),
        "ends": ("pass", "none", ["c.py:9"]),
    }
    (run,) = sarif(Book(proofs=(PROOF,))).runs
    said = {each.ruleId: each.message.text for each in run.results}
    assert "go(x0) breaks it" in said["b"] and "reachable in 2 steps" in said["b"]
    assert "go(x0) → end()" in said["d"]
    (beside,) = next(each for each in run.results if each.ruleId == "b").relatedLocations
    assert beside.physicalLocation.region.startLine == 2


@pytest.mark.parametrize(
    ("evidence", "progress", "code"),
    [("proved", "proved", 0), ("proved", "undetermined", 2), ("undetermined", "proved", 2), ("refuted", "proved", 1)],
)
def test_the_run_of_a_proof_has_the_exit_code_of_the_command(evidence, progress, code):
    (run,) = sarif(Book(proofs=(proof(Proved("a", False, evidence), progress=progress),))).runs
    assert run.invocations[0].exitCode == code


def test_a_hazard_fails_where_it_is_not_found():
    assert told(Book(hazards=hazards("found", "missed: it holds", "undetermined: no end"))) == {
        "H1": ("pass", "none", ["h.py:1"]),
        "H2": ("fail", "error", ["h.py:2"]),
        "H3": ("open", "none", ["h.py:3"]),
    }


def test_what_a_survey_refutes_somewhere_is_a_note_that_names_the_shortest_run():
    assert told(Book(survey=SURVEY)) == {"p": ("fail", "note", ["s.py:7"])}
    (result,) = sarif(Book(survey=SURVEY)).runs[0].results
    assert "refuted in 2 and undetermined in 0 of 3 designs" in result.message.text
    assert "11 steps, with memory preserved, under loss" in result.message.text
    assert told(Book(survey=surveyed(exclusive=("proved", 0), shared=("exhausted", 0))))["p"][:2] == ("pass", "none")
    assert told(Book(survey=surveyed(exclusive=("proved", 0), shared=("undetermined", 0))))["p"][:2] == ("open", "none")


def test_the_runs_of_a_file_are_told_apart():
    names = [each.automationDetails.id for each in sarif(ALL).runs]
    assert names == ["attorn/check/", "attorn/proof/relay/", "attorn/hazards/", "attorn/guarantees/"]


# CSV


def test_tables_have_what_the_report_has_and_a_header():
    rows = list(csv.DictReader(io.StringIO(csv_text(tables(WHOLE)["verdicts"]))))
    refuted = {(row["instance"], row["statement"]): row["steps"] for row in rows if row["verdict"] == "refuted"}
    assert refuted["relay", "few_passes"] == "2"
    levels = list(csv.DictReader(io.StringIO(csv_text(tables(WHOLE)["levels"]))))
    assert sum(int(row["states"]) for row in levels if row["instance"] == "relay") == len(GRAPH)
    proof = ProofDocument("m", "0" * 64, "z3", True, "", (), (Obligation("act/p.0", "unsat", "unsat"),))
    assert csv_text(tables(Book(proofs=(proof,)))["obligations"]).splitlines()[1] == "m,z3,act/p.0,unsat,unsat"


# Graphs


def test_graphml_is_read_back_by_networkx_as_the_same_graph():
    read = networkx.read_graphml(io.BytesIO(graphml(GRAPH).encode()), node_type=int, force_multigraph=True)
    assert (len(read), read.number_of_edges()) == (len(GRAPH), GRAPH.number_of_edges())
    assert sorted(about["label"] for *_, about in read.edges(data=True)) == sorted(
        about["label"] for *_, about in GRAPH.edges(data=True)
    )
    assert read.nodes[0]["depth"] == 0
    assert read.nodes[0]["tired[runner0]"] == "no"


def test_the_transition_system_counts_what_its_head_says():
    head, *lines = aldebaran(GRAPH).splitlines()
    first, transitions, states = map(int, re.findall(r"\d+", head))
    found = [part for line in lines for part in re.findall(r'^\((\d+),"([^"]*)",(\d+)\)$', line)]
    assert (first, len(found)) == (0, transitions)
    assert {int(n) for one, _, other in found for n in (one, other)} <= set(range(states))
    assert states == len(GRAPH) + 1  # the relay has three initial states
    assert sum(label == "tau" for _, label, _ in found) == 3


def test_mcrl2_reads_the_transition_system_and_finds_it_like_itself(tmp_path):
    compare = tool("ltscompare")
    (tmp_path / "relay.aut").write_text(aldebaran(GRAPH))
    done = subprocess.run(
        [compare, "-ebisim", tmp_path / "relay.aut", tmp_path / "relay.aut"], capture_output=True, text=True
    )
    assert "true" in done.stdout + done.stderr


@pytest.mark.parametrize("text", [states_dot(GRAPH)], ids=["states"])
def test_graphviz_draws_all_states(text):
    done = subprocess.run([tool("dot"), "-Tplain"], input=text, capture_output=True, text=True, check=True)
    kinds = [line.split()[0] for line in done.stdout.splitlines()]
    assert (kinds.count("node"), kinds.count("edge")) == (len(GRAPH), GRAPH.number_of_edges())


def relay_map():
    found = mapped(explore(relay(), Options()), None)
    assert found is not None
    return found


def test_graphviz_draws_a_map_with_the_way_into_a_violation_in_red():
    done = subprocess.run(
        [tool("dot"), "-Tplain"], input=map_dot(relay_map()), capture_output=True, text=True, check=True
    )
    assert sum(" red" in line for line in done.stdout.splitlines() if line.startswith("edge")) == 2


def test_a_map_in_mermaid_has_each_node_and_each_edge_once():
    found = relay_map()
    lines = map_mermaid(found).splitlines()
    assert sum('["' in line for line in lines) == len(found.nodes)
    assert sum("-->|" in line for line in lines) == len(found.edges)
    assert any("linkStyle" in line for line in lines)


def test_a_map_shows_every_state_and_every_transition_of_a_small_instance():
    found = relay_map()
    assert sum(node.states for node in found.nodes) == len(GRAPH)
    assert sum(times for edge in found.edges for _, times in edge.actions) == GRAPH.number_of_edges()
    assert [name for name, _ in found.ends]
    assert all(found.nodes[way[0]].initial for _, way in found.ends)


def alike(graph) -> int:
    """How many classes states fall into that can do the same for ever: by the definition, splitting all at once."""
    colour = dict.fromkeys(graph, 0)
    while True:
        signs = {
            node: (
                colour[node],
                frozenset((about["action"], colour[to]) for _, to, about in graph.out_edges(node, data=True)),
            )
            for node in graph
        }
        numbers = {sign: number for number, sign in enumerate(dict.fromkeys(signs.values()))}
        after = {node: numbers[sign] for node, sign in signs.items()}
        if len(numbers) == len(set(colour.values())):
            return len(numbers)
        colour = after


@pytest.mark.parametrize("instance", [relay(2), relay(3), jobs()], ids=["duel", "trio", "jobs"])
def test_bisimulation_finds_the_classes_that_its_definition_says(instance):
    classes = bisimulation(build(instance, Limits()))
    assert len(set(classes.tolist())) == alike(graph(instance))
    assert len(set(bisimulation(build(jobs(), Limits())).tolist())) == 4  # 3, 2, 1 and 0 jobs left
