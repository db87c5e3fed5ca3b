"""Optional features are enabled when wanted, and refused with a reason where they cannot be."""

from __future__ import annotations

import pytest

from tenantry import Settings
from tenantry.errors import FeatureUnavailable
from tenantry.ops import features
from tests.fixtures.database import Place


async def test_enable_and_disable(place: Place) -> None:
    settings: Settings = place.settings()
    admin = place.url("superuser")
    for feature in await features.list_features(settings):
        assert not feature.enabled
        if not feature.available:
            with pytest.raises(FeatureUnavailable) as caught:
                await features.enable(settings, feature.name, admin_url=admin)
            assert caught.value.hint
            continue
        assert (await features.enable(settings, feature.name, admin_url=admin)).enabled
        assert (await features.enable(settings, feature.name, admin_url=admin)).enabled
        assert not (await features.disable(settings, feature.name, admin_url=admin)).enabled


@pytest.mark.postgres("wheel")
async def test_the_application_gets_nowhere_near_the_graph_engine(place: Place) -> None:
    await features.enable(place.settings(), "graph", admin_url=place.url("superuser"))
    app = await place.connection("app")
    with pytest.raises(Exception, match="permission denied for schema ag_catalog"):
        await app.fetch("SELECT * FROM ag_catalog.ag_graph")
    await app.close()


@pytest.mark.postgres("wheel")
async def test_a_restored_database_makes_graphs_after_enabling_again(place: Place) -> None:
    """`pg_dump` leaves out what is granted on the database itself."""
    settings, admin = place.settings(), place.url("superuser")
    await features.enable(settings, "graph", admin_url=admin)
    root = await place.connection("superuser")
    database = await root.fetchval("SELECT current_database()")
    await root.execute(f'REVOKE CREATE ON DATABASE "{database}" FROM tenantry_graph')
    graph = next(f for f in await features.list_features(settings) if f.name == "graph")
    assert not graph.enabled
    assert (await features.enable(settings, "graph", admin_url=admin)).enabled
    assert await root.fetchval(
        "SELECT has_database_privilege('tenantry_graph', current_database(), 'CREATE')"
    )
    await root.close()


@pytest.mark.postgres("wheel")
async def test_a_feature_in_use_is_not_dropped(place: Place) -> None:
    settings, admin = place.settings(), place.url("superuser")
    await features.enable(settings, "vectors", admin_url=admin)
    root = await place.connection("superuser")
    await root.execute("CREATE TABLE public.v (e vector(3))")
    with pytest.raises(FeatureUnavailable, match="in use"):
        await features.disable(settings, "vectors", admin_url=admin)
    await root.close()


async def test_unknown_and_forbidden_are_said(place: Place) -> None:
    with pytest.raises(FeatureUnavailable, match="no feature"):
        await features.enable(place.settings(), "teleport")
    for feature in await features.list_features(place.settings()):
        # Triggers and grants are the schema's own, and so its owner's to switch on.
        if feature.available and feature.name not in ("events", "graph-questions"):
            with pytest.raises(FeatureUnavailable, match="superuser"):
                await features.enable(place.settings(), feature.name)


@pytest.mark.postgres("wheel")
async def test_what_is_half_there_can_be_disabled(place: Place) -> None:
    settings, admin = place.settings(), place.url("superuser")
    await features.enable(settings, "graph", admin_url=admin)
    root = await place.connection("superuser")
    await root.execute("DROP TRIGGER keep_graph_insert ON tenantry.tasks")
    await features.disable(settings, "graph", admin_url=admin)
    assert not await root.fetchval("SELECT count(*) FROM pg_extension WHERE extname = 'age'")
    assert not await root.fetchval(
        "SELECT count(*) FROM pg_trigger WHERE starts_with(tgname::text, 'keep_graph')"
    )
    await root.close()


@pytest.mark.postgres("wheel")
async def test_tables_can_be_dropped_once_the_graph_engine_has_gone(place: Place) -> None:
    """Its library stays loaded, and looks for its own tables wherever its schema is."""
    settings, admin = place.settings(), place.url("superuser")
    await features.enable(settings, "graph", admin_url=admin)
    await features.disable(settings, "graph", admin_url=admin)
    root = await place.connection("superuser")
    await root.execute("CREATE TABLE public.passing ()")
    await root.execute("DROP TABLE public.passing")
    await root.close()


async def test_counted_statements_are_for_monitors_alone(place: Place) -> None:
    settings, admin = place.settings(), place.url("superuser")
    root = await place.connection("superuser")
    loaded = "pg_stat_statements" in await root.fetchval("SHOW shared_preload_libraries")
    if not loaded:
        with pytest.raises(FeatureUnavailable, match="not loaded") as caught:
            await features.enable(settings, "statements", admin_url=admin)
        assert "shared_preload_libraries" in str(caught.value.hint)
    else:
        await features.enable(settings, "statements", admin_url=admin)
        for role in ("app", "readonly", "service"):
            connection = await place.connection(role)
            with pytest.raises(Exception, match="permission denied"):
                await connection.fetch("SELECT * FROM public.pg_stat_statements")
            await connection.close()
        await root.execute("SET ROLE pg_monitor")
        assert await root.fetch("SELECT * FROM public.pg_stat_statements")
    await root.close()
