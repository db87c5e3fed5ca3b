"""One route, served by three programs that do the same with more or less of Tenantry."""
