"""Follow-up questions: decides whether a question continues a thread, and completes it so that it stands alone."""
