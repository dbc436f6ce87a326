"""``attorn check --profile``: what the time went to, beside a report that stays the same."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path

from jsonschema import Draft202012Validator

from .running import attorn_, told, written


def test_a_table_says_what_the_time_went_to() -> None:
    done = attorn_("check", "claim-tiny", "claim-small", "--profile")
    assert done.exit_code == 0
    said = told(done)
    table = said[said.index("what the time went to") :]
    for phase in ("building", "guards", "successors", "properties", "duplicates", "runs"):
        assert re.search(rf" {phase} \d+\.\d\d s \d+\.\d %", table), phase
    assert " symmetry " not in table
    assert re.search(r"claim-small \d+\.\d\d s \w+ \d+ %, ", table)
    shares = [float(share) for share in re.findall(r"(\d+\.\d) %", table)]
    assert 98 < sum(shares) < 102


def test_the_table_is_the_users_wish() -> None:
    assert "what the time went to" not in told(attorn_("check", "claim-tiny"))
    assert "what the time went to" in told(attorn_("check", "claim-tiny", "--profile", "--quiet"))
    done = attorn_("check", "claim-tiny", "--profile", "--format", "markdown")
    assert "what the time went to" not in done.stdout
    assert "what the time went to" in done.stderr


def test_programs_get_it_beside_the_report_which_stays_the_same() -> None:
    plain = attorn_("check", "claim-tiny", "--symmetry", "--json", "--out", "plain")
    done = attorn_("check", "claim-tiny", "--symmetry", "--json", "--profile", "--out", "timed")
    data = json.loads(done.stdout)
    schema = json.loads(files("attorn.checker.report").joinpath("report.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator(schema).validate(data)
    (profile,) = data.pop("profile")
    assert profile["name"] == "claim-tiny"
    assert profile["seconds"]["symmetry"] > 0
    assert data == json.loads(plain.stdout) == written("timed")
    assert Path("timed/report.json").read_bytes() == Path("plain/report.json").read_bytes()
    (timing,) = json.loads(Path("timed/manifest.json").read_text())["parts"]["check"]["run"]["timings"]
    assert timing["phases"] == profile["seconds"]
    assert sum(timing["phases"].values()) >= 0.9 * timing["seconds"]


def test_the_compiled_engine_is_told_of_too() -> None:
    done = attorn_("check", "claim-small", "--engine", "compiled", "--no-progress", "--json", "--profile")
    (profile,) = json.loads(done.stdout)["profile"]
    assert {"building", "successors", "duplicates", "runs"} <= {*profile["seconds"]}
