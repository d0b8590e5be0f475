"""Tests of accounts: sign-in, keys, roles, the audit log, and several libraries behind one server."""
