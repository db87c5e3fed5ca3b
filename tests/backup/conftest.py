"""What backups are taken of: the test's own database, and a store that goes with it."""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from tenantry import Database, Settings
from tenantry.keyring import new_key
from tenantry.ops.backup import Cipher, Vault, Wishes, create, store_of
from tenantry.ops.backup.manifest import Manifest
from tenantry.ops.backup.store import S3Store
from tests.fixtures.database import Place, make_tenant
from tests.fixtures.servers import in_memory, require


@pytest.fixture(autouse=True)
def temporary(monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where workshops are made: in memory, if there is enough. What is restored is written there twice."""
    place = Path(in_memory() or "/tmp")  # noqa: S108 - folders made in it have names of their own
    monkeypatch.setenv("TMPDIR", str(place))
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


@pytest.fixture
def folder(temporary: Path) -> Iterator[Path]:
    """Short and open, so that the servers' account passes through."""
    made = Path(tempfile.mkdtemp(prefix="tt-b-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def vault(folder: Path) -> Vault:
    return Vault(store_of(str(folder / "store")), Cipher())


@pytest.fixture
def sealed_vault(folder: Path) -> Vault:
    return Vault(store_of(str(folder / "store")), Cipher([new_key()]))


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """Moto's server, which is reached over the network as S3 is."""
    require("moto and boto3 (pip install 'tenantry[s3,dev]')", importlib.util.find_spec("moto"))
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What boto3 finds in the environment."""
    found = {
        "AWS_ENDPOINT_URL": s3_server,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    return found


@pytest.fixture
def key() -> str:
    return new_key()


@pytest.fixture
def bucket(s3: dict[str, str], key: str) -> Vault:
    """A bucket of the test's own."""
    store = S3Store(f"backups-{uuid.uuid4().hex[:12]}", "tenantry")
    store.client.create_bucket(Bucket=store.bucket)
    return Vault(store, Cipher([key]))


@pytest.fixture
def settings(place: Place) -> Settings:
    """As an operator's: with a login that no policy holds."""
    return place.settings(
        backup_url=SecretStr(place.url("superuser")),
        home=place.server.servers.home,
        pg_bin=place.server.bin_dir if place.server.kind == "system" else None,
    )


@pytest.fixture
async def filled(db: Database) -> AsyncIterator[Database]:
    """Two tenants with rows in plain, partitioned and audited tables."""
    for slug in ("acme", "beta"):
        tenant = await make_tenant(db, slug)
        async with db.tenant(tenant.id) as t:
            project = await t.projects.create(name="Apollo", slug="apollo")
            for number in range(20):
                await t.tasks.create(project_id=project.id, prompt=f"Do {number}", type="feature")
    yield db


async def take(settings: Settings, vault: Vault, **wishes: Any) -> Manifest:
    return await create(settings, vault, Wishes(**{"valkey": False, **wishes}), lambda _: None)
