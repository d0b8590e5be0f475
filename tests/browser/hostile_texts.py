"""Strings of markup, Unicode, links and file names that have broken pages, or have run on them."""

from __future__ import annotations

MARKUP = {
    "script": "<script>window.pwned=1</script>",
    "image": "<img src=x onerror=window.pwned=1>",
    "drawing": "<svg onload=window.pwned=1><script>window.pwned=1</script></svg>",
    "template literal": "${window.pwned=1} `${window.pwned=1}` \\${window.pwned=1}",
    "braces": "{{constructor.constructor('window.pwned=1')()}} {{{value}}} {% raw %} {{ 7*7 }} #{7*7} <%= 7*7 %>",
    "end of everything": "</mark></p></li></article></dialog></main></div></textarea></title><script>pwned=1</script>",
    "end of an attribute": "\" autofocus onfocus=window.pwned=1 x=\" ' onmouseover='window.pwned=1' `",
    "end of a comment": "--><script>window.pwned=1</script> ]]><script>window.pwned=1</script> <!-- x -->",
    "script in script": "<scr<script>ipt>window.pwned=1</scr</script>ipt><SCRIPT/X SRC=data:,window.pwned=1></SCRIPT>",
    "animation": '<svg><animate onbegin="window.pwned=1" attributeName=x dur=1s></animate></svg>',
    "mathematics": "<math><mtext><table><mglyph><style><!--</style><img title='--><img src=x onerror=window.pwned=1>'>",
    "frame": "<iframe srcdoc='<script>top.pwned=1</script>'></iframe><iframe src='javascript:top.pwned=1'></iframe>",
    "object": "<object data='javascript:window.pwned=1'></object><embed src='http://203.0.113.1/x.swf'>",
    "base": "<base href='http://203.0.113.1/'><link rel=stylesheet href='http://203.0.113.1/x.css'>",
    "refresh": "<meta http-equiv=refresh content='0;url=http://203.0.113.1/'>",
    "style": "<style>*{display:none!important;background:url(http://203.0.113.1/)}</style><p style='position:fixed'>",
    "details": "<details open ontoggle=window.pwned=1><video><source onerror=window.pwned=1></video>",
    "form": "<form action='javascript:window.pwned=1' id=results><input autofocus onfocus=window.pwned=1 name=pincite>",
    "our own actions": '<a href="#" data-act="remove" data-id="x" data-say="pwned" id="live">Remove</a>',
    "entities": "&lt;script&gt;pwned=1&lt;/script&gt; &amp;lt;img src=x onerror=pwned=1&amp;gt; &#60;b&#62;",
}
"""Markup by kind; some readers of files parse it as markup, others must not."""

LINKS = {
    "script link": "[a](javascript:window.pwned=1) <javascript:window.pwned=1> [b](JaVaScRiPt&colon;window.pwned=1)",
    "data link": "[a](data:text/html,<script>window.pwned=1</script>) ![b](data:image/svg+xml,<svg onload=pwned=1>)",
    "picture elsewhere": "![a](http://203.0.113.1/pixel.png) ![b](//203.0.113.1/pixel.png)",
    "reference elsewhere": "[a][1]\n\n[1]: javascript:window.pwned=1 'x\" onclick=window.pwned=1'",
}

TEXTS = {
    "right to left": "\u202eever seen\u202c \u2067\u2067\u2067\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "unbalanced": "\u2066" * 60 + "\u202b" * 60 + "abc",
    "invisible": "in\u200bvi\u200csi\u200dble\u2060 \u00ad\ufeff \U000e0041\U000e0042\U000e007f",
    "stacked": "".join(letter + "\u0301\u0316\u0334\u0489" * 60 for letter in "zalgo"),
    "wide": "\ufdfd\U0001242b\U0001242b\u2e3b\u2e3b\ua9c5 " * 20,
    "tall": "\u0e47\u0e47\u0e47\u0e47\u0e47\u0e47\u0e47\u0e47" * 40,
    "family": "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466\U0001f3fd\u200d " * 30,
    "flags": "\U0001f1e8\U0001f1ed" * 400,
    "line separators": "one\u2028two\u2029three\x0bfour\x0cfive\x85six",
    "controls": "\x07\x08\x1b[31mred\x1b]0;title\x07\x7f" + " and all was quiet" * 60,
    "NUL, late": "The river was long. " * 4000 + "be\x00fore",
    "private": "\ue000\uf8ff\U0010fffd \ufffe\uffff \ufffd",
    "one long word": "x" * 5000,
    "one long address": "http://203.0.113.1/" + "a/" * 1000,
    "one long word of Chinese": "\u91cd" * 3000,
    "tabs": "\t" * 500 + "end",
    "formula": '=HYPERLINK("http://203.0.113.1/","x") =cmd|\' /C calc\'!A0 @SUM(1) +1 -1',
    "command": "$(touch /tmp/pwned) `touch /tmp/pwned` ; rm -rf / | cat && true %0a%0d",
    "query": '\'; DROP TABLE documents; -- " OR 1=1 in:"x type:pdf after:2020 NEAR(a, b) a* -b ^c:d',
    "format": "%s%s%n {0} {self.__class__} %(password)s $HOME ${HOME} ~root",
    "not a number": "NaN Infinity -0 1e309 null undefined true __proto__ constructor toString",
    "paths": "../../../../etc/passwd C:\\Windows\\win.ini file:///etc/passwd \\\\203.0.113.1\\share",
}
"""Plain text by its oddity."""

NAMES = {
    "markup": "<img src=x onerror=window.pwned=1>.txt",
    "script": "<script>window.pwned=1<\\/script> of a name.txt",
    "attribute": 'x" onmouseover="window.pwned=1" \'.txt',
    "template literal": "${window.pwned=1} `x` {{value}}.txt",
    "entity": "&lt;script&gt; &amp;amp; &#x27;.txt",
    "the other way": "annual\u202efdp.txt",
    "isolated": "\u2066\u2067\u2068report.txt",
    "invisible": "re\u200bport\u200d\ufeff.txt",
    "stacked": "z" + "\u0301" * 60 + ".txt",
    "emoji": "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1e8\U0001f1ed\U0001f3fb.txt",
    "above": "../../../../etc/cron.d/passwd.txt",
    "above, of Windows": "..\\..\\Windows\\System32\\drivers.txt",
    "absolute": "/etc/shadow.txt",
    "encoded": "..%2f..%2fetc%2fhosts.txt",
    "device": "CON.txt",
    "stream": "notes.txt:hidden.txt",
    "as long as it may be": "n" * 251 + ".txt",
    "longer than that": "\u91cd" * 400 + ".txt",
    "dots": "....txt",
    "only dots": "...",
    "only blanks": "   .txt",
    "a blank at its end": "note.txt ",
    "hidden": ".htaccess.txt",
    "option": "--rm -rf.txt",
    "over lines": "first\r\nSet-Cookie: pwned=1\r\n\r\nsecond.txt",
    "NUL": "before\x00after.txt",
    "no name": "no extension at all",
    "formula": "=HYPERLINK(1).txt",
    "wide": "W" * 240 + ".txt",
    "right to left": "\u05de\u05e1\u05de\u05da \u0648\u062b\u064a\u0642\u0629.txt",
    "query": "a?b#c&d=e;f.txt",
    "surrogate": "half \ud83d of a face.txt",
}
"""File names by their oddity. The last is not valid Unicode and is sent as bytes that are not UTF-8."""

ON_DISK = {
    "over lines": "first\nsecond <img src=x onerror=window.pwned=1>.txt",
    "controls": "\x1b[31mred\x07.txt",
    "backslashes": "..\\..\\secret.txt",
    "only a blank": " .txt",
    "the other way": "evil \u202egpj.txt",
    "template": "${window.pwned=1} {{value}} `x`.txt",
    "as long as it may be": "m" * 251 + ".txt",
}
"""Names that a file system accepts, but a request cannot contain or a server would change."""
