"""Small files in many formats, each with every part of its format that the readers know."""

from __future__ import annotations

import json

from tests.loading.archives import zipped

_OPF = """<?xml version="1.0"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:opf="http://www.idpf.org/2007/opf">
<dc:title>Harbours of the North</dc:title><dc:creator id="a">Kari Varde</dc:creator>
<dc:creator id="t">Ola Berg</dc:creator><meta refines="#t" property="role">trl</meta>
<dc:date opf:event="modification">2021-09-09</dc:date><dc:date>2020-12-05T10:00:00Z</dc:date></metadata>
<manifest><item id="n" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="one" href="text/one%20.xhtml" media-type="application/xhtml+xml"/>
<item id="two" href="text/two.xhtml" media-type="application/xhtml+xml"/>
<item id="pic" href="cover.png" media-type="image/png"/></manifest>
<spine><itemref idref="n"/><itemref idref="two"/><itemref idref="one"/><itemref idref="pic"/></spine></package>"""
_NAV = """<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><body>
<nav epub:type="toc"><ol><li><a href="text/two.xhtml">The Quay</a></li><li><a href="text/one%20.xhtml#x">Ice</a></li></ol>
</nav></body></html>"""
_TWO = """<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><head><title/></head><body>
<p>The quay was built of&nbsp;granite.<a epub:type="noteref" href="#n1">1</a> <a id="empty"/>It still stands.</p>
<aside epub:type="footnote" id="n1"><p>1. Granite from L&oslash;v&oslash;ya.</p></aside></body></html>"""
_ONE = """<html xmlns="http://www.w3.org/1999/xhtml"><body><h1>Ice in Winter</h1><h2>Breaking it</h2>
<p>The ice was broken every morning.</p></body></html>"""


def epub(**others: str) -> bytes:
    """Return a book; `others` are parts of META-INF."""
    container = '<container><rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
    meta = {f"META-INF/{name}.xml": data for name, data in {"container": container, **others}.items()}
    pages = {"nav.xhtml": _NAV, "text/two.xhtml": _TWO, "text/one .xhtml": _ONE, "book.opf": _OPF}
    return zipped(
        {"mimetype": "application/epub+zip", **meta, **{f"OEBPS/{name}": page for name, page in pages.items()}}
    )


_SPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{space}:1.0"'
    for name, space in (("office", "office"), ("text", "text"), ("table", "table"), ("style", "style"), ("meta", "meta"),
                        ("draw", "drawing"), ("manifest", "manifest"))
)  # fmt: skip
ODT_STYLES = """<office:automatic-styles><style:style style:name="P1" style:parent-style-name="Title"/>
<text:list-style style:name="L1"><text:list-level-style-number text:level="1" style:num-format="1"/></text:list-style>
</office:automatic-styles>"""
ODT_BODY = """<office:body><office:text><text:tracked-changes><text:p>Deleted.</text:p></text:tracked-changes>
<text:p text:style-name="P1">Harbours of the North</text:p>
<text:table-of-content><text:p>Quays ... 3</text:p></text:table-of-content>
<text:h text:outline-level="2">Quays</text:h>
<text:p>The quay<text:s/>was <text:span>built</text:span> of granite<text:note><text:note-citation>1</text:note-citation>
<text:note-body><text:p>From Løvøya.</text:p></text:note-body></text:note>.</text:p>
<text:list text:style-name="L1"><text:list-item><text:p>Ships</text:p><text:list><text:list-item><text:p>Sail</text:p>
</text:list-item></text:list></text:list-item><text:list-item><text:p>Boats</text:p></text:list-item></text:list>
<table:table><table:table-header-rows><table:table-row><table:table-cell><text:p>Harbour</text:p></table:table-cell>
<table:table-cell><text:p>Ships</text:p></table:table-cell></table:table-row></table:table-header-rows>
<table:table-row><table:table-cell><text:p>Hull</text:p></table:table-cell><table:table-cell><text:p>12</text:p>
</table:table-cell><table:table-cell table:number-columns-repeated="16000"/></table:table-row>
<table:table-row table:number-rows-repeated="1000000"><table:table-cell/></table:table-row></table:table>
<text:p><draw:frame><draw:text-box><text:p>In a box.</text:p></draw:text-box></draw:frame>Beside it.</text:p>
</office:text></office:body>"""
_META = """<office:meta xmlns:dc="http://purl.org/dc/elements/1.1/"><meta:initial-creator>Kari Varde</meta:initial-creator>
<dc:creator>Another</dc:creator><meta:creation-date>2020-12-05T10:11:12</meta:creation-date></office:meta>"""


def _root(name: str, inside: str) -> str:
    mimetype = ' office:mimetype="application/vnd.oasis.opendocument.text"' if name == "document" else ""
    return f'<?xml version="1.0"?><office:{name} {_SPACES}{mimetype}>{inside}</office:{name}>'


def odt(*, kind: str = "text", encrypted: bool = False) -> bytes:
    """Return an OpenDocument text, or a template of one."""
    locked = "<manifest:file-entry><manifest:encryption-data/></manifest:file-entry>" if encrypted else ""
    return zipped(
        {
            "mimetype": f"application/vnd.oasis.opendocument.{kind}",
            "content.xml": _root("document-content", ODT_STYLES + ODT_BODY),
            "meta.xml": _root("document-meta", _META),
            "META-INF/manifest.xml": f"<manifest:manifest {_SPACES}>{locked}</manifest:manifest>",
        }
    )


def fodt() -> bytes:
    """Return the same text in one file."""
    return _root("document", _META + ODT_STYLES + ODT_BODY).encode()


RTF = (
    rb"{\rtf1\ansi\ansicpg1251\deff0{\fonttbl{\f0\fcharset204 Times;}{\f1\fcharset128 Mincho;}}{\colortbl;\red0;}"
    rb"{\stylesheet{\s1\b heading 1;}{\s2 Normal;}}{\*\generator Riched20;}"
    rb"{\info{\title Harbours}{\author Kari Varde}{\creatim\yr2020\mo12\dy5}{\subject none}}"
    rb"{\header Page}\pard\s1 The Quay\par\pard\f0 \'cf\'f0\'e8\'e2\'e5\'f2, {\f1\'83A\'83C}, {\uc1\u8212?}granite{\footnote "
    rb"From L\u248?v\u248?ya.}, {\v hidden}{\b bold}\~text.\par{\field{\*\fldinst{HYPERLINK "
    rb'"http://a.example"}}{\fldrslt{the address}}}\par{\listtext\'b7\tab}An item\par'
    rb"\trowd\pard\intbl Harbour\cell Ships\cell\row\pard\intbl Hull\cell 12\cell\row\pard{\*\shppict{\pict\bin5 }{}\}}}"
    rb"Last \{words\}.\par}"
)
SRT = """1
00:12:04,500 --> 00:12:06,000
ANNA: The king signed the treaty
on a <i>rainy</i> day,

2
00:12:06,100 --> 00:12:08,000
and nobody in Hull knew of it.

3
00:12:20,000 --> 00:12:22,000
BERT: Who told you?
"""
VTT = """WEBVTT - A talk on harbours

NOTE a comment

STYLE
::cue { color: red }

intro
00:01.000 --> 00:04.000 align:start
<v Anna Berg>The quay was <c.loud>built</c> of granite,

00:04.000 --> 00:06.000
<v Anna Berg>which came from L&oslash;v&oslash;ya.

01:00:00.000 --> 01:00:02.000
<v Bert>Thank you &amp; goodbye.</v>
"""
ASS = """[Script Info]
Title: Harbours

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:01.00,0:00:03.00,Default,Anna,0,0,0,,{\\i1}The quay, built\\Nof granite,{\\i0}
Dialogue: 0,0:00:03.00,0:00:05.00,Default,Anna,0,0,0,,still stands.
"""
SBV = "0:00:01.000,0:00:03.000\nThe quay was built\n\n0:00:03.000,0:00:05.000\nof granite.\n"
NOTEBOOK = json.dumps(
    {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"authors": [{"name": "Kari Varde"}], "language_info": {"name": "python"}},
        "cells": [
            {
                "cell_type": "markdown",
                "metadata": {},
                "source": ["# Harbours\n", "\n", "The *quay* was built of granite."],
            },
            {
                "cell_type": "code",
                "metadata": {},
                "execution_count": 7,
                "source": "ships = count('Hull')\nprint(ships)",
                "outputs": [
                    {"output_type": "stream", "name": "stdout", "text": ["12 ships lay in the harbour of Hull.\n"]},
                    {"output_type": "execute_result", "data": {"text/plain": "12", "text/html": "<b>12</b>"}},
                    {
                        "output_type": "error",
                        "ename": "KeyError",
                        "evalue": "Bath",
                        "traceback": ["\x1b[0;31mno\x1b[0m"],
                    },
                ],
            },
            {"cell_type": "raw", "metadata": {}, "source": ""},
            {"cell_type": "markdown", "metadata": {}, "source": "It still stands."},
        ],
    }
)
TEX = r"""% The preamble is no text: \section{None}
\documentclass{article}
\newcommand{\place}{L{\o}v{\o}ya}
\title{Harbours of the\\ North}
\author{Kari V{\aa}rde \and Ola Berg}
\date{5 December 2020}
\begin{document}
\maketitle
\section{Quays \label{sec:quays}}
The quay---built of granite\footnote{Granite from
\place.} from\indexdef{granite} \emph{M\"uller \& Sons}---was
% a comment within a sentence
paid for in \verb|a_b| and $x_{1} \leq \alpha$ \cite{varde2020}.
\begin{equation}
E = mc^2
\end{equation}
\begin{itemize}
\item Ships
\item[Boats] of oak
\end{itemize}
\begin{table}
\caption{Ships in harbour}
\begin{tabular}{lr}
\hline Harbour & Ships \\ \hline
Hull & 12 \\
\end{tabular}
\end{table}
\input{/etc/passwd}
\begin{verbatim}
print("\section{code}")
\end{verbatim}
\end{document}
after the end
"""
RST = """
.. _top:

========
Harbours
========

:Author: Kari Varde
:Date: 2020-12-05

Quays
=====

The *quay* was built of :term:`granite <stone>`, as `the book`_
says, and it still |verb| [1]_.

.. |verb| replace:: stands

.. [1] Since 1911.

.. _the book: http://a.example

.. versionadded:: 2.1
   The second quay came later.

- Ships

  - Sail
- Boats

======== =====
Harbour  Ships
======== =====
Hull     12
======== =====

.. code-block:: python
   :linenos:

   ships = 12

.. include:: /etc/passwd

.. raw:: html
   :file: /etc/passwd

.. csv-table::
   :file: /etc/passwd
"""
ADOC = """= Harbours of the North
Kari Varde <kari@a.example>
v1.0, 2020-12-05
:stone: granite
:toc:

== Quays

The *quay* was built of {stone}footnote:[From Løvøya.], as
https://a.example[the _book_] and <<ships,Ships>> say.

[source,python]
----
ships = 12
----

include::/etc/passwd[]

.Ships in harbour
image::ships.png[Ships in harbour]

|===
|Harbour |Ships

|Hull |12
|===

* Ships
** Sail
. Boats

Term:: Its description.

////
A comment.
////
"""
ORG = """#+TITLE: Harbours of the North
#+AUTHOR: Kari Varde
#+DATE: <2020-12-05 Sat>

* TODO Quays                                                     :stone:
:PROPERTIES:
:ID: 1
:END:
The *quay* was built of =granite=, as [[http://a.example][the book]]
says[fn:1].
#+INCLUDE: "/etc/passwd"
** Ships
- Sail
  1. Brigs
- Term :: its description
| Harbour | Ships |
|---------+-------|
| Hull    |    12 |
#+BEGIN_SRC python
ships = 12
#+END_SRC

[fn:1] On page 3.
"""
MAN = r""".\" A comment
.TH QUAY 1 "2020-12-05" "Harbours" "User Commands"
.SH NAME
quay \- builds a quay
.SH DESCRIPTION
The
.B quay
command builds a quay of \fIgranite\fR, as
.BR harbour (7)
says.
.so /etc/passwd
.TP
.BR \-s ", " \-\-ships
Counts the ships.
.IP \(bu 2
The first point.
.nf
quay \-s
.fi
.de XX
.SH NEVER
..
"""
MDOC = """.Dd December 5, 2020
.Dt QUAY 1
.Os
.Sh NAME
.Nm quay
.Nd builds a quay
.Sh DESCRIPTION
The
.Nm
command builds a quay of
.Em granite ,
as
.Xr harbour 7
says.
.Bl -tag
.It Fl s , Fl Fl ships Ar number
Counts the ships.
.El
"""
JSON = json.dumps(
    {
        "title": "Harbours",
        "author": "Kari Varde",
        "items": [
            {"name": "Hull", "ships": 12, "open": True, "notes": "The quay of Hull was built of granite. " * 5},
            {"name": "Bath", "ships": 3, "notes": None, "owners": ["Anna", "Bert"]},
        ],
        "prices": [{"stone": "granite", "price": 12.50}, {"stone": "chalk", "price": 3}],
    },
    indent=1,
)
JSON_LINES = (
    '{"name": "Hull", "at": {"lat": 53.7}}\n{"name": "Bath", "text": "It has\\n\\nno quay at all."}\n{"name": "cut'
)
XML_DATA = """<?xml version="1.0"?><!DOCTYPE harbours [<!ENTITY e "x">]>
<harbours><harbour id="h1"><name>Hull</name><ships>12</ships></harbour>
<harbour id="h2"><name>Bath</name><ships>3</ships></harbour></harbours>"""
XML_TEXT = """<?xml version="1.0"?><article xmlns="http://docbook.org/ns/docbook"><info><title>Harbours</title>
<author><personname><firstname>Kari</firstname><surname>Varde</surname></personname></author><pubdate>2020-12-05</pubdate>
</info><section><title>Quays</title><para>The <emphasis>quay</emphasis> was built of granite<footnote><para>From Løvøya.</para>
</footnote>, and it still stands.</para><itemizedlist><listitem><para>Ships</para></listitem></itemizedlist>
<programlisting>ships = 12
  boats = 3</programlisting><table><title>Ships in harbour</title><tgroup><thead><row><entry>Harbour</entry>
<entry>Ships</entry></row></thead><tbody><row><entry>Hull</entry><entry>12</entry></row></tbody></tgroup></table>
<para>Some <code>more</code> words, and <link>a link</link> at the end.</para></section></article>"""
SVG = """<svg xmlns="http://www.w3.org/2000/svg"><title>Plan of the quay</title><style>text{fill:red}</style>
<text x="1"><tspan y="1">Built of</tspan><tspan y="2">granite</tspan></text></svg>"""
BIBTEX = r"""@comment{none}
@string{ jh = "Journal of " # {Harbours} }
@article{varde2020,
  title = {{Quays} of the N{\"o}rth},
  author = "Varde, Kari and Berg, Ola",
  year = 2020, month = dec, journal = jh,
  abstract = {The quay was built of granite. It still stands, 50\% of it.},
}
@misc{empty}
"""
RIS = """TY  - JOUR
ID  - varde2020
TI  - Quays of the North
AU  - Varde, Kari
AU  - Berg, Ola
PY  - 2020
AB  - The quay was built of granite.
  It still stands.
ER  -

TY  - BOOK
T1  - Harbours
ER  -
"""
TEXTS = {
    "made.srt": SRT, "made.vtt": VTT, "made.ass": ASS, "made.sbv": SBV, "made.ipynb": NOTEBOOK, "made.tex": TEX,
    "made.rst": RST, "made.adoc": ADOC, "made.org": ORG, "made.1": MAN, "made.8": MDOC, "made.json": JSON,
    "made.jsonl": JSON_LINES, "made.xml": XML_DATA, "article.xml": XML_TEXT, "made.svg": SVG, "made.bib": BIBTEX,
    "made.ris": RIS,
}  # fmt: skip
FILES: dict[str, bytes] = {
    "made.epub": epub(),
    "made.odt": odt(),
    "made.fodt": fodt(),
    "made.rtf": RTF,
    **{name: text.encode() for name, text in TEXTS.items()},
}
"""Each file by its name."""
