"""Run folders: what commands leave behind, part by part, with a manifest that vouches for every file."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from attorn.checker.report.files import write_files
from attorn.checker.report.run_facts import RunFacts
from attorn.spec.errors import BadInput

__all__ = ["MANIFEST", "PAGES", "Part", "RunFolder", "read_folder", "write_pages", "write_part"]

FORMAT = "attorn run 1"
MANIFEST = "manifest.json"
PAGES = "pages"
"""The part that is made from all the others."""


@dataclass(frozen=True)
class Part:
    """What one command left.

    command:  what repeats it.
    machines: digests of the specifications that it speaks of, by name of the machine.
    options:  what it was asked for, option by option.  seeds: of all that was drawn at random.
    run:      when, where and with what it ran; nothing else in the folder depends on that.
    files:    SHA-256 of each file, by name.
    """

    command: str
    attorn: str
    machines: dict[str, str]
    options: dict[str, str | int | float | bool | None]
    seeds: dict[str, int]
    run: RunFacts | None
    files: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Manifest:
    format: str
    parts: dict[str, Part]


@dataclass(frozen=True)
class RunFolder:
    """A folder that was read and whose files are what its manifest says."""

    path: Path
    parts: Mapping[str, Part]
    texts: Mapping[str, str]

    def of(self, part: str) -> dict[str, str]:
        """The texts of a part's files, by name."""
        return {name: self.texts[name] for name in self.parts[part].files}


def read_folder(path: Path, without: Collection[str] = ()) -> RunFolder:
    """Read a run folder, but for the parts named. Raises BadInput for one that is none, is damaged, or was changed."""
    if not (path / MANIFEST).is_file():
        raise BadInput(
            f"{path} is no run folder: it has no {MANIFEST}. Name one that attorn check, prove, hazards, guarantees, "
            "mutate or run wrote with --out."
        )
    parts = {name: part for name, part in _manifest(path).parts.items() if name not in without}
    texts: dict[str, str] = {}
    for part in parts.values():
        for name, digest in part.files.items():
            texts[name] = _checked(path, name, digest, part.command)
    return RunFolder(path, parts, texts)


def write_part(path: Path, name: str, part: Part, texts: Mapping[str, str]) -> None:
    """Write the files of a part, in place of those that the folder may have of an earlier run; other parts stay.

    Pages that were made from the earlier run are removed. Raises BadInput where the folder is damaged or not writable.
    """
    parts = dict(_manifest(path).parts) if (path / MANIFEST).exists() else {}
    gone = [file for old in (name, PAGES) if old in parts for file in parts[old].files if file not in texts]
    parts.pop(PAGES, None)
    parts[name] = replace(part, files={file: _digest(text) for file, text in sorted(texts.items())})
    _write(path, parts, texts)
    for file in gone:
        (path / file).unlink(missing_ok=True)


def write_pages(path: Path, attorn: str, texts: Mapping[str, str]) -> None:
    """Write the pages that are made from all parts of a folder."""
    parts = dict(_manifest(path).parts) if (path / MANIFEST).exists() else {}
    files = {file: _digest(text) for file, text in sorted(texts.items())}
    parts[PAGES] = Part(f"attorn report {path.as_posix()}", attorn, {}, {}, {}, None, files)
    _write(path, parts, texts)


def _write(path: Path, parts: Mapping[str, Part], texts: Mapping[str, str]) -> None:
    manifest = msgspec.json.encode(_Manifest(FORMAT, dict(sorted(parts.items()))))
    write_files(path, {**texts, MANIFEST: msgspec.json.format(manifest, indent=1).decode() + "\n"})


def _manifest(path: Path) -> _Manifest:
    advice = "Make the run again in another folder."
    try:
        data = (path / MANIFEST).read_bytes()
    except OSError as error:
        raise BadInput(f"cannot read {path / MANIFEST}: {error.strerror}.") from error
    try:
        found = msgspec.json.decode(data, type=_Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{path / MANIFEST} is no manifest of a run folder, or damaged: {error}. {advice}") from error
    if found.format != FORMAT:
        raise BadInput(f"{path / MANIFEST} has the form `{found.format}`; this attorn reads `{FORMAT}`. {advice}")
    for part in found.parts.values():
        for name in part.files:
            if Path(name).is_absolute() or ".." in Path(name).parts:
                raise BadInput(f"{path / MANIFEST} names `{name}`, which lies outside the run folder. {advice}")
    return found


def _checked(path: Path, name: str, digest: str, command: str) -> str:
    try:
        text = (path / name).read_bytes()
    except OSError as error:
        raise BadInput(
            f"the run folder {path} lacks {name}: {error.strerror}. Make it again: {command} --out {path}"
        ) from error
    if hashlib.sha256(text).hexdigest() != digest:
        raise BadInput(
            f"{path / name} is not what the manifest says: it was changed or damaged. "
            f"Make it again: {command} --out {path}"
        )
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(f"{path / name} is no text: {error}. Make it again: {command} --out {path}") from error


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
