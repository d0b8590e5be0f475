"""A question to hits: candidates, fusion, evidence and pins. Nothing here writes an answer or changes the library."""
