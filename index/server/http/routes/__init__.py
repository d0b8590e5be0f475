"""The routes of the REST service, one module per subject. Each calls a method of `Library` or of the job queue."""
