"""Reads messages: e-mail, Outlook's own format, and web pages that were saved as a message."""
