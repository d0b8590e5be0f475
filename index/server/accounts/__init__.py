"""Accounts of a team's server: sign-in, keys, roles, the audit log, and several libraries behind one address."""
