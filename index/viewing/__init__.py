"""Views of a source: its text around the quoted words, its pages, and the file itself."""

from index.loading.pdf_pages import PageMark
from index.loading.pdf_rectangles import Rectangle
from index.viewing.records import Block, OpenOriginal, Original, Part, View
from index.viewing.viewer import Viewer

__all__ = ["Block", "OpenOriginal", "Original", "PageMark", "Part", "Rectangle", "View", "Viewer"]
