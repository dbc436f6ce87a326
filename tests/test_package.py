"""The package as it installs: one name, every folder in it, and a quick start."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import attorn

ROOT = Path(__file__).parent.parent
PARTS = ("spec", "model", "checker")


def test_version_is_the_installed_one():
    from importlib.metadata import version

    assert attorn.__version__ == version("attorn")


def test_an_unknown_attribute_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no_such_thing"):
        _ = attorn.no_such_thing  # type: ignore[attr-defined]


@pytest.mark.parametrize("part", PARTS)
def test_the_links_lead_to_the_folders(part):
    link = ROOT / "attorn" / part
    assert link.is_symlink()
    assert link.resolve() == ROOT / part


@pytest.mark.parametrize("part", PARTS)
def test_every_folder_with_code_is_a_package(part):
    """A build leaves out a folder without ``__init__.py``."""
    folders = {file.parent for file in (ROOT / part).rglob("*.py")}
    assert [folder for folder in sorted(folders) if not (folder / "__init__.py").is_file()] == []


def test_every_file_that_is_no_code_is_named_for_the_wheel():
    """A build leaves out files that no pattern of package-data names: pages, styles, pictures, schemas."""
    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"][
        "package-data"
    ]
    files = [file.relative_to(ROOT) for part in PARTS for file in (ROOT / part).rglob("*") if file.is_file()]
    data = [file for file in files if file.suffix != ".py" and "__pycache__" not in file.parts]
    names = [pattern.removeprefix("**/") for pattern in patterns["attorn"]]
    assert [str(file) for file in data if not any(file.match(name) for name in names)] == []


def test_the_command_answers_for_its_version():
    done = subprocess.run([sys.executable, "-m", "attorn", "--version"], capture_output=True, text=True, check=True)
    assert attorn.__version__ in done.stdout


def test_help_starts_without_the_heavy_libraries():
    program = (
        "import sys, attorn.command\n"
        "try:\n    attorn.command.main(['--help'])\n"
        "except SystemExit:\n    pass\n"
        "heavy = {'cvc5', 'hypothesis', 'networkx', 'numpy', 'z3'} & set(sys.modules)\n"
        "sys.exit(f'imported: {heavy}' if heavy else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
