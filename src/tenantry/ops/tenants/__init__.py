"""One tenant as a whole: exported, imported, purged, held, and rewound."""
