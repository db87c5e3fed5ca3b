"""Environment files, units, and how any of them is written."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path
from stat import S_IMODE

import pytest

from tenantry.cli import exits
from tenantry.config import Settings, load_settings
from tenantry.config.settings import is_secret
from tenantry.config.sources import variable
from tenantry.errors import InvalidInput
from tenantry.isolation.pooler import read_file
from tenantry.ops.config.env import file as env_file
from tenantry.ops.config.machine import read_size
from tests.cli.conftest import project  # noqa: F401 - the folder that `offline` stands in
from tests.cli.helpers import Cli
from tests.fixtures.servers import require


@pytest.fixture
def offline(project: Path) -> Cli:  # noqa: F811
    """It asks no server."""
    return Cli(project)


# ---- writing -----------------------------------------------------------------------------------


def test_nothing_is_written_over_unasked(offline: Cli) -> None:
    out = offline.folder / "conf"
    out.mkdir()
    (out / "pg_hba.conf").write_text("mine")
    told = offline.json("config", "postgres", "--out", str(out), code=exits.USAGE)
    assert (told["error"], told["field"]) == ("file_in_use", "out")
    assert [path.name for path in out.iterdir()] == ["pg_hba.conf"]  # none of the others either
    written = offline.json("config", "postgres", "--out", str(out), "--force")["written"]
    assert {Path(path).name for path in written} == {
        "tenantry.conf",
        "pg_hba.conf",
        "pg_ident.conf",
    }
    assert "mine" not in (out / "pg_hba.conf").read_text()
    assert S_IMODE((out / "pg_hba.conf").stat().st_mode) == 0o640


def test_one_file_goes_where_it_is_said(offline: Cli) -> None:
    offline("config", "env", "--out", "app.env")
    assert S_IMODE((offline.folder / "app.env").stat().st_mode) == 0o600
    told = offline.json("config", "env", "--out", "app.env/inside", code=exits.USAGE)
    assert told["field"] == "out"


@pytest.mark.parametrize("what", ["pgbouncer", "postgres", "compose", "systemd", "env"])
def test_each_is_told_twice_the_same_and_says_what_made_it(offline: Cli, what: str) -> None:
    first, again = offline("config", what), offline("config", what)
    assert first.out == again.out
    for file in offline.json("config", what)["files"]:
        if not file["name"].endswith(".json"):
            assert f"Made by `tenantry config {what}`" in file["text"].partition("\n\n")[0]


def test_sizes_are_read() -> None:
    assert read_size("16GB") == read_size("16G") == read_size("16 GiB") == 16 << 30
    for wrong in ("16", "0GB", "much", "-1GB"):
        with pytest.raises(InvalidInput):
            read_size(wrong)


# ---- settings ----------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", ["development", "production"])
def test_the_environment_file_has_every_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, profile: str
) -> None:
    lines = env_file(profile, "config env").text.splitlines()  # type: ignore[arg-type]
    said = {line.lstrip("#").partition("=")[0] for line in lines if "TENANTRY_" in line[:10]}
    wanted = {
        variable(name) + ("_FILE" if is_secret(name) and profile == "production" else "")
        for name in Settings.model_fields
    }
    assert wanted <= said
    # What it sets is accepted; what it leaves out is shown as it is anyway.
    url = tmp_path / "url"
    url.write_text("postgresql://app:kT9vQx2mWz7pLr@db/shop?sslmode=verify-full")
    for line in lines:
        name, _, value = line.partition("=")
        if line.startswith("TENANTRY_"):
            monkeypatch.setenv(name, str(url) if name.endswith("_FILE") else value)
    found = load_settings()
    assert found.profile == profile
    names = {variable(name): name for name in Settings.model_fields if not is_secret(name)}
    shown = dict(line[1:].split("=", 1) for line in lines if line.startswith("#TENANTRY_"))
    for name, value in shown.items():
        if value and name in names:
            monkeypatch.setenv(name, value)
    assert load_settings().model_dump() == found.model_dump()


# ---- systemd -----------------------------------------------------------------------------------


def test_the_units_are_what_systemd_takes(offline: Cli) -> None:
    program = shutil.which("systemd-analyze")
    require("systemd-analyze", program)
    offline("config", "systemd", "--program", "/bin/true", "--user", "root", "--out", "units")
    units = sorted((offline.folder / "units").iterdir())
    assert [unit.name for unit in units] == [
        "tenantry-maintain.service", "tenantry-maintain.timer", "tenantry-relay.service",
    ]  # fmt: skip
    for unit in units:
        ran = subprocess.run(
            [str(program), "verify", "--man=no", str(unit)],
            check=False, capture_output=True, text=True,
        )  # fmt: skip
        assert (ran.returncode, ran.stderr) == (0, "")
    # It notices what is wrong.
    relay = units[-1]
    relay.write_text(relay.read_text().replace("Restart=always", "Restart=perhaps"))
    ran = subprocess.run(
        [str(program), "verify", "--man=no", str(relay)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert "perhaps" in ran.stderr


@pytest.mark.parametrize(
    "said",
    [("--user", "a b"), ("--program", "relative"), ("--folder", "/a b"), ("--calendar", "x\ny=1")],
)
def test_what_would_change_a_unit_is_refused(offline: Cli, said: tuple[str, str]) -> None:
    offline("config", "systemd", *said, code=exits.USAGE)


def test_units_run_commands_that_there_are(offline: Cli) -> None:
    relay = offline("config", "systemd", "--program", "/opt/tenantry").out
    assert "ExecStart=/opt/tenantry events relay\n" in relay
    assert "ExecStart=/opt/tenantry maintain\n" in relay
    assert "relay" in offline("events", "--help").out


# ---- the page ----------------------------------------------------------------------------------


def test_the_commands_of_the_page_run(offline: Cli) -> None:
    page = (Path(__file__).parents[2] / "docs" / "deployment.md").read_text()
    commands = re.findall(r"^\$ tenantry (config .*)$", page, re.MULTILINE)
    assert len(commands) > 8
    for line in commands:
        offline(*shlex.split(line))
    assert {path.name for path in offline.folder.iterdir()} >= {"tls", "server", "pooler", "box"}
    told = read_file(offline.folder / "pooler" / "pgbouncer.ini")
    assert told["client_tls_sslmode"] == "require"
    assert told.entries[0].host == "db.internal"
