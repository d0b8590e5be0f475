"""The catalog: one SQLite database, which is the truth. The class, its queries and the rows that they return."""
