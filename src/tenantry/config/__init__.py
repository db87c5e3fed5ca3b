"""Settings: where they come from, what they may be, and what production refuses."""

from tenantry.config.load import UnknownSetting, load_settings
from tenantry.config.problems import InvalidSettings, Problem
from tenantry.config.production import (
    RoleFacts,
    production_problems,
    role_problems,
    schema_problems,
)
from tenantry.config.redis_url import RedisUrl
from tenantry.config.reference import reference
from tenantry.config.settings import Setting, Settings
from tenantry.config.sources import SecretsProvider
from tenantry.config.urls import DatabaseUrl

__all__ = [
    "DatabaseUrl",
    "InvalidSettings",
    "Problem",
    "RedisUrl",
    "RoleFacts",
    "SecretsProvider",
    "Setting",
    "Settings",
    "UnknownSetting",
    "load_settings",
    "production_problems",
    "reference",
    "role_problems",
    "schema_problems",
]
