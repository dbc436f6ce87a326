"""Exports, each read back by a tool that is not ours, and held against what is known of the relay by hand."""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
from pathlib import Path

import networkx
import pytest
from junitparser import Error, Failure, JUnitXml
from pydantic import ValidationError
from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as Sarif

from attorn.checker.explore import Options, explore, graph
from attorn.checker.progress import Limits, build
from attorn.checker.report.book import Book, HazardRow, Hazards, Obligation, ProofDocument, Proved
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
            HazardRow(f"H{n}", "name", "system", "It fails.", "a", "changed", "fixed", standing, 3)
            for n, standing in enumerate(standings, start=1)
        ),
        True,
    )


# SARIF, by models that were made from the official schema


def sarif(book: Book) -> Sarif:
    return Sarif.model_validate_json(render_sarif(book))


@pytest.mark.parametrize("book", [WHOLE, CUT, Book()], ids=["whole", "cut", "empty"])
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
