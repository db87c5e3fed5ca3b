"""What all of them answer: the same few values of a project, as JSON."""

from __future__ import annotations

from starlette.responses import JSONResponse

from tenantry.models import Project


def answer(found: Project) -> JSONResponse:
    return JSONResponse(
        {
            "id": str(found.id),
            "name": found.name,
            "slug": found.slug,
            "status": found.status,
            "default_branch": found.default_branch,
            "created_at": found.created_at.isoformat(),
        }
    )
