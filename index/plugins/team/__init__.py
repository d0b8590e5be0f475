"""Accounts of a team's server: sign-in, keys, roles, the audit log, and several libraries behind one address."""

from __future__ import annotations

from pathlib import Path

from index.server.modes import ServerMode

MODE = ServerMode(
    name="team", serve="index.plugins.team.front:serve", assets=(Path(__file__).parent / "static" / "account.js",)
)
