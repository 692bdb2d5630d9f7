"""Places in C++ code that tools/mutate can change, and which of them it chooses.

A place is known by its file, its function, the text of its statement and what is changed there, not by its line: what
changes elsewhere in the file does not matter. All work is done on tokens, with the layout of clang-format taken for
granted (a binary operator stands between spaces, a template's bracket does not); what is wrong all the same, the
compiler finds.
"""
import bisect
import collections
import decimal
import hashlib
import heapq
import re

TOKEN = re.compile(r"""
    (?P<skip> \s+ | //[^\n]* | /\*.*?\*/ | ^[ \t]*\#(?:\\.|[^\n\\])* )
  | (?P<string> (?:u8|[uUL])?R"(?P<mark>[^()\s]*)\(.*?\)(?P=mark)"\w* | (?:u8|[uUL])?"(?:[^"\\\n]|\\.)*"\w* )
  | (?P<char> (?:u8|[uUL])?'(?:[^'\\\n]|\\.)+' )
  | (?P<number> \.?\d(?:[eEpP][+-]|'?[\w.])* )
  | (?P<name> [A-Za-z_]\w* )
  | (?P<sign> <=>|->\*|\.\.\.|<<=|>>=|::|->|\+\+|--|&&|\|\||[=!<>+*/%&|^-]=|<<|>>|. )""", re.X | re.S | re.M)
Token = collections.namedtuple("Token", "kind text start end")
NUMBER = re.compile(r"(0[xX][\da-fA-F']+|0[bB][01']+|\d[\d']*(?:\.[\d']*)?(?:[eE][+-]?\d+)?)([a-zA-Z_]\w*)?")

STRENGTH = {operator: strength for strength, operators in enumerate(
    ["+= -=", "||", "&&", "|", "^", "&", "== !=", "< <= > >=", "<=>", "<< >>", "+ -", "* / %"])
    for operator in operators.split()}
CHANGES = {"compare": {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="},
           "sign": {"+": "-", "-": "+", "+=": "-=", "-=": "+="},
           "logic": {"&&": "||", "||": "&&"}}
CHANGED = {old: (kind, new) for kind, changes in CHANGES.items() for old, new in changes.items()}
KINDS = [*CHANGES, "number", "call", "swap", "negate"]
ASSIGNS = {"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="}
OPENS, CLOSES, ENDS = {"(", "[", "{"}, {")", "]", "}"}, {";", "{", "}"}
STOPS = {";", ",", "?", ":", "...", *ASSIGNS}
BEFORE_OPERAND = {"return", "throw", "case", "else", "do"}
# What is in the statement of one of these is worked out by the compiler.
FIXED = {"constexpr", "consteval", "constinit", "static_assert", "requires", "concept", "template", "alignas", "enum",
         "decltype", "noexcept"}
TYPES, SPACES = {"class", "struct", "union"}, {"namespace", "extern"}
KEYWORDS = BEFORE_OPERAND | FIXED | TYPES | SPACES | set("""
    if for while switch break continue goto default try catch using typedef typename static const inline virtual
    explicit friend public private protected sizeof alignof operator new delete auto void mutable""".split())
VALUES = {"string", "char", "number", "name"}
# Calls that change no result: no test can find that one of them is left out.
UNOBSERVED = {"reserve", "shrink_to_fit"}

# `edits` are (start, end, text) with @ for the mutant's number.
Place = collections.namedtuple("Place", "path kind key line edits was now")


class Code:
    """The tokens of a text, their brackets, and what encloses them."""

    def __init__(self, text):
        self.text, self.tokens = text, []
        for found in TOKEN.finditer(text):
            kind = "string" if found.lastgroup == "mark" else found.lastgroup
            if found[0] == ">>" and not (text[found.start() - 1].isspace() and text[found.end():][:1].isspace()):
                self.tokens += [Token("sign", ">", at, at + 1) for at in (found.start(), found.start() + 1)]
            elif kind != "skip":
                self.tokens.append(Token(kind, found[0], found.start(), found.end()))
        self.lines = [at for at, char in enumerate(text) if char == "\n"]
        self.match, self.inside, self.scopes = {}, [], {}
        self.pair()

    def pair(self):
        """Fills `match` (both ways) and `inside`: the innermost bracket around each token, or None."""
        stack = []

        def close(at):
            opening = stack.pop()
            self.match[opening], self.match[at] = at, opening

        for i, token in enumerate(self.tokens):
            if token.text == ">" and stack and self.word(stack[-1]) == "<" and not self.is_binary(i):
                close(i)
            elif token.text in CLOSES:
                while stack and self.word(stack[-1]) == "<":
                    stack.pop()
                if stack:
                    close(i)
            self.inside.append(stack[-1] if stack else None)
            if token.text in OPENS or token.text == "<" and not self.is_binary(i) and self.word(i - 1) != "operator":
                stack.append(i)

    def is_binary(self, i):
        token = self.tokens[i]
        return self.text[token.start - 1:token.start].isspace() and self.text[token.end:token.end + 1].isspace() \
            and self.word(i - 1) != "template"

    def word(self, i):
        return self.tokens[i].text if 0 <= i < len(self.tokens) else ""

    def kind(self, i):
        """string, char, number, name, keyword or sign."""
        kind = self.tokens[i].kind if 0 <= i < len(self.tokens) else "sign"
        return "keyword" if kind == "name" and self.word(i) in KEYWORDS else kind

    def around(self, i):
        """The brackets around a token, from the innermost."""
        while (i := self.inside[i]) is not None:
            yield i

    def head(self, brace):
        """(first token, words outside of brackets) of what stands before a brace and belongs to it."""
        words, at = [], brace - 1
        while at >= 0 and self.word(at) not in {";", *OPENS}:
            opening = self.match.get(at, at)
            if self.word(at) == "}" and self.tokens[opening - 1].end != self.tokens[opening].start:
                break  # not the braces of a value, as in `: a_{1}, b_(2) {`
            words.append(self.word(at))
            at = opening - 1
        return at + 1, words

    def scope(self, i):
        """(kind, whether the compiler works it out, the function's head) of what a token is in; kind: space, type or
        code."""
        brace = next((at for at in self.around(i) if self.word(at) == "{"), None)
        if brace is None:
            return "space", False, ""
        if brace not in self.scopes:
            kind, fixed, function = self.scope(brace)
            first, words = self.head(brace)
            fixed = fixed or "if" not in words and not {"constexpr", "consteval", "requires", "enum"}.isdisjoint(words)
            if kind != "code" and ")" not in words and (TYPES | SPACES).intersection(words):
                kind = "type" if TYPES.intersection(words) else "space"
            elif kind != "code":
                kind, function = "code", self.plain(first, brace)
            self.scopes[brace] = kind, fixed, function
        return self.scopes[brace]

    def statement(self, i):
        begin, end = i, i
        while begin > 0 and self.word(begin - 1) not in ENDS:
            begin -= 1
        while end < len(self.tokens) and self.word(end) not in ENDS:
            end += 1
        return begin, end

    def plain(self, begin, end):
        return " ".join(token.text for token in self.tokens[begin:end])

    def source(self, begin, end):
        """The text of some tokens in one line, without comments."""
        return "".join((" " if at > begin and token.start > self.tokens[at - 1].end else "") + token.text
                       for at, token in enumerate(self.tokens[begin:end], begin))

    def is_changeable(self, i, kind="code"):
        """Whether a token is in a function (or in a type), and what is there is worked out when the program runs."""
        begin, end = self.statement(i)
        if self.scope(i)[:2] != (kind, False) or not FIXED.isdisjoint(self.word(at) for at in range(begin, end)) or any(
                self.word(at) == "<" or self.word(at) == "[" == self.word(at + 1) for at in self.around(i)):
            return False
        while begin < i and self.word(i) not in {":", "?", "case"}:
            i -= 1
        return self.word(i) != "case"

    def operands(self, i):
        """(first token of the left one, end of the right one) of a binary operator, or None."""
        strength, left, right = STRENGTH[self.word(i)], i, i + 1
        while not self.begins(left, strength):
            left = self.match.get(left - 1, left - 1)
            if left < 0 or self.word(left) == "{" or self.kind(left) == "keyword":
                return None
        while right < len(self.tokens):
            word = self.word(right)
            if word in {";", ",", *CLOSES} or strength and (
                    word in STOPS or self.is_binary(right) and STRENGTH.get(word, 99) <= strength):
                break
            if word == "{" or self.kind(right) == "keyword":
                return None
            right = self.match.get(right, right) + 1
        return (left, right) if left < i < right - 1 and "\n" not in self.source(left, right) else None

    def begins(self, i, strength):
        """Whether an operand on the left of an operator begins at this token."""
        before = self.word(i - 1)
        is_weaker = self.is_binary(i - 1) and STRENGTH.get(before, 99) < strength
        if is_weaker or before in BEFORE_OPERAND | STOPS | OPENS | {"}"}:
            return True
        # `if (a) b += c;`
        is_unary = self.word(i) in {"*", "!", "-", "++", "--", "("} and not self.is_binary(i)
        return before == ")" and (self.kind(i) in VALUES or is_unary and self.tokens[i].start > self.tokens[i - 1].end)


def larger(number):
    """The literal of the next number, or None."""
    found = NUMBER.fullmatch(number)
    if not found:
        return None
    digits, suffix = found[1].replace("'", ""), found[2] or ""
    if digits[:2].lower() in {"0x", "0b"}:
        return f"0x{int(digits, 0) + 1:X}{suffix}"
    if digits.isdigit():
        return f"0{int(digits, 8) + 1:o}{suffix}" if digits[0] == "0" < digits else f"{int(digits) + 1}{suffix}"
    value = f"{decimal.Decimal(digits) + 1:f}"
    return (value if "." in value else f"{value}.0") + suffix


def change_operator(code, i):
    kind, new = CHANGED.get(code.word(i), (None, None))
    at = code.operands(i) if kind and code.is_binary(i) and code.is_changeable(i) else None
    if at and not (kind == "sign" and '"' in code.plain(*at)):
        was, now = code.source(*at), f"{code.source(at[0], i)} {new} {code.source(i + 1, at[1])}"
        yield kind, [(*at, f"(gl_mutant(@) ? ({now}) : ({was}))")], was, now


def change_number(code, i):
    now = larger(code.word(i)) if code.kind(i) == "number" else None
    bracket = code.inside[i]
    if now is None or bracket is not None and code.word(bracket) == "[" and code.kind(bracket - 1) == "name" and (
            code.kind(bracket - 2) == "name" or code.word(bracket - 2) == ">"):
        return  # an array's size
    is_member = (code.word(i - 1) == "=" and code.word(i + 1) == ";" and code.kind(i - 2) == "name"
                 and code.word(i - 2) != "override" and code.is_changeable(i, "type"))
    if is_member or code.is_changeable(i):
        yield "number", [(i, i + 1, f"(gl_mutant(@) ? {now} : {code.word(i)})")], code.word(i), now


def leave_out_call(code, i):
    """A call whose value nobody takes; `? void() :` refuses one that returns anything."""
    before, word = code.word(i - 1), code.word(i)
    if code.kind(i) != "name" or word.isupper() or word == "spdlog":
        return
    follows_head = before == ")" and code.word(code.match.get(i - 1, 0) - 1) in {"if", "for", "while"}
    if not (before in {*ENDS, "else", "do"} or follows_head) or not code.is_changeable(i):
        return
    at, name = i, i
    while code.word(at) != ";":
        if code.kind(at) == "name":
            if at > i and code.word(at - 1) not in {"::", ".", "->"}:
                return
            name = at
        elif code.word(at) not in {"::", ".", "->", "(", "[", "<"}:
            return
        at = code.match.get(at, at) + 1
    if code.word(at - 1) == ")" and code.word(name) not in UNOBSERVED:
        yield "call", [(i, i, "gl_mutant(@) ? void() : ")], code.source(i, at), ""


def swap_arguments(code, i):
    first, second, bracket = i + 1, i + 3, code.inside[i]
    bracket = i if code.word(i) == "(" else bracket if code.word(i) == "," else None
    if bracket is None or code.word(bracket) != "(" or code.word(i + 2) != "," or code.word(i + 4) not in {",", ")"}:
        return
    a, b, kinds = code.word(first), code.word(second), [code.kind(first), code.kind(second)]
    is_call = code.kind(bracket - 1) == "name" or code.word(bracket - 1) == ">" and bracket - 1 in code.match
    if is_call and a != b and VALUES.issuperset(kinds) and kinds.count("string") != 1 and code.is_changeable(first):
        new = f"(gl_swaps<decltype(({a})), decltype(({b}))>(@) ? {b} : {a}), (gl_mutant(@) ? {a} : {b})"
        yield "swap", [(first, second + 1, new)], f"{a}, {b}", f"{b}, {a}"


def negate(code, i):
    begin, end = i + 2, code.match.get(i + 1, 0)
    if code.word(i) in {"if", "while"} and code.word(i + 1) == "(" and code.is_changeable(i):
        if not any(code.word(at) in {";", "="} and code.inside[at] == i + 1 for at in range(begin, end)):
            was = code.source(begin, end)
            yield "negate", [(begin, begin, "gl_mutant(@) != static_cast<bool>("), (end, end, ")")], was, f"!({was})"


def places(path, text):
    """All places of a file."""
    code, seen, found = Code(text), collections.Counter(), []
    for i in range(len(code.tokens)):
        for operator in (change_operator, change_number, leave_out_call, swap_arguments, negate):
            for kind, edits, was, now in operator(code, i):
                begin = edits[0][0]
                key = " | ".join([path, code.scope(begin)[2], code.plain(*code.statement(begin)), kind, was])
                seen[key] += 1
                found.append(Place(path, kind, f"{key} | {seen[key]}",
                                   bisect.bisect(code.lines, code.tokens[begin].start) + 1,
                                   [characters(code, *edit) for edit in edits], was, now))
    return found


def characters(code, begin, end, new):
    """An edit of characters from one of tokens. The lines behind it stay where they are."""
    if begin == end:  # before a token; what closes stands right behind the token before it
        at = code.tokens[begin - 1].end if new == ")" else code.tokens[begin].start
        return at, at, new
    start, stop = code.tokens[begin].start, code.tokens[end - 1].end
    return start, stop, new + "\n" * code.text.count("\n", start, stop)


def changed(text, numbered, header):
    """The text with the mutants {number: place}. Its lines keep their numbers."""
    edits = sorted(((start, end, new.replace("(@)", f"({number})")) for number, place in numbered.items()
                    for start, end, new in place.edits), reverse=True)
    for start, end, new in edits:
        text = text[:start] + new + text[end:]
    return f'#include "{header}"\n#line 1\n{text}' if edits else text


def overlap(place, other):
    return place.path == other.path and any(start <= other_end and other_start <= end for start, end, _ in place.edits
                                            for other_start, other_end, _ in other.edits)


def rank(seed, *parts):
    return hashlib.sha256("\0".join([str(seed), *parts]).encode()).digest()


def in_order(found, room, seed):
    """A room's places in the order in which they are drawn: the kinds take turns."""
    turns, rows = collections.Counter(), []
    for place in sorted(found, key=lambda place: rank(seed, place.key)):
        rows.append((turns[place.kind], rank(seed, room, place.kind), place))
        turns[place.kind] += 1
    return [place for _, _, place in sorted(rows, key=lambda row: row[:2])]


def choose(found, lines, count, seed, refused=()):
    """`count` places of {room: places}, by the rooms' lines (Sainte-Laguë); `refused`: keys of places to pass over."""
    orders = {room: iter(in_order(some, room, seed)) for room, some in found.items()}
    turns, chosen = [(0.5 / lines[room], room, 0) for room in orders], []
    heapq.heapify(turns)
    while turns and len(chosen) < count:
        _, room, taken = heapq.heappop(turns)
        place = next((place for place in orders[room] if place.key not in refused
                      and not any(overlap(place, other) for other in chosen)), None)
        if place:
            chosen.append(place)
            heapq.heappush(turns, ((taken + 1.5) / lines[room], room, taken + 1))
    return chosen
