"""Reports: what engines answer, as a person and as a program read it."""

from attorn.checker.report.account import Commands, instance_account, machine_account
from attorn.checker.report.files import output_folder, write_files
from attorn.checker.report.json_document import as_data, render_json
from attorn.checker.report.live import progress_line
from attorn.checker.report.markdown import render_markdown
from attorn.checker.report.model import GoalAccount, InstanceAccount, Outcome, PropertyAccount, Report, RunFacts, Timing
from attorn.checker.report.runs import Paint, plain, refutation_lines, witness_lines
from attorn.checker.report.terminal import instance_lines, machine_heading, machine_lines, outcome_lines

__all__ = [
    "Commands",
    "GoalAccount",
    "InstanceAccount",
    "Outcome",
    "Paint",
    "PropertyAccount",
    "Report",
    "RunFacts",
    "Timing",
    "as_data",
    "instance_account",
    "instance_lines",
    "machine_account",
    "machine_heading",
    "machine_lines",
    "outcome_lines",
    "output_folder",
    "plain",
    "progress_line",
    "refutation_lines",
    "render_json",
    "render_markdown",
    "witness_lines",
    "write_files",
]
