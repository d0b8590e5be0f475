"""The symbols of the chemical elements, which head the columns of data sheets in place of the names."""

from __future__ import annotations

_NAMES = (
    "hydrogen:H helium:He lithium:Li beryllium:Be boron:B carbon:C nitrogen:N oxygen:O fluorine:F neon:Ne sodium:Na",
    "magnesium:Mg aluminium:Al aluminum:Al silicon:Si phosphorus:P sulphur:S sulfur:S chlorine:Cl argon:Ar potassium:K",
    "calcium:Ca scandium:Sc titanium:Ti vanadium:V chromium:Cr manganese:Mn iron:Fe cobalt:Co nickel:Ni copper:Cu",
    "zinc:Zn gallium:Ga germanium:Ge arsenic:As selenium:Se bromine:Br krypton:Kr rubidium:Rb strontium:Sr yttrium:Y",
    "zirconium:Zr niobium:Nb molybdenum:Mo ruthenium:Ru rhodium:Rh palladium:Pd silver:Ag cadmium:Cd indium:In tin:Sn",
    "antimony:Sb tellurium:Te iodine:I xenon:Xe caesium:Cs cesium:Cs barium:Ba lanthanum:La cerium:Ce neodymium:Nd",
    "hafnium:Hf tantalum:Ta tungsten:W rhenium:Re osmium:Os iridium:Ir platinum:Pt gold:Au mercury:Hg thallium:Tl",
    "lead:Pb bismuth:Bi radon:Rn radium:Ra thorium:Th uranium:U plutonium:Pu",
)
SYMBOLS = dict(pair.split(":") for line in _NAMES for pair in line.split())
"""Symbols by English names."""


def symbol_in(word: str, header: str) -> bool:
    """Whether a header begins with the symbol of the element that a word names: `C`, `Mn, %`."""
    symbol = SYMBOLS.get(word.lower())
    return symbol is not None and header.startswith(symbol) and not header[len(symbol) :][:1].isalnum()
