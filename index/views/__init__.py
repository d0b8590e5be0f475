"""The views of a source for readers, and the map of the library, as data without markup."""
