"""Words that decide what a sentence claims, grouped by their effect."""

from __future__ import annotations

MODALS = {
    "can": "possible",
    "could": "possible",
    "may": "possible",
    "might": "possible",
    "must": "duty",
    "should": "advice",
    "ought": "advice",
    "shall": "shall",
    "will": "will",
    "would": "would",
    "'ll": "will",
    "'d": "would",
    "ca": "possible",
    "wo": "will",
    "need": "need",
}
PHRASED_MODALS = {
    "have": "need",
    "need": "need",
    "require": "need",
    "oblige": "need",
    "able": "possible",
    "allow": "possible",
    "permit": "possible",
    "free": "possible",
}
"""The modal that a word of a phrase expresses, as in `have to`. "Need not" leaves the choice; "must not" forbids."""
QUANTIFIERS = {
    "all": "all",
    "every": "all",
    "each": "all",
    "any": "all",
    "both": "all",
    "everybody": "all",
    "everyone": "all",
    "anybody": "all",
    "anyone": "all",
    "everything": "all",
    "anything": "all",
    "whole": "all",
    "entire": "all",
    "most": "most",
    "majority": "most",
    "many": "many",
    "much": "many",
    "lot": "many",
    "numerous": "many",
    "dozens": "many",
    "hundreds": "many",
    "thousands": "many",
    "several": "several",
    "some": "some",
    "few": "few",
    "certain": "some",
    "various": "several",
    "half": "half",
    "minority": "few",
    "little": "few",
    "fewer": "less",
    "less": "less",
    "more": "more",
    "part": "some",
    "parts": "some",
    "portion": "some",
    "somebody": "some",
    "someone": "some",
    "something": "some",
    "none": "none",
    "no": "none",
    "neither": "none",
    "nobody": "none",
    "nothing": "none",
    "number": "several",
    "couple": "several",
    "handful": "few",
    "another": "another",
    "other": "",
    "such": "",
}
"""Quantifiers, by word."""
APPROXIMATORS = {
    "about": "about",
    "around": "about",
    "approximately": "about",
    "roughly": "about",
    "some": "about",
    "circa": "about",
    "ca": "about",
    "approx": "about",
    "nearly": "nearly",
    "almost": "nearly",
    "just under": "nearly",
    "close to": "nearly",
    "just over": "over",
    "at least": "least",
    "no fewer than": "least",
    "no less than": "least",
    "a minimum of": "least",
    "more than": "over",
    "over": "over",
    "above": "over",
    "exceeding": "over",
    "up to": "most",
    "at most": "most",
    "no more than": "most",
    "a maximum of": "most",
    "as many as": "most",
    "as much as": "most",
    "less than": "under",
    "fewer than": "under",
    "under": "under",
    "below": "under",
    "only": "",
    "exactly": "exactly",
    "precisely": "exactly",
}
"""Words before a number that say how exact it is."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


NEGATIONS = _words("not n't never no none nobody nothing nowhere neither nor cannot hardly barely scarcely without")
RARE = _words("rarely seldom")
NEGATED_NOUNS = _words("no neither none nobody nothing nowhere")
FAILURES = _words(
    "fail refuse decline lack absence unable inability impossible prevent avoid forbid prohibit ban stop cease neglect "
    "miss"
)
"""Words whose complement did not happen."""
TRANSPARENT = _words(
    "show find demonstrate reveal confirm know discover prove observe establish see begin start continue manage keep "
    "come remain learn realise realize understand remember notice document identify detect happen cause make force be"
)
"""Words whose complement is true."""
DENIALS = _words("deny dispute refute doubt disprove debunk contest disbelieve rebut")
REPORTS = _words(
    "say state tell add announce write explain argue claim allege assert contend insist maintain warn report declare "
    "accuse note comment mention suggest conclude according testify complain promise assure call describe"
)
FALSE_NOUNS = _words("myth lie hoax fiction falsehood misconception fallacy fabrication legend superstition error")
UNREAL_NOUNS = FALSE_NOUNS | _words(
    "idea claim rumour rumor belief allegation hypothesis theory possibility risk plan proposal hope question evidence "
    "suggestion notion view assumption suspicion accusation fear prospect chance threat attempt intention wish promise "
    "bid offer request demand call desire effort speculation concern doubt expectation argument opinion dream demand "
    "goal aim ability right permission option motion bill draft charge suit conjecture prediction forecast estimate"
)
"""Nouns whose complement need not be true."""
FICTIONS = _words("novel film story play game dream legend fiction series movie tale myth fable comic poem opera drama")
CONDITIONS = _words("if unless whether provided providing supposing lest once until till")
LIMITS = _words(
    "nearly almost partly partially mostly mainly largely primarily sometimes often usually generally typically "
    "occasionally frequently rarely seldom possibly perhaps probably likely unlikely allegedly reportedly supposedly "
    "apparently presumably purportedly ostensibly theoretically potentially roughly approximately about around barely "
    "hardly scarcely temporarily initially formerly seemingly arguably tentatively normally chiefly "
    "predominantly conditionally provisionally hypothetically nominally once virtually practically "
    "alleged possible potential suspected putative probable apparent supposed proposed planned attempted would-be "
    "reported expected former future so-called fake mock fictional imaginary hypothetical"
)
"""Words that limit the word they modify: a claim that leaves one out says more than its source."""
EXCEPTIONS = _words("except excluding besides barring save")
PROVES = {
    "all": _words("all"),
    "most": _words("most all"),
    "many": _words("many most"),
    "several": _words("several many most all"),
    "some": _words("some several many most all few half more less another"),
    "few": _words("few"),
    "half": _words("half"),
    "none": _words("none"),
    "more": _words("more"),
    "less": _words("less"),
    "another": _words("another"),
}
"""For each quantity, the quantities that prove it. A plain plural noun proves `some` and `several`, too."""
PARTIAL = _words("most many several some few half more less another")
PRONOUNS = _words(
    "we us our ours i me my he she it they him her them his its their hers theirs himself herself itself themselves "
    "this that these those who which one ones such former latter whom whose both"
)
SPEAKERS = _words("we us our ours i me my")
"""Pronouns of the speaker; the sentence does not say who that is."""
PERSONS = _words("he she him her his hers himself herself who whom whose")
LIGHT = _words(
    "be have do also then there thus however so too therefore moreover furthermore well just even still already indeed "
    "actually really rather quite very as such respectively here e.g. i.e. etc now currently statistically merely is "
    "are was were in fact of course"
)
"""Words that a claim may add without saying more."""
MUCH = _words("much many far lot considerably substantially significantly vastly greatly hugely dramatically")
"""Words for a large difference."""
DIRECTIONS = _words(
    "from to into onto toward towards by as than because due after before since until till without despite against "
    "over under above below between like unlike instead except although though while when so"
)
"""Prepositions that give their object its role: their objects cannot be swapped."""
JOINTS = {
    "before": _words("before until prior ahead precede"),
    "after": _words("after following since then once later upon"),
    "because": _words("because since as due owing thanks for"),
    "although": _words("although though despite but while however"),
    "though": _words("although though despite but while however"),
    "unless": _words("unless if except without not"),
    "if": _words("if provided unless when whether in where"),
    "until": _words("until till to before"),
    "than": _words("than"),
    "instead": _words("instead rather not"),
    "except": _words("except but apart only other besides"),
    "without": _words("without no not never n't"),
    "since": _words("since from after because"),
    "due": _words("because due owing"),
    "therefore": _words("therefore so hence thus because consequently"),
    "hence": _words("therefore so hence thus because"),
    "during": _words("during in while throughout over when"),
    "despite": _words("despite although though spite"),
    "against": _words("against oppose versus v to"),
    "only": _words("only sole solely exclusively just alone nothing"),
}
"""Conjunctions and prepositions, each with the words that may replace it."""
RESERVATIONS = (
    NEGATIONS
    | RARE
    | DENIALS
    | FAILURES
    | FALSE_NOUNS
    | _words("refusal reluctance reluctant unwilling if unless allege")
)
"""Words of denial and reservation. If a source has one that a claim lacks, only the rules decide."""
