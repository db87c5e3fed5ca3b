"""Where settings come from. Each source gives what it has; `load` decides which one counts."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Collection, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

from pydantic import SecretStr

from tenantry.config.problems import Problem, did_you_mean
from tenantry.config.project import FILE_NAME, upward
from tenantry.config.settings import PREFIX, Settings, is_secret

NAMES = tuple(Settings.model_fields)
_PATHS = ("home", "migrations", "pg_bin", "ssl_root_cert", "ssl_cert", "ssl_key")
# Read elsewhere: by `init` and `feature`, by the command line, by the tests (two), and by `init`.
_OTHER_VARIABLES = tuple(
    PREFIX + name
    for name in (
        "ADMIN_URL",
        "DEBUG",
        "REQUIRE",
        "TEST_SERVERS",
        "APP_PASSWORD",
        "OWNER_PASSWORD",
        "SERVICE_PASSWORD",
        "READONLY_PASSWORD",
    )
)
# Kubernetes adds these for a service named "tenantry".
_SERVICE_LINK = re.compile(rf"{PREFIX}(\w+_)?(SERVICE_(HOST|PORT\w*)|PORT(_\d+_\w+)?)")


@runtime_checkable
class SecretsProvider(Protocol):
    """Something that keeps secrets: a vault, a cloud's secret manager, a keyring."""

    def get(self, name: str, /) -> str | None:
        """The secret of a setting (`database_url`, …), or None where it has none."""


class Found(NamedTuple):
    """A value and the source that gave it."""

    value: Any
    source: str


Layer = Mapping[str, Found]


def found(name: str, value: object, source: str) -> Found:
    """Wrap a secret at once, so that no frame of a traceback shows it."""
    if is_secret(name) and isinstance(value, str):
        return Found(SecretStr(value), source)
    if is_secret(name) and isinstance(value, (list, tuple)):
        return Found(tuple(SecretStr(v) if isinstance(v, str) else v for v in value), source)
    return Found(value, source)


def read_variable(variable: str, setting: str, problems: list[Problem]) -> Found | None:
    """A variable's value, or that of the file which its `_FILE` form names. Empty is unset."""
    file_variable = f"{variable}_FILE"
    if not os.environ.get(file_variable):
        value = os.environ.get(variable)
        return found(setting, value, variable) if value else None
    if os.environ.get(variable):
        message = f"Both {variable} and {file_variable} are set."
        problems.append(Problem(setting, message, "Unset one of them."))
        return None
    # The variable's own text stays out of messages: people put the secret itself there.
    try:
        text = Path(os.environ[file_variable]).read_text("utf-8-sig").rstrip("\r\n")
        fault = "" if text else "is empty"
    except OSError as error:
        text, fault = "", f"cannot be read ({error.strerror})"
    except ValueError:
        text, fault = "", "is not UTF-8 text"
    if fault:
        problems.append(Problem(setting, f"The file that {file_variable} names {fault}."))
        return None
    return found(setting, text, file_variable)


def environment(problems: list[Problem]) -> Layer:
    """`TENANTRY_*` and `TENANTRY_*_FILE`."""
    read = {name: read_variable(variable(name), name, problems) for name in NAMES}
    return {name: value for name, value in read.items() if value}


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return f"{PREFIX}{name.upper()}"


def unknown_variables() -> list[str]:
    """A sentence for each `TENANTRY_*` variable that means nothing."""
    known = [*map(variable, NAMES), *_OTHER_VARIABLES]
    return [
        f"{name} is no setting of Tenantry. {did_you_mean(name, known)}".rstrip()
        for name in sorted(os.environ)
        if name.startswith(PREFIX)
        and name.removesuffix("_FILE") not in known
        and not _SERVICE_LINK.fullmatch(name)
    ]


def toml_file(path: Path | None, problems: list[Problem]) -> Layer:
    """`tenantry.toml`: the one given, or the nearest in the current folder and above it."""
    file = path or upward(FILE_NAME)
    if file is None:
        return {}
    try:
        content = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        problems.append(Problem("", f"{file} cannot be read ({error.strerror})."))
        return {}
    except ValueError as error:
        problems.append(Problem("", f"{file} is not valid TOML: {error}."))
        return {}
    layer = {}
    for name, value in content.items():
        if name not in NAMES:
            hint = did_you_mean(name, NAMES)
            problems.append(Problem(name, f"{file} has no setting named {name}.", hint))
            continue
        is_path = name in _PATHS and isinstance(value, str) and value != "system"
        # A path in a file is meant from the file, wherever the program runs.
        kept = str(file.parent / Path(value).expanduser()) if is_path else value
        layer[name] = found(name, kept, f"{name} in {file}")
    return layer


def secrets(
    provider: object, wanted: Collection[str], source: str, problems: list[Problem]
) -> Layer:
    """What a provider holds of the wanted settings."""
    if not isinstance(provider, SecretsProvider):
        message = f"The secrets provider ({source}) has no get(name) method."
        problems.append(Problem("secrets_provider", message))
        return {}
    layer = {}
    for name in wanted:
        fault = ""
        try:
            value = provider.get(name)
        except Exception as error:  # a provider may raise anything, and its text may hold a secret
            fault, value = f"failed with {type(error).__name__}", None
        if value is not None and not (isinstance(value, str) and value):
            fault = "gave something other than text, or empty text"
        if fault:
            problems.append(Problem(name, f"The secrets provider {fault} for {name}."))
        elif value is not None:
            layer[name] = found(name, value, f"secrets provider ({source})")
    return layer


def import_provider(where: str, problems: list[Problem]) -> object | None:
    """The object that `package.module:object` names; a class is called for one."""
    module, _, path = where.partition(":")
    try:
        provider: Any = import_module(module)
        for part in path.split("."):
            provider = getattr(provider, part)
        ready: object = provider() if isinstance(provider, type) else provider
    except Exception as error:  # importing runs the user's own code
        message = f"The secrets provider {where} cannot be loaded ({type(error).__name__})."
        problems.append(Problem("secrets_provider", message, "Name it package.module:object."))
        return None
    return ready
