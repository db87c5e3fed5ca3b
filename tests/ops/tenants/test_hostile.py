"""Folders that somebody else wrote: each is refused for what is wrong with it, and leaves nothing behind."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from tenantry import Database
from tenantry.errors import (
    AlreadyExists,
    InvalidInput,
    PermissionDenied,
    ReferenceNotFound,
    RuleViolated,
    TenantryError,
    TransferRefused,
)
from tenantry.ops.tenants import exporting, importing
from tests.fixtures.database import Place, make_tenant, make_user

from .whole import mentions, purge, query

Spoil = Callable[["Folder"], object]


@dataclass
class Folder:
    path: Path

    @property
    def manifest(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.path / "manifest.json").read_text())
        return found

    def write(self, manifest: Any) -> None:
        (self.path / "manifest.json").write_text(json.dumps(manifest))

    def say(self, **changed: Any) -> None:
        self.write(self.manifest | changed)

    def entry(self, table: str, /, **changed: Any) -> dict[str, Any]:
        """What the manifest says of a table's file; changed there."""
        manifest = self.manifest
        entries = [*manifest["tables"], manifest["users"]]
        (entry,) = (e for e in entries if e["table"] == table)
        entry |= changed
        self.write(manifest)
        return dict(entry)

    def file(self, table: str) -> Path:
        return self.path / str(self.entry(table)["file"])

    def lines(self, table: str, *lines: str) -> None:
        """Another content, with the checksum it should have."""
        content = "".join(f"{line}\n" for line in lines).encode()
        self.file(table).write_bytes(content)
        self.entry(table, rows=len(lines), sha256=hashlib.sha256(content).hexdigest())

    def rows(self, table: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.file(table).read_text().splitlines()]

    def change(self, table: str, **columns: Any) -> None:
        """The first row of a table."""
        first, *rest = self.rows(table)
        self.lines(table, *(json.dumps(row) for row in [first | columns, *rest]))

    def drop(self, table: str) -> None:
        manifest = self.manifest
        self.file(table).unlink()
        manifest["tables"] = [e for e in manifest["tables"] if e["table"] != table]
        self.write(manifest)


def _linked(folder: Folder) -> None:
    file = folder.file("projects")
    file.rename(folder.path.parent / "elsewhere")
    file.symlink_to(folder.path.parent / "elsewhere")


def _fifo(folder: Folder) -> None:
    folder.file("projects").unlink()
    os.mkfifo(folder.path / "table-projects.jsonl")


def _directory(folder: Folder) -> None:
    file = folder.file("projects")
    file.unlink()
    file.mkdir()


def _endless(folder: Folder) -> None:
    folder.file("projects").unlink()
    (folder.path / "table-projects.jsonl").symlink_to("/dev/zero")


def _latin(folder: Folder) -> None:
    folder.file("projects").write_bytes(b"\xff\n")
    folder.entry("projects", rows=1, sha256=hashlib.sha256(b"\xff\n").hexdigest())


def _manifest_linked(folder: Folder) -> None:
    file = folder.path / "manifest.json"
    file.rename(folder.path.parent / "its-manifest")
    file.symlink_to(folder.path.parent / "its-manifest")


def _manifest(content: str) -> Spoil:
    return lambda folder: (folder.path / "manifest.json").write_text(content)


def _twice(folder: Folder) -> None:
    manifest = folder.manifest
    folder.write(manifest | {"tables": [*manifest["tables"], manifest["tables"][0]]})


def _doubled(folder: Folder) -> None:
    row = json.dumps(folder.rows("projects")[0])
    folder.lines("projects", row, row)


def _line(table: str, line: str) -> Spoil:
    return lambda folder: folder.lines(table, line)


def _changed(table: str, **columns: Any) -> Spoil:
    return lambda folder: folder.change(table, **columns)


def _says(**changed: Any) -> Spoil:
    return lambda folder: folder.say(**changed)


def _entry(**changed: Any) -> Spoil:
    return lambda folder: folder.entry("projects", **changed)


#: Name -> what is done to it, the error, and its reason or field.
CASES: dict[str, tuple[Spoil, type[TenantryError], str]] = {
    "out of the folder": (_entry(file="../secrets.jsonl"), TransferRefused, "damaged"),
    "an absolute path": (_entry(file="/etc/passwd"), TransferRefused, "damaged"),
    "no path": (_entry(file=""), TransferRefused, "damaged"),
    "its parent": (_entry(file=".."), TransferRefused, "damaged"),
    "a zero in a path": (_entry(file="a\0b"), TransferRefused, "damaged"),
    "the manifest as rows": (_entry(file="manifest.json"), TransferRefused, "damaged"),
    "a link": (_linked, TransferRefused, "damaged"),
    "a link to what never ends": (_endless, TransferRefused, "damaged"),
    "a linked manifest": (_manifest_linked, TransferRefused, "folder"),
    "a pipe": (_fifo, TransferRefused, "damaged"),
    "a folder for a file": (_directory, TransferRefused, "damaged"),
    "another checksum": (_entry(sha256="0" * 64), TransferRefused, "damaged"),
    "more rows than there are": (_entry(rows=10**30), TransferRefused, "damaged"),
    "fewer rows than none": (_entry(rows=-1), TransferRefused, "damaged"),
    "rows that are no number": (_entry(rows="1"), TransferRefused, "damaged"),
    "rows that are true": (_entry(rows=True), TransferRefused, "damaged"),
    "a file is missing": (lambda f: f.file("projects").unlink(), TransferRefused, "damaged"),
    "a file too many": (
        lambda f: ((f.path / "table-more.jsonl").write_text("")), TransferRefused, "damaged",
    ),
    "not UTF-8": (_latin, TransferRefused, "damaged"),
    "cut off": (
        lambda f: f.file("projects").write_bytes(b"{\"tena"), TransferRefused, "damaged",
    ),
    "no manifest": (lambda f: (f.path / "manifest.json").unlink(), TransferRefused, "folder"),
    "no JSON": (_manifest("{"), TransferRefused, "damaged"),
    "a list": (_manifest("[]"), TransferRefused, "damaged"),
    "nested": (_manifest("[" * 100_000), TransferRefused, "damaged"),
    "a huge number": (_manifest("9" * 10_000), TransferRefused, "damaged"),
    "a huge manifest": (_manifest(" " * (17 << 20)), TransferRefused, "damaged"),
    "another format": (_says(format="tenantry-tenant-9"), TransferRefused, "format"),
    "more than a manifest": (_says(more=1), TransferRefused, "damaged"),
    "no such tenant": (_says(tenant={"id": "x", "slug": "x"}), TransferRefused, "damaged"),
    "no slug": (_says(tenant={"id": str(uuid4()), "slug": None}), TransferRefused, "damaged"),
    "no record": (_says(record=None), TransferRefused, "damaged"),
    "no seal": (_says(record={"last_seal": {"to_id": 7}}), TransferRefused, "damaged"),
    "revisions of numbers": (_says(revisions=[1]), TransferRefused, "damaged"),
    "another revision": (_says(revisions=["0002"]), TransferRefused, "revision"),
    "columns it has not": (_entry(columns={"id": "uuid"}), TransferRefused, "revision"),
    "a table it has not": (_entry(table="crm.leads"), TransferRefused, "revision"),
    "a table twice": (_twice, TransferRefused, "damaged"),
    "without the tenant": (lambda f: f.drop("tenants"), TransferRefused, "damaged"),
    "without its quotas": (lambda f: f.drop("tenant_quotas"), TransferRefused, "damaged"),
    "no row of the tenant": (lambda f: f.lines("tenants"), TransferRefused, "damaged"),
    "users' other columns": (
        lambda f: f.entry("users", columns={"id": "uuid"}), TransferRefused, "damaged",
    ),
    "a user that is none": (_line("users", "7"), TransferRefused, "damaged"),
    "a user without an id": (_changed("users", id="7"), TransferRefused, "damaged"),
    "a user without an address": (
        lambda f: f.change("users", id=str(uuid4()), email=None), RuleViolated, "",
    ),
    "a tenant of another id": (_changed("tenants", id=str(uuid4())), PermissionDenied, ""),
    "a slug that is none": (_changed("tenants", slug="A B"), RuleViolated, ""),
    "a slug that is taken": (_changed("tenants", slug="beta"), AlreadyExists, ""),
    "a plan that is none": (_changed("tenants", plan="golden"), RuleViolated, ""),
    "no row": (_line("projects", "7"), TransferRefused, "damaged"),
    "no JSON in a row": (_line("projects", "]"), TransferRefused, "damaged"),
    "nested in a row": (_line("projects", "[" * 100_000), TransferRefused, "damaged"),
    "rows of nobody": (_changed("projects", tenant_id=None), PermissionDenied, ""),
    "rows of another": (_changed("projects", tenant_id=str(uuid4())), PermissionDenied, ""),
    "a row without an id": (_changed("projects", id=None), RuleViolated, ""),
    "an id twice": (_doubled, AlreadyExists, ""),
    "a state that is none": (_changed("projects", status="x"), RuleViolated, ""),
    "a number that is none": (_changed("tasks", retry_count="9" * 400), InvalidInput, ""),
    "a date that is none": (_changed("projects", created_at="tomorrow-ish"), InvalidInput, ""),
    "a zero in a text": (_changed("projects", name="a\0b"), InvalidInput, ""),
    "a reference to nothing": (_changed("tasks", project_id=str(uuid4())), ReferenceNotFound, ""),
    "an entry without an id": (_line("audit_logs", "{}"), TransferRefused, "damaged"),
}  # fmt: skip


@pytest.fixture
async def exported(db: Database, tmp_path: Path) -> tuple[UUID, Path]:
    """A tenant that is in a folder alone."""
    acme = await make_tenant(db, "acme")
    await make_user(db, "ada@example.com", acme)
    async with db.tenant(acme.id) as t:
        project = await t.projects.create(name="A")
        await t.tasks.create(title="One", project_id=project.id)
    await exporting.export(db, acme.id, tmp_path / "good")
    await purge(db, acme.id)
    return acme.id, tmp_path / "good"


async def test_what_is_wrong_is_said_and_nothing_is_left(
    place: Place, db: Database, exported: tuple[UUID, Path], tmp_path: Path
) -> None:
    acme, good = exported
    beta = (await make_tenant(db, "beta")).id
    before = await _state(place)
    for number, (name, (spoil, kind, reason)) in enumerate(CASES.items()):
        for new_id in (False, True):
            folder = tmp_path / f"{number}-{new_id}"
            shutil.copytree(good, folder)
            spoil(Folder(folder))
            with pytest.raises(TenantryError) as raised:
                await importing.import_(
                    db, folder, new_id=new_id, owner_url=place.url("owner"),
                    as_slug="copy" if new_id and "slug" not in name else None,
                )  # fmt: skip
            # Under a new id more is looked at before the server sees it, which may say it better.
            said = raised.value
            if not (new_id and said.fields.get("reason") == "damaged"):
                assert isinstance(said, kind), (name, said)
                assert said.fields.get("reason", "") == reason, (name, said)
    assert await _state(place) == before
    assert set(await mentions(place, acme)) == {"tenantry.platform_log"}
    assert beta
    # It was none of that that kept it out.
    await importing.import_(db, good)


async def _state(place: Place) -> list[Any]:
    tables = ("tenants", "users", "projects", "tasks", "audit_logs", "tenant_quotas")
    counts = " UNION ALL ".join(f"SELECT '{t}', count(*) FROM tenantry.{t}" for t in tables)
    return [tuple(row) for row in await query(place, counts)]


async def test_nothing_is_put_into_a_tenant_that_is_here(
    place: Place, db: Database, exported: tuple[UUID, Path]
) -> None:
    """Not into a suspended one either, to which single rows may come back."""
    acme, path = exported
    folder = Folder(path)
    await importing.import_(db, path)
    async with db.service("a test") as s:
        await s.tenants.suspend(acme)
    before = await _state(place)
    with pytest.raises(AlreadyExists):
        await importing.import_(db, path)
    folder.drop("tenants")
    with pytest.raises(TransferRefused):
        await importing.import_(db, path)
    assert await _state(place) == before


async def test_an_archive_that_is_a_file_is_no_folder(db: Database, tmp_path: Path) -> None:
    packed = tmp_path / "acme.tar.gz"
    packed.write_bytes(b"\x1f\x8b")
    with pytest.raises(TransferRefused, match="cannot be used") as refused:
        await importing.import_(db, packed)
    assert refused.value.reason == "folder"


async def test_passwords_are_taken_over_by_whoever_trusts_them(
    place: Place, db: Database, exported: tuple[UUID, Path]
) -> None:
    """Who wrote the folder could log in as anybody it brings."""
    acme, path = exported
    folder = Folder(path)
    folder.change("users", id=str(uuid4()), email="eve@example.com", password_hash="$argon2id$x")
    kept = "SELECT password_hash, role FROM tenantry.users WHERE email = 'eve@example.com'"
    await importing.import_(db, path)
    assert [tuple(r) for r in await query(place, kept)] == [(None, "user")]
    await purge(db, acme)
    await query(place, "DELETE FROM tenantry.users WHERE email = 'eve@example.com'")
    await importing.import_(db, path, passwords=True)
    assert [tuple(r) for r in await query(place, kept)] == [("$argon2id$x", "user")]
