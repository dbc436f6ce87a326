"""``--checkpoint`` and ``--resume``: what was asked of a check, kept beside what its searches leave."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from attorn import __version__
from attorn.spec.errors import BadInput

__all__ = ["Asked", "recall", "remember"]

FORMAT = 1
FILE = "check.json"


@dataclass(frozen=True)
class Asked:
    """All that the report of a check depends on.

    targets, names: what is checked, and which of its properties and goals.  sizes: by the names of sorts and budgets.
    """

    targets: tuple[str, ...] = ()
    sizes: Mapping[str, int] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    max_states: int | None = None
    memory: int | None = None
    symmetry: bool = False
    check_symmetry: bool = False
    progress: bool | None = None
    agree: bool = False


def remember(folder: Path, asked: Asked) -> None:
    """Begin a folder of checkpoints; raises BadInput where it cannot be written, or is one already."""
    path = folder / FILE
    if path.exists():
        raise BadInput(
            f"{folder} holds the checkpoint of a check already. Go on with --resume, or choose another folder."
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        aside = folder / f".{FILE}.partial"
        aside.write_text(
            json.dumps({"format": FORMAT, "attorn": __version__, "asked": asdict(asked)}), encoding="utf-8"
        )
        aside.replace(path)
    except OSError as error:
        raise BadInput(f"cannot write to the folder {folder}: {error.strerror}. Choose another one.") from error


def recall(folder: Path) -> Asked:
    """What was asked of the check that left a folder; raises BadInput where that cannot be told."""
    path = folder / FILE
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        version, form, asked = told["attorn"], told["format"], told["asked"]
        found = Asked(**asked | {"targets": tuple(asked["targets"]), "names": tuple(asked["names"])})
    except FileNotFoundError as error:
        raise BadInput(f"{folder} holds no checkpoint: there is no {path}. Begin one with --checkpoint.") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(f"{path} cannot be read ({error}). The check must be begun anew.") from error
    if (form, version) != (FORMAT, __version__):
        raise BadInput(f"{folder} was left by attorn {version}; this is {__version__}. The check must be begun anew.")
    return found
