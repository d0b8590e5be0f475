"""What a reader sees of a source, and the map of the library. No markup here."""
