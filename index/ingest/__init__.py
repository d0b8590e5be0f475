"""Files into a library: add, sync, watch, and the durable queue. Nothing here answers a question."""
