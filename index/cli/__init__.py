"""The command line: `pincite COMMAND`. It parses, calls the library and prints; no retrieval, SQL or model here."""
