"""The visitors of a public demo: who they are, their private libraries, and what each may do."""
