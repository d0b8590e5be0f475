"""The catalog, one SQLite database: its class, its queries, and the rows that they return."""
