"""Recognises sentences in which a language model says that the sources do not answer, in other words than the prompt's.

The patterns match whole sentences: the subject is the sources in general, the question or the writer, and the verb is
one of saying, finding or answering. So a sentence about one document in another does not match.
"""

from __future__ import annotations

import re

_SOURCES = (
    r"(?:documents?|sources?|excerpts?|passages?|texts?|contexts?|materials?|snippets?|(?:search )?results?"
    r"|information)"
)
_GIVEN = r"(?:provided|given|available|supplied|above|retrieved|numbered|following|present|current|listed|attached)"
_THEM = (
    rf"(?:any of |all of |either of )?(?:the|these|those|your|my|this|that)(?: {_GIVEN}){{0,2}} {_SOURCES}"
    rf"(?: {_GIVEN})?"
)
_SAY = (
    r"(?:mention|say|state|contain|provide|specify|include|answer|address|give|indicate|discuss|have|offer|reveal"
    r"|cover|tell|explain|describe|disclose|identify|refer|touch|allow|support|clarify|name|list|make)"
)
_SAID = (
    r"(?:mentioned|stated|specified|said|given|provided|found|included|contained|answered|addressed|available"
    r"|indicated"
    r"|clear|discussed|covered|described|disclosed|present|determined|identified)"
)
_ASKED = (
    r"(?:who|whom|whose|what|when|where|which|why|how|whether|if|any|an?|the|enough|sufficient|information|anything)"
)
_OPENING = (
    r"(?:(?:i'?m|i am|we are) (?:sorry|afraid)[,.]?(?: but| that)? |sorry[,.]?(?: but)? |unfortunately,? "
    r"|apologies[,.]?"
    r"(?: but)? |however,? |answer: ?|"
    rf"(?:based|relying|going) (?:only |solely |purely )?on {_THEM},? |(?:from|in|within|according to"
    rf"|given) {_THEM},? )"
)
_FORMS = (
    r"no answer(?: (?:found|available|possible|is possible|can be given))?(?:[:,;–—-] .*)?",
    r"(?:unknown|n/?a|none|not applicable|cannot answer|can'?t answer|unanswerable|not answerable)",
    r"(?:i|we) (?:cannot|can'?t|can not|could not|couldn'?t|(?:am|are|was|were) (?:not able|unable) to)"
    r" (?:answer|find|determine|provide|tell|say|locate|give|identify|see|confirm|help)\b.*",
    r"(?:i|we) (?:do not|don'?t|did not|didn'?t) (?:know|find|see|have (?:enough|sufficient|any|that|this|the"
    r"|information))\b.*",
    rf"{_THEM} (?:do|does|did)(?: not|n'?t) (?:\w+ly |seem to |appear to |directly ){{0,2}}{_SAY}\b.*",
    rf"{_THEM} (?:is|are)(?: not|n'?t) (?:sufficient|enough)\b.*|{_THEM} (?:is|are) insufficient\b.*",
    rf"{_THEM} (?:contains?|has|have|provides?|gives?|offers?|includes?|makes?) (?:no|nothing)\b.*",
    rf"(?:none|neither) of {_THEM} (?:\w+ly )?{_SAY}s?\b.*",
    rf"(?:the|this) {_SOURCES} (?:does not|doesn'?t|did not|didn'?t) {_SAY} {_ASKED}\b.*",
    rf"there (?:is|are|was|were) (?:no|not enough|insufficient|nothing)\b.{{0,80}}\b(?:in|from|within"
    rf"|among) {_THEM}\b.*",
    r"there (?:is|are) (?:no|not enough|insufficient) (?:information|answer|mention|indication|data)"
    r"(?:$| (?:about|on|regarding|concerning|available|provided|given|in|to|that|as|of|for|here)\b.*)",
    r"it is (?:not possible|impossible) to (?:answer|determine|say|tell|know|find)\b.*",
    rf"no (?:relevant |such |specific |direct )?(?:information|answer|mention|details?|evidence"
    rf"|data)\b.{{0,60}}\b{_SAID}(?:$| (?:in|from|by|within)"
    rf" {_THEM}\b.*)",
    r"(?:no|insufficient|not enough) (?:relevant )?(?:information|data|context|evidence)(?: .{0,60})?",
    rf"(?:it|this|that|the answer|(?:the|this|that|your) (?:question|information|detail))(?: (?:is|was"
    rf"|are)(?: not|n'?t)"
    rf"| cannot be| can'?t be| can not be| could not be)(?: \w+ly)? {_SAID}(?:$| (?:in|from|by|within|based"
    rf"|using|with|on)\b.*)",
    rf"the answer (?:is|was)(?: not|n'?t) (?:in|within|among|part of) {_THEM}\b.*",
    rf"not {_SAID}(?: (?:in|by|from) (?:{_THEM}|{_SOURCES}))?",
    # German
    r"keine antwort(?: möglich)?|(?:ich|wir) (?:kann|können|konnte|weiß)\b.{0,90}\bnicht\b(?: \w+)?",
    r"(?:in |aus )?(?:die|den|diese[nr]?|der)(?: \w+(?:en|e))? (?:dokumente?n?|quellen?|auszügen?|auszüge"
    r"|texte?n?|textstellen)\b"
    r".{0,120}\b(?:nicht|keine\w*|nichts)\b.*",
    r"(?:dazu|darüber|hierzu) (?:gibt es|liegen|finden sich|steht|enthalten)\b.{0,60}\b(?:keine\w*|nichts|nicht)\b.*",
    # French
    r"pas de réponse|aucune (?:réponse|information)\b.*|je ne (?:peux|sais|trouve|parviens)\b.*",
    r"(?:les|ces|ce|le)(?: \w+)? (?:documents?|sources?|extraits?|textes?|passages?"
    r"|contexte)(?: \w+)? ne\b.*\b(?:pas|aucune?|rien)\b.*",
    # Spanish, Portuguese, Italian
    r"(?:sin|no hay) (?:respuesta|información|datos)\b.*|no (?:puedo|es posible|se puede) (?:responder"
    r"|contestar|determinar)\b.*",
    r"(?:los|las|estos|estas|el|os|as|estes|i|le|gli|questi)(?: \w+)? (?:documentos?|fuentes?|extractos?"
    r"|textos?|pasajes?|contexto"
    r"|fontes?|trechos?|documenti|fonti|estratti|testi|passaggi)(?: \w+)? (?:no|não|non)\b.*",
    r"sem resposta|não (?:posso|consigo|é possível|há)\b.*|nessuna risposta|non (?:posso|è possibile|riesco"
    r"|trovo)\b.*",
    # Dutch
    r"geen antwoord|(?:de|deze)(?: \w+)? (?:documenten|bronnen|fragmenten|teksten)\b.*\b(?:niet|geen|niets)\b.*",
    r"ik (?:kan|weet|vind)\b.*\b(?:niet|geen)\b.*",
)
_ABSTENTION = re.compile(rf"{_OPENING}{{0,3}}(?:{'|'.join(_FORMS)})", re.IGNORECASE)
MAX_CHARACTERS = 400
"""A longer sentence says more than that."""


def abstains(sentence: str) -> bool:
    """Return whether a sentence, without markers, says that the sources do not answer."""
    words = " ".join(sentence.replace("’", "'").strip(" \t\n*_`\"'“”„«».!;:-").split())
    return len(words) <= MAX_CHARACTERS and bool(_ABSTENTION.fullmatch(words))
