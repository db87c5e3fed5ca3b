"""Filling the settings from their sources, the strongest first."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from tenantry.config import sources
from tenantry.config.problems import InvalidSettings, Problem
from tenantry.config.seeds import seed_names
from tenantry.config.settings import Settings, is_secret
from tenantry.config.sources import Found, Layer, SecretsProvider


class UnknownSetting(UserWarning):
    """A `TENANTRY_*` variable that means nothing: mistyped, or of another version."""


def load_settings(
    path: Path | None = None, secrets: SecretsProvider | None = None, **overrides: Any
) -> Settings:
    """The settings of this process.

    Sources, strongest first: `overrides` (None means not given), `TENANTRY_*` variables and their
    `_FILE` forms, the secrets provider, the names in `seeds.py`, `tenantry.toml` (`path`, or the
    nearest one upward from the current folder), defaults.

    Raises `InvalidSettings`, a `ConfigurationError` that lists every fault at once.
    """
    arguments = {
        name: sources.found(name, value, "argument")
        for name, value in overrides.items()
        if value is not None
    }
    overrides.clear()  # no frame of a traceback shows a password
    problems: list[Problem] = []
    environment = sources.environment(problems)
    file = sources.toml_file(path, problems)
    chosen = _merge(arguments, environment)

    where = chosen.get("secrets_provider") or file.get("secrets_provider")
    wanted = [name for name in sources.NAMES if is_secret(name) and name not in chosen]
    chosen = _merge(chosen, _secrets(secrets, where, wanted, problems))

    missing = [name for name in sources.NAMES if name not in chosen]
    chosen = _merge(chosen, seed_names(missing, problems), file)
    if path is not None and "home" not in chosen:
        home = path.absolute().parent / ".tenantry"
        chosen = {**chosen, "home": Found(home, "default")}
    for sentence in sources.unknown_variables():
        warnings.warn(sentence, UnknownSetting, stacklevel=2)
    return _build(chosen, problems)


def _merge(*layers: Layer) -> dict[str, Found]:
    return {name: value for layer in reversed(layers) for name, value in layer.items()}


def _secrets(
    given: SecretsProvider | None,
    named: Found | None,
    wanted: list[str],
    problems: list[Problem],
) -> Layer:
    if given is not None:
        return sources.secrets(given, wanted, "argument", problems)
    if named is None or not isinstance(named.value, str):
        return {}
    provider = sources.import_provider(named.value, problems)
    if provider is None:
        return {}
    return sources.secrets(provider, wanted, named.value, problems)


def _build(chosen: Layer, problems: list[Problem]) -> Settings:
    labels = {name: value.source for name, value in chosen.items()}
    try:
        settings = Settings(labels, **{name: value.value for name, value in chosen.items()})
    except InvalidSettings as error:
        # A setting that could not be read is also missing: only the first is news.
        told = {problem.setting for problem in problems}
        faults = [Problem(**fault) for fault in error.problems]
        problems = problems + [fault for fault in faults if fault.setting not in told]
    if problems:
        raise InvalidSettings(problems)
    return settings
