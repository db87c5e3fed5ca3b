"""What a copy's archives may hold."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from tenantry.errors import BackupDamaged
from tenantry.ops.backup.physical import _untar


def _packed(folder: Path, *members: tuple[str, str]) -> Path:
    """An archive of these: a name, and where a link leads or '' for a file."""
    path = folder / "base.tar"
    with tarfile.open(path, "w") as archive:
        for name, target in members:
            member = tarfile.TarInfo(name)
            member.type = tarfile.SYMTYPE if target else tarfile.REGTYPE
            member.linkname, member.size = target, 0 if target else 1
            archive.addfile(member, io.BytesIO(b"x"))
    return path


def test_files_and_links_of_tablespaces_are_put_in(tmp_path: Path) -> None:
    into = tmp_path / "into"
    into.mkdir()
    _untar(_packed(tmp_path, ("base/1", ""), ("pg_tblspc/7", str(tmp_path))), into)
    assert (into / "base/1").read_bytes() == b"x"
    assert (into / "pg_tblspc/7").readlink() == tmp_path


@pytest.mark.parametrize(
    "members",
    [[("../stray", "")], [("a/../../stray", "")], [("out", ".."), ("out/stray", "")]],
    ids=["up", "up-again", "by-a-link"],
)
def test_nothing_is_written_beside_the_folder(
    tmp_path: Path, members: list[tuple[str, str]]
) -> None:
    into = tmp_path / "into"
    into.mkdir()
    with pytest.raises(BackupDamaged, match="leads outside"):
        _untar(_packed(tmp_path, *members), into)
    assert not (tmp_path / "stray").exists()
