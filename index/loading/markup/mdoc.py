"""The macros of mdoc, the language of BSD manual pages: what a line of them prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_ENCLOSING = {
    "Op": ("[", "]"), "Oo": ("[", ""), "Oc": ("]", ""), "Qq": ("“", "”"), "Dq": ("“", "”"), "Sq": ("‘", "’"),
    "Pq": ("(", ")"), "Bq": ("[", "]"), "Brq": ("{", "}"), "Aq": ("<", ">"), "Ql": ("‘", "’"), "Qo": ("“", ""),
    "Qc": ("”", ""), "Do": ("“", ""), "Dc": ("”", ""), "So": ("‘", ""), "Sc": ("’", ""), "Po": ("(", ""),
    "Pc": (")", ""), "Bo": ("[", ""), "Bc": ("]", ""), "Ao": ("<", ""), "Ac": (">", ""), "Bro": ("{", ""),
    "Brc": ("}", ""),
}  # fmt: skip
_OPENING = frozenset({"Oo", "Qo", "Do", "So", "Po", "Bo", "Ao", "Bro"})
_CLOSING_MACROS = frozenset({"Oc", "Qc", "Dc", "Sc", "Pc", "Bc", "Ac", "Brc"})
_PLAIN = frozenset(
    "Ar Cm Em Ic Li Pa Sy Va Vt Ev Er Ad An Fa Fd Fn Ft In Lk Mt Ms No Nd Tn Ux Bx Fx Nx Ox Dx St At Bsx Cd Dv Dl D1 Lb"
    " Rv Ex Sx Tg Xo Xc Rs Re %A %B %D %I %J %N %O %P %Q %R %T %U %V Fo Fc Bf Ef Bk Ek Eo Ec Hf".split()
)
CALLABLE = frozenset({*_ENCLOSING, *_PLAIN, "Fl", "Nm", "Xr", "Ns", "Ap", "Pf", "Os", "Sm", "Aq"})
_SYSTEMS = {
    "Ux": "UNIX", "Bx": "BSD", "Fx": "FreeBSD", "Nx": "NetBSD", "Ox": "OpenBSD", "Dx": "DragonFly", "At": "AT&T UNIX",
}  # fmt: skip
_CLOSING = frozenset(".,:;)]?!")
_UNSEEN = frozenset({"Os", "Sm", "Tg", "Bk", "Ek", "Bf", "Ef", "Rs", "Re", "Rv", "Ex", "Xo", "Xc", "Hf", "Lb"})
_JOINED = "\0"
"""Joins the words around it without a blank."""


def sentence(given: Sequence[str], name: str) -> str:
    """Return what a line of macros and words prints; `name` is the name of the page's program."""
    if given and given[0] in _UNSEEN:
        return ""
    parts: list[str] = []
    ends: list[str] = []
    macro = ""
    for n, word in enumerate(given):
        if word in _CLOSING:
            parts += [*reversed(ends), _JOINED + word] if n == len(given) - 1 else [_JOINED + word]
            ends = [] if n == len(given) - 1 else ends
        elif word in CALLABLE:
            following = given[n + 1] if n + 1 < len(given) else ""
            macro = word
            parts.append(_begun(word, following, name, ends))
        else:
            parts.append(
                f"-{word}" if macro == "Fl" else f"{word}{_JOINED}" if macro == "Pf" else _referred(macro, word, parts)
            )
            macro = "" if macro in {"Pf"} else macro
    text = " ".join(part for part in [*parts, *reversed(ends)] if part)
    return text.replace(f" {_JOINED}", "").replace(f"{_JOINED} ", "").replace(_JOINED, "")


def _begun(macro: str, following: str, name: str, ends: list[str]) -> str:
    """Return what a macro prints before its words; marks that close it are added to `ends`."""
    if macro in _ENCLOSING:
        opening, closing = _ENCLOSING[macro]
        if macro in _CLOSING_MACROS:
            return f"{_JOINED}{opening}"
        if closing:
            ends.append(f"{_JOINED}{closing}")
        return f"{opening}{_JOINED}"
    if macro == "Nm" and (not following or following in _CLOSING or following in CALLABLE):
        return name
    if macro == "Fl" and following == "Fl":
        return f"-{_JOINED}"
    if macro == "Nd":
        return "–"
    if macro == "Fl" and (not following or following in CALLABLE or following in _CLOSING):
        return "-"
    if macro == "Ns":
        return _JOINED
    if macro == "Ap":
        return f"{_JOINED}'{_JOINED}"
    return _SYSTEMS.get(macro, "")


def _referred(macro: str, word: str, parts: list[str]) -> str:
    """Return a word; the section after the name of another page stands in brackets."""
    if macro == "Xr" and parts and parts[-1] and word[:1].isdigit():
        return f"{_JOINED}({word})"
    return word
