"""Two libraries read as one: a published one, which never changes here, and a visitor's own beside it."""
