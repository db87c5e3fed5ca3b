"""What an exit code means."""

from __future__ import annotations

from tenantry import errors

OK, FAILED, USAGE, CONFIGURATION, UNREACHABLE, NOT_FOUND, REFUSED = range(7)
INTERNAL = 70
INTERRUPTED = 130
BROKEN_PIPE = 141

MEANING = {
    OK: "Done.",
    FAILED: "Something was found (drift, a server that is down), or the work failed.",
    USAGE: "The command line or a value on it cannot be used.",
    CONFIGURATION: "A setting is missing, malformed or unsafe.",
    UNREACHABLE: "A server cannot be reached, refuses the login, or cannot be started.",
    NOT_FOUND: "There is no such tenant, user, key, question or backup.",
    REFUSED: "The database refuses the change: it exists already, breaks a rule or a quota, or is"
    " not permitted.",
    INTERNAL: "A fault of Tenantry's own. `TENANTRY_DEBUG=1` shows where.",
    INTERRUPTED: "Interrupted by Ctrl-C.",
    BROKEN_PIPE: "The reader of the output went away.",
}

#: The first class that fits.
_BY_CLASS: tuple[tuple[type[errors.TenantryError], int], ...] = (
    (errors.InvalidInput, USAGE),
    (errors.ConfigurationError, CONFIGURATION),
    (errors.LocalServerError, UNREACHABLE),
    (errors.DatabaseUnavailable, UNREACHABLE),
    (errors.AuthenticationFailed, UNREACHABLE),
    (errors.ConnectionLost, UNREACHABLE),
    (errors.CoordinationUnavailable, UNREACHABLE),
    (errors.NotFound, NOT_FOUND),
    (errors.UnknownGraphQuery, NOT_FOUND),
    (errors.BackupNotFound, NOT_FOUND),
    (errors.AlreadyExists, REFUSED),
    (errors.ReferenceNotFound, REFUSED),
    (errors.StillReferenced, REFUSED),
    (errors.RuleViolated, REFUSED),
    (errors.StageChanged, REFUSED),
    (errors.KeyNotReplaceable, REFUSED),
    (errors.PermissionDenied, REFUSED),
    (errors.QuotaExceeded, REFUSED),
    (errors.TransferRefused, REFUSED),
    (errors.TenantryError, FAILED),
)


def code_of(error: errors.TenantryError) -> int:
    return next(code for kind, code in _BY_CLASS if isinstance(error, kind))
