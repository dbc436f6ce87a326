"""Reports: what engines answer, as a person and as a program read it."""

from attorn.checker.report.account import Commands, instance_account, machine_account
from attorn.checker.report.files import output_folder, write_files
from attorn.checker.report.json_document import as_data, render_json
from attorn.checker.report.lines import Paint, counted, formula, lasting, listed, plain, wrapped
from attorn.checker.report.live import progress_line
from attorn.checker.report.markdown import render_markdown
from attorn.checker.report.model import (
    Agreement,
    Comparison,
    InstanceAccount,
    MachineAccount,
    Outcome,
    Report,
    Unchecked,
)
from attorn.checker.report.run_facts import RunFacts, Timing
from attorn.checker.report.runs import View
from attorn.checker.report.terminal import Screen

__all__ = [
    "Agreement",
    "Commands",
    "Comparison",
    "InstanceAccount",
    "MachineAccount",
    "Outcome",
    "Paint",
    "Report",
    "RunFacts",
    "Screen",
    "Timing",
    "Unchecked",
    "View",
    "as_data",
    "counted",
    "formula",
    "instance_account",
    "lasting",
    "listed",
    "machine_account",
    "output_folder",
    "plain",
    "progress_line",
    "render_json",
    "render_markdown",
    "wrapped",
    "write_files",
]
