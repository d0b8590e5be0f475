"""Backup, restore, rebuild and portable libraries: work on a library as a whole."""
