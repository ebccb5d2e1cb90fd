"""Python code as HTML: its keywords, strings, numbers and comments each in a class of their own."""
import io
import keyword
import tokenize
from html import escape
from itertools import accumulate

# CSS classes of what is coloured; the rest stays as it is.
KEYWORD, STRING, NUMBER, COMMENT = "k", "s", "n", "c"


def code(text):
    """Code as HTML, every character of it, without the <pre> around it.

    What is no Python is only escaped.
    """
    try:
        spans = list(_spans(text))
    except (tokenize.TokenError, SyntaxError):           # of which IndentationError is one
        return escape(text)
    html, place = [], 0
    for start, end, kind in spans:
        html.append(escape(text[place:start]))
        html.append(f'<span class="{kind}">{escape(text[start:end])}</span>')
        place = end
    return "".join([*html, escape(text[place:])])


def _spans(text):
    """(start, end, class) of everything that is coloured, as positions in the text."""
    lengths = map(len, text.splitlines(keepends=True))
    offsets = [0, *accumulate(lengths)]
    opened  = []                                         # where f-strings, one in another, began
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        start, end = (offsets[row - 1] + column for row, column in (token.start, token.end))
        name = tokenize.tok_name[token.type]
        if name == "FSTRING_START":                      # since Python 3.12 they come in pieces
            opened.append(start)
        elif name == "FSTRING_END":
            start = opened.pop()
            if not opened:
                yield start, end, STRING
        elif not opened and (kind := _kind(token)):
            yield start, end, kind


def _kind(token):
    if token.type == tokenize.COMMENT:
        return COMMENT
    if token.type == tokenize.STRING:
        return STRING
    if token.type == tokenize.NUMBER:
        return NUMBER
    return KEYWORD if token.type == tokenize.NAME and keyword.iskeyword(token.string) else None
