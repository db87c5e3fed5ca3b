"""What a generator makes, and how it is written down."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tenantry.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class File:
    """One file, by its place in the folder that it goes to."""

    name: str
    text: str
    mode: int = 0o644
    #: Left alone where it is there already, whatever is asked: something in use depends on it.
    lasting: bool = False


class InUse(InvalidInput):
    """A file would be written over."""

    code = "file_in_use"


def header(command: str, *use: str, mark: str = "#") -> str:
    """What every file begins with: what made it, and how to use it."""
    lines = [f"Made by `tenantry {command}`. Make it again rather than edit it.", *use]
    return "".join(f"{mark} {line}".rstrip() + "\n" for line in lines) + "\n"


def write(files: Sequence[File], out: Path, *, force: bool = False) -> list[Path]:
    """Write all of them, or none. One file goes to `out` itself, unless that is a folder."""
    places = [(file, _place(files, file, out)) for file in files]
    taken = [path for file, path in places if path.exists() and not file.lasting]
    if taken and not force:
        raise InUse(
            f"{', '.join(map(str, taken))} {'is' if len(taken) == 1 else 'are'} there already.",
            field="out",
            hint="Name another place with --out, or write over with --force.",
        )
    written = []
    try:
        for file, path in places:
            if path.exists() and file.lasting:
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            put(path, file.text.encode(), file.mode)
            written.append(path)
    except OSError as error:
        raise InvalidInput(
            f"{error.filename or out} cannot be written: {error.strerror}.", field="out"
        ) from error
    return written


def put(path: Path, content: bytes, mode: int) -> None:
    """Whole or not at all, and never for a moment readable by more than it will be."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        os.fchmod(descriptor, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def together(files: Iterable[File]) -> str:
    """All of them as one text, for reading."""
    shown = list(files)
    if len(shown) == 1:
        return shown[0].text.rstrip("\n")
    return "\n\n".join(f"# ==> {file.name} <==\n{file.text.rstrip()}" for file in shown)


def _place(files: Sequence[File], file: File, out: Path) -> Path:
    return out if len(files) == 1 and not out.is_dir() else out / file.name
