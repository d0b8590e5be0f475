"""A site of plain files that any static host serves: the library's texts, and a search that runs in the browser."""

from index.publish.site.site_files import MOST_PASSAGES, SiteReport, write_site

__all__ = ["MOST_PASSAGES", "SiteReport", "write_site"]
