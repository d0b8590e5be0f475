"""The settings: from arguments, else the environment (`PINCITE_*`), else `pincite.toml`, else defaults."""

from index.settings.all_settings import Settings
from index.settings.configuration_file import FILE_NAME, VARIABLE, configuration_path

__all__ = ["FILE_NAME", "VARIABLE", "Settings", "configuration_path"]
