"""Run folders: what is written is read again, and whatever was changed since is refused with advice."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from attorn.checker.report import render_json
from attorn.checker.report.book import REPORT, gathered
from attorn.checker.report.run_facts import RunFacts
from attorn.checker.report.run_folder import MANIFEST, Part, read_folder, write_pages, write_part
from attorn.spec.errors import BadInput
from tests.checker.report.samples import explored, jobs, relay, report

FACTS = RunFacts("2001-02-03T04:05:06+0000", 1.5, 1, "3.11.0", "a machine", 2, (("numpy", "2.0"),))
RELAY = report(explored(relay()))


def written(folder: Path, said=RELAY, digest: str | None = None) -> Path:
    machines = {each.name: digest or each.digest for each in said.machines}
    part = Part(said.command, said.attorn, machines, {}, {}, FACTS)
    write_part(folder, "check", part, {REPORT: render_json(said), "note.txt": "a note\n"})
    return folder


def binary(folder: Path) -> None:
    """Put something that is no text into the folder, and have the manifest vouch for it."""
    (folder / "note.txt").write_bytes(b"\xff")
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["parts"]["check"]["files"]["note.txt"] = hashlib.sha256(b"\xff").hexdigest()
    (folder / MANIFEST).write_text(json.dumps(manifest))


def test_what_is_written_is_read_again(tmp_path):
    book = gathered([read_folder(written(tmp_path))])
    assert book.report == RELAY
    assert book.runs == (("check", FACTS),)


def test_the_manifest_has_the_digest_of_every_file_as_other_tools_compute_it(tmp_path):
    import subprocess

    written(tmp_path)
    files = json.loads((tmp_path / MANIFEST).read_text())["parts"]["check"]["files"]
    assert set(files) == {REPORT, "note.txt"}
    said = subprocess.run(["sha256sum", *files], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert {line.split()[1]: line.split()[0] for line in said.splitlines()} == files


def test_time_is_in_the_manifest_only(tmp_path):
    written(tmp_path)
    mentions = [each.name for each in tmp_path.iterdir() if "2001-02-03" in each.read_text()]
    assert mentions == [MANIFEST]


def test_a_part_made_again_takes_the_place_of_the_old_one_and_other_parts_stay(tmp_path):
    written(tmp_path)
    write_part(tmp_path, "hazards", Part("attorn hazards", "1", {}, {}, {}, FACTS), {"hazards.json": "{}"})
    write_pages(tmp_path, "1", {"report.html": "<p>"})
    write_part(tmp_path, "check", Part("attorn check", "1", {}, {}, {}, FACTS), {REPORT: render_json(RELAY)})
    assert sorted(each.name for each in tmp_path.iterdir()) == ["hazards.json", MANIFEST, REPORT]
    assert set(read_folder(tmp_path).parts) == {"check", "hazards"}


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda folder: (folder / MANIFEST).unlink(), "is no run folder"),
        (lambda folder: (folder / MANIFEST).write_text("{"), "damaged"),
        (lambda folder: (folder / MANIFEST).write_text('{"format": "other 9", "parts": {}}'), "has the form `other 9`"),
        (lambda folder: (folder / "note.txt").unlink(), "lacks note.txt"),
        (lambda folder: (folder / "note.txt").write_text("another\n"), "is not what the manifest says"),
        (binary, "note.txt is no text"),
    ],
)
def test_a_damaged_folder_is_refused_with_what_is_wrong(tmp_path, harm, said):
    harm(written(tmp_path))
    with pytest.raises(BadInput, match=said):
        read_folder(tmp_path)


def test_a_manifest_that_names_files_elsewhere_is_refused(tmp_path):
    folder = written(tmp_path / "run")
    text = (folder / MANIFEST).read_text()
    (folder / MANIFEST).write_text(text.replace('"note.txt"', '"../secret"'))
    with pytest.raises(BadInput, match="outside the run folder"):
        read_folder(folder)


def test_folders_of_different_specifications_are_not_put_together(tmp_path):
    one, other = written(tmp_path / "a"), written(tmp_path / "b", digest="f" * 64)
    with pytest.raises(BadInput, match="two specifications are called relay"):
        gathered([read_folder(one), read_folder(other)])


def test_a_manifest_without_a_time_is_refused(tmp_path):
    folder = written(tmp_path)
    text = (folder / MANIFEST).read_text()
    (folder / MANIFEST).write_text(text.replace(FACTS.started, "yesterday"))
    with pytest.raises(BadInput, match="does not say when check began"):
        gathered([read_folder(folder)])


def test_folders_of_different_instances_are_put_together(tmp_path):
    folders = [written(tmp_path / "a"), written(tmp_path / "b", report(explored(jobs())))]
    book = gathered([read_folder(each) for each in folders])
    assert book.report is not None
    assert [each.name for each in book.report.instances] == ["relay", "jobs"]


def test_folders_that_contradict_each_other_are_refused(tmp_path):
    (instance,) = RELAY.instances
    other = replace(RELAY, instances=(replace(instance, transitions=1),))
    folders = [written(tmp_path / "a"), written(tmp_path / "b", other)]
    with pytest.raises(BadInput, match="say different things of the instance relay"):
        gathered([read_folder(each) for each in folders])
