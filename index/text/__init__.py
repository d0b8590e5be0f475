"""Text as such: sentences, passages, terms and markup. Nothing here knows files, models or a store."""
