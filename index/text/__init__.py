"""Text analysis: sentences, passages, words, queries, boilerplate. Nothing here knows files, models or a store."""
