"""The settings of a public demo: what each visitor may do, and what the page says about it."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings


class DemoSettings(BaseSettings):
    """The settings whose names begin with `demo`."""

    demo: bool = False
    """Whether the server is a public demo: its library is published read-only, and each visitor gets a private library
    for a short time."""
    demo_files: int = Field(default=20, ge=1)
    """Maximum number of files in a visitor's private library."""
    demo_megabytes: int = Field(default=20, ge=1)
    """Maximum size of these files together."""
    demo_pages: int = Field(default=500, ge=1)
    """Maximum number of their pages together; 3,000 characters count as a page in formats without pages."""
    demo_idle_minutes: float = Field(default=30.0, gt=0)
    """Minutes without a visit after which a private library is deleted."""
    demo_minutes: float = Field(default=120.0, gt=0)
    """Minutes after which it is deleted in any case."""
    demo_visitors: int = Field(default=1000, ge=1)
    """Maximum number of visitors at a time; the one who has been away longest is forgotten first."""
    demo_disk_megabytes: int = Field(default=2000, ge=1)
    """Maximum size of all private libraries on disk together; the oldest is deleted first."""
    demo_questions: int = Field(default=30, ge=1)
    """Maximum number of questions of one visitor per minute, searches and coverage included."""
    demo_uploads: int = Field(default=30, ge=1)
    """Maximum number of uploads of one visitor per hour."""
    demo_batches: int = Field(default=6, ge=1)
    """Maximum number of batches of questions of one visitor per hour."""
    demo_batch_questions: int = Field(default=50, ge=1)
    """Maximum number of questions in such a batch."""
    demo_matrix_cells: int = Field(default=500, ge=1)
    """Maximum number of documents times questions in a matrix, which counts as a batch."""
    demo_checks: int = Field(default=20, ge=1)
    """Maximum number of checked texts of one visitor per hour."""
    demo_kept: int = Field(default=120, ge=1)
    """Maximum number of comparisons and exports of kept quotes of one visitor per hour. The page compares them when the
    tray opens, and when the library changes."""
    demo_requests: int = Field(default=600, ge=1)
    """Maximum number of requests of one visitor per minute, of any kind."""
    demo_address_share: int = Field(default=5, ge=1)
    """How many times the limit of one visitor all visitors at one address together have."""
    demo_tokens: int = Field(default=500_000, ge=0)
    """Maximum number of tokens per day that the language model reads and writes for all visitors."""
    demo_visitor_tokens: int = Field(default=50_000, ge=0)
    """The same for one visitor."""
    demo_title: str = ""
    """The title of the demo, on the page and of the browser's tab; empty for `Pincite`."""
    demo_contact: str = ""
    """How to reach the demo's operator: an e-mail address or a web address, shown on the page."""
    demo_report: str = ""
    """Web address or e-mail address for reports of abuse, shown on the page; empty for `demo_contact`."""
    demo_privacy: str = ""
    """A sentence that the privacy note begins with, such as who the operator is."""
    demo_indexed: bool = False
    """Whether search engines may list the demo."""
