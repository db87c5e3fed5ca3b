"""A platform for AI agents: its tenants, their people and programs, the work and what it costs."""

from fastapi import FastAPI

from tenantry import Rate, load_settings
from tenantry.web import RateLimits, SessionCookie, TenantryMiddleware
from tenantry.web.fastapi import problems

from . import accounts, chat, work

PUBLIC = ["/docs", "/openapi.json", "POST /sign-up", "POST /sign-in"]
LIMITS = RateLimits(caller=Rate(3000, per=60), public=Rate(300, per=60), failures=Rate(600, per=60))

# Browsers keep a `Secure` cookie only where there is HTTPS, which a laptop has not.
production = load_settings().profile == "production"
cookie = SessionCookie() if production else SessionCookie("session", secure=False)

app = FastAPI(title="Platform", redoc_url=None)
app.add_middleware(TenantryMiddleware, public=PUBLIC, cookie=cookie, limits=LIMITS)
problems(app)
for part in (accounts, work, chat):
    app.include_router(part.router)
