"""Formats that few people have: a module a format, with its reader and its entry in the list of formats."""
