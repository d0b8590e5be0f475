"""A language model that writes an answer from passages: its endpoint, its prompts and what it wrote."""
