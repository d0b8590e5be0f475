"""The parts of an Office package (Open Packaging Conventions, ISO/IEC 29500-2), found by their relationships.

with OfficePackage(data, "letter.docm") as package:
    main = package.main()                       # "word/document.xml"
    styles = package.related(main, "styles")    # ["word/styles.xml"]
    root = package.root(styles[0])
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from index.errors import DamagedFile
from index.loading.xml_tree import local, parse
from index.loading.zip_parts import ZipParts

if TYPE_CHECKING:
    from collections.abc import Iterator

RELATED = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
"""The namespace of attributes that name a link, such as `r:id`."""
_STRICT = re.compile(rb"http://purl\.oclc\.org/ooxml/(\w+)/")
"""The beginning of the namespaces in files that are saved as “Strict Open XML”; all others have a year in theirs."""

_VISIO = "document"
"""What Visio calls the link to the document; the other programs say `officeDocument`."""


class _Link(NamedTuple):
    """A relationship of a part to another part of the package."""

    id: str
    kind: str
    target: str


class OfficePackage(ZipParts):
    """Finds parts. Links to parts that are missing, as some programs leave them, are passed over."""

    def __enter__(self) -> OfficePackage:
        return self

    def main(self) -> str:
        """Return the path of the part that is the document itself. Raises DamagedFile."""
        found = [*self.related("", "officeDocument"), *self.related("", _VISIO)]
        if not found:
            raise DamagedFile(f"{self._name} cannot be opened: it does not say which of its parts is the document.")
        return found[0]

    def related(self, path: str, kind: str) -> list[str]:
        """Return the parts that a part has links of a kind to, such as `styles`; `path` is "" for the package."""
        return [link.target for link in self._links(path) if link.kind == kind]

    def target(self, path: str, number: str) -> str:
        """Return the part that a part has a link to with an id, such as `rId4`; "" if there is none."""
        return next((link.target for link in self._links(path) if link.id == number), "")

    def root(self, path: str) -> Any:
        """Return the root of a part that is XML, with the namespaces of ECMA-376. Raises DamagedFile."""
        data = _STRICT.sub(rb"http://schemas.openxmlformats.org/\1/2006/", self.read(path))
        return parse(data, f"{self._name} cannot be opened: its part {path}")

    def _links(self, path: str) -> Iterator[_Link]:
        folder, name = posixpath.split(path)
        links = posixpath.join(folder, "_rels", f"{name}.rels")
        for link in self.root(links) if links in self else ():
            target = posixpath.normpath(posixpath.join("/", folder, link.get("Target", ""))).lstrip("/")
            if local(link) == "Relationship" and link.get("TargetMode") != "External" and target in self:
                yield _Link(link.get("Id", ""), link.get("Type", "").rpartition("/")[2], target)
