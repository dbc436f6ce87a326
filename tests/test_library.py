"""``import attorn``: the door for programs and notebooks."""

from __future__ import annotations

import subprocess
import sys

import pytest

import attorn
from attorn.spec.errors import BadInput, UnknownName
from tests.checker.report.samples import relay


@pytest.fixture(scope="module")
def result():
    return attorn.check(relay())


def test_a_check_gives_its_result_as_data(result):
    assert not result.holds
    assert result.outcome.value == "refuted"
    assert len(result.counterexamples["relay", "few_passes"].trace.steps) == 2
    assert "REFUTED" in str(result)


def test_named_instances_are_checked_as_the_command_does():
    found = attorn.check("claim-tiny", properties=["exclusive_allocation"])
    assert found.holds
    assert [each.states for each in found.report.instances] == [118]  # as README of the twins has it by SPIN


def test_not_finished_is_never_a_pass():
    found = attorn.check("claim-tiny", properties=["exclusive_allocation"], max_states=10)
    assert found.outcome.value == "undetermined"
    assert not found.holds


def test_it_becomes_a_graph_of_networkx(result):
    import networkx

    graph = result.to_networkx()
    assert isinstance(graph, networkx.MultiDiGraph)
    assert len(graph) == result.report.instances[0].states
    with pytest.raises(UnknownName, match="relay"):
        result.to_networkx("race")


def test_it_becomes_a_data_frame_where_pandas_is(result, monkeypatch):
    try:
        import pandas
    except ImportError:
        with pytest.raises(BadInput, match="pip install pandas"):
            result.to_dataframe()
    else:
        assert isinstance(result.to_dataframe(), pandas.DataFrame)
    with pytest.raises(UnknownName, match="verdicts, instances, levels, actions"):
        result.to_dataframe("states")


def test_a_notebook_shows_the_verdicts(result):
    shown = result._repr_html_()
    assert "few_passes" in shown and "✗ refuted in 2" in shown
    assert shown.count("<table") == shown.count("</table>")
    assert result.to_html().startswith("<!doctype html>")


def test_importing_it_is_fast_and_loads_nothing_heavy():
    program = "import sys, attorn; sys.exit(({'numpy', 'networkx', 'z3', 'click', 'jinja2'} & set(sys.modules) or 0))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert {"check", "Result"} <= set(dir(attorn))
