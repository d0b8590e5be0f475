"""Parts that one may leave unread: each is found by an entry point and imports the house, which never imports it."""
