"""References, export formats and evidence packs, made from records. No store and no model here."""
