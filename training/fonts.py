"""Makes the page's two fonts:  python -m training.fonts [FOLDER]

They are subsets of Source Serif 4 and IBM Plex Sans: Latin, Latin Extended, and punctuation, with the weights from 400
to 600 and without hinting. Both are under the SIL Open Font License 1.1, which reserves their names, so the subsets
have names of our own. `pip install -e '.[train]'` installs the originals. The page's directory is the default FOLDER.
"""

from __future__ import annotations

import argparse
import importlib.util
import io
from pathlib import Path
from typing import NamedTuple

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

STATIC = Path(__file__).parents[1] / "index" / "page" / "static"
CHARACTERS = (
    "0020-007E,00A0-024F,0259,02BB-02BC,02C6-02C7,02D8-02DD,0300-030C,0326-0328,1E80-1E85,1E9E,1EF2-1EF3,2002-200B,"
    "2010-2027,202F-203E,2044,2070-208E,20AC,2116,2122,2190-2199,2212,2248,2260,2264-2265,25BE,2713"
)
FEATURES = ["ccmp", "kern", "liga", "lnum", "locl", "mark", "mkmk", "tnum"]
LICENCE_NAMES = (0, 13, 14)
"""The entries of the name table that must be kept: copyright, licence, and its address."""
FAMILY_NAMES = (1, 3, 4, 6, 16, 25)


class Original(NamedTuple):
    """A variable font in a package, and what the page uses of it."""

    package: str
    file: str
    axes: dict[str, float | tuple[float, float]]
    name: str


FONTS = {
    # The optical size is that of the answers, 18 points; the axis would double the file.
    "serif": Original(
        "fontpkg_source_serif_4", "SourceSerif4[opsz,wght].ttf", {"opsz": 18, "wght": (400, 600)}, "Pincite Serif"
    ),
    "sans": Original(
        "fontpkg_ibm_plex_sans", "IBMPlexSans[wdth,wght].ttf", {"wdth": 100, "wght": (400, 600)}, "Pincite Sans"
    ),
}


def make(original: Original, out: Path) -> None:
    """Write the subset as WOFF2, and the licence beside it."""
    spec = importlib.util.find_spec(original.package)
    if not spec or not spec.origin:
        raise SystemExit(f"{original.package} is missing: pip install -e '.[train]'")
    package = Path(spec.origin).parent
    font = instanced(package / "files" / original.file, original.axes)
    options = subset.Options(
        flavor="woff2", hinting=False, layout_features=FEATURES, name_IDs=[*LICENCE_NAMES, *FAMILY_NAMES]
    )
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=subset.parse_unicodes(CHARACTERS))
    subsetter.subset(font)
    rename(font, original.name)
    subset.save_font(font, out, options)
    licence = (package / "LICENSE").read_text("utf-8")
    out.with_name(f"{out.stem}-OFL.txt").write_text(licence, "utf-8")


def instanced(file: Path, axes: dict[str, float | tuple[float, float]]) -> TTFont:
    """Return the font with its axes limited. It is read again, because the subsetter expects a font from a file."""
    memory = io.BytesIO()
    instancer.instantiateVariableFont(TTFont(file), axes).save(memory)
    memory.seek(0)
    return TTFont(memory)


def rename(font: TTFont, name: str) -> None:
    """Give the font a name of our own, as its licence demands of changed versions."""
    for record in font["name"].names:
        if record.nameID in FAMILY_NAMES:
            record.string = name.replace(" ", "") if record.nameID in (6, 25) else name


def main() -> None:
    """Make both fonts."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", nargs="?", type=Path, default=STATIC)
    folder = arguments.parse_args().folder
    for stem, original in FONTS.items():
        make(original, folder / f"{stem}.woff2")
        print(stem, (folder / f"{stem}.woff2").stat().st_size, "bytes")


if __name__ == "__main__":
    main()
