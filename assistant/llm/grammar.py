"""What a call may say next, token by token: the tools, names and numbers of this home. Pure: a tokenizer is given.

A call is a row of choices (which tool, which slot, which value); between them stands text that can't be otherwise, and
that needn't be decoded. Where a name is chosen "unknown" can be chosen too, and every token of a name is a choice, even
where only one is legal: a misheard name is never made a legal one. What most likely comes next can be asked for, to be
checked in one go. Knows no model and takes no choice. Both vocabularies break at every sign and digit, so words can be
cut there.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from assistant.stages import UNKNOWN, Parameter, Tool

QUOTE = '<|"|>'
CALL_END = "<tool_call|>"
MOST_GUESSED = 4  # tokens beside a choice: where memory is the limit a batch of five costs little more than one

Tokenize = Callable[[str], Sequence[int]]


@dataclass(slots=True)
class _Node:
    """A place in a tree of words; `word` is the one that ends here, and then it is taken."""

    after: dict[int, "_Node"] = field(default_factory=dict)
    word: str = ""


class Grammar:
    """The calls that `tools` can take. With its first choice 2 ms; the first number of minutes or seconds 100."""

    def __init__(self, tools: Sequence[Tool], tokenize: Tokenize) -> None:
        self.tools = {tool.name: tool for tool in tools}
        self._tokenize = tokenize
        self._trees: dict[tuple[str, ...], _Node] = {}
        (self.quote,) = tokenize(QUOTE)
        self.brace, self.comma, self.point, self.zero = (tokenize(sign)[0] for sign in "},.0")
        self.braces = {tokenize(sign)[0] for sign in ("{", "{}")}  # one, in a vocabulary that has no token for both

    def begin(self) -> "Guide":
        """A call begins: `<|tool_call>` stands there already."""
        return Guide(self)

    def tokens(self, word: str) -> list[int]:
        """The tokens of a word."""
        return list(self._tokenize(word))

    def tree(self, words: Iterable[str]) -> _Node:
        """The tree of words, each of which is taken as a whole."""
        every = tuple(words)
        if every not in self._trees:
            root = self._trees[every] = _Node()
            for word in every:
                node = root
                for token in self.tokens(word):
                    node = node.after.setdefault(token, _Node())
                node.word = word
        return self._trees[every]


class Guide:
    """One call as it is written. Once a token was taken that isn't legal the call is lost, and every token is."""

    def __init__(self, grammar: Grammar) -> None:
        self._grammar = grammar
        self._open: dict[str, Parameter] = {}
        self._taken: list[int] = []
        self._node: _Node | None = None  # None: free text, or lost, or the call is over
        self._root = _Node()  # of the words that may come now
        self._then: Callable[[str], None] = self._name_tool
        self._free = False
        self._naming = False  # a name is being written
        self._percent = False  # a number of percent is being written: most are tens
        self._told = False  # a slot was filled that takes no name
        self._wants = False  # a name was given, and there is a slot for what shall be done with it
        self._hint: list[int] = []  # how the likeliest of the legal words goes on
        self._offer(word for tool in grammar.tools.values() for word in _openings(tool))

    def legal(self) -> list[int] | None:
        """The tokens that may come now; None: any."""
        return None if self._node is None else list(self._node.after)

    def take(self, token: int) -> None:
        """Go on behind `token`."""
        self._taken.append(token)
        if self._free:
            if token == self._grammar.quote:
                self._free = False
                self._go_on()
            return
        if self._node is None:
            return
        self._hint = self._hint[1:] if self._hint[:1] == [token] else []
        self._node = self._node.after.get(token)
        if self._node is not None and self._node.word:
            self._then(self._node.word)

    def follow(self, token: int) -> list[int]:
        """Give what stands for a choice, itself or, where it isn't legal, "unknown"; and what must follow."""
        legal = self.legal()
        if legal is not None and token not in legal and (said := self.unknown()):
            return [*said, *self.forced()]
        self.take(token)
        return [token, *self.forced()]

    def forced(self) -> list[int]:
        """Take, and return, the tokens that must come now. In a name none must: the model may mean another one."""
        run: list[int] = []
        while not self._naming and (legal := self.legal()) is not None and len(legal) == 1:
            run += legal
            self.take(legal[0])
        return run

    def guess(self, most: int = MOST_GUESSED) -> list[list[int]]:
        """What most likely comes now, and is not taken: rows of tokens as `follow` would give them, one a choice.

        At most so many tokens. The slot that a tool is mostly used with, the first name that begins so, a number's
        second digit and its end, the end of a call; no tool.
        """
        ahead = self._grammar.begin()
        for token in self._taken:
            ahead.take(token)
        runs: list[list[int]] = []
        while (likely := ahead.likely()) is not None:
            run = ahead.follow(likely)
            if sum(map(len, runs)) + len(run) > most:
                break
            runs.append(run)
        return runs

    def likely(self) -> int | None:
        """The likeliest of the legal tokens, where there is one."""
        legal, words = self.legal() or [], self._grammar
        if self._naming:
            return legal[0] if legal and self._node is not self._root else None
        if self._hint:
            return self._hint[0]
        if words.braces == set(legal):
            return legal[0]
        if self._percent and words.zero in legal and self._node in self._root.after.values():
            return words.zero
        is_number = words.brace in legal and {words.brace, words.comma, words.point}.issuperset(legal)
        return words.brace if is_number else None

    def unknown(self) -> list[int]:
        """Take, and return, the tokens that name nothing, where a name may begin. Empty, and lost, elsewhere."""
        run = self._grammar.tokens(UNKNOWN + QUOTE)
        for token in run:
            self.take(token)
            if self._node is None:
                return []
        return run

    def _offer(self, words: Iterable[str], likely: str = "") -> None:
        self._node = self._root = self._grammar.tree(words)
        self._hint = self._grammar.tokens(likely) if likely else []

    def _name_tool(self, word: str) -> None:
        if word.endswith(CALL_END):
            self._node = None
            return
        tool = self._grammar.tools[word.removeprefix("call:").removesuffix("{")]
        self._open = {p.name: p for p in tool.parameters}
        self._offer_slots(may_close=tool.bare and self._may_close() and len(self._grammar.braces) == 1)

    def _offer_slots(self, *, may_close: bool) -> None:
        words = [name + (f":{QUOTE}" if p.kind == "string" else ":") for name, p in self._open.items()]
        if may_close:
            words.append(f"}}{CALL_END}")
        self._then = self._name_slot
        self._offer(words, _usual_slot(self._open.values(), told=self._told))

    def _name_slot(self, word: str) -> None:
        if word.startswith("}"):
            self._node = None
            return
        parameter = self._open.pop(word.partition(":")[0])
        self._wants = False
        self._told = self._told or not _is_name(parameter)
        self._percent = parameter.kind == "integer" and parameter.bounds[1] == 100
        self._then = self._go_on
        if parameter.kind != "string":
            self._offer(number + end for number in _numbers(parameter) for end in self._ends())
        elif values := parameter.choices or parameter.values:
            self._naming = not parameter.choices
            self._wants = self._naming and not all(p.values for p in self._open.values())
            self._offer(f"{value}{QUOTE}" for value in dict.fromkeys((*values, UNKNOWN)))
        else:
            self._free, self._node = True, None

    def _go_on(self, word: str = QUOTE) -> None:
        """A value is there; a number has its end in it."""
        self._naming = False
        if word.endswith(QUOTE):
            self._then = self._end_slot
            ends = self._ends()
            self._offer(ends, ends[0 if self._wants else -1][:1])
        else:
            self._end_slot(word)

    def _end_slot(self, word: str) -> None:
        if word.endswith(","):
            self._offer_slots(may_close=False)
        else:
            self._node = None

    def _ends(self) -> list[str]:
        return [","] * bool(self._open) + [f"}}{CALL_END}"] * self._may_close()

    def _may_close(self) -> bool:
        return not any(map(_must_be, self._open.values()))


def _openings(tool: Tool) -> list[str]:
    """How a call begins, the likelier way first; a vocabulary may have a token of its own for both braces."""
    found = [f"call:{tool.name}{{"] * bool(tool.parameters)
    if tool.bare and not any(map(_must_be, tool.parameters)):
        found.append(f"call:{tool.name}{{}}{CALL_END}")
    mostly_bare = all(p.values or not p.told for p in tool.parameters)
    return found[::-1] if mostly_bare else found


def _usual_slot(parameters: Iterable[Parameter], *, told: bool) -> str:
    """The slot that a call mostly goes on with; `told`: it says already how much, or which way. Empty: there is none.

    What it can't do without, a thing of the home, what shall be done with it; of a timer its name comes last.
    """

    def rank(parameter: Parameter) -> int:
        if not _is_name(parameter):
            return 3 if told else 2
        return 0 if parameter.required else 1 if parameter.values or told else 4

    return next((p.name for p in sorted(parameters, key=rank) if p.told), "")


def _is_name(parameter: Parameter) -> bool:
    """Whether it takes what people name: a thing, a room, what to buy."""
    return parameter.kind == "string" and not parameter.choices


def _must_be(parameter: Parameter) -> bool:
    """Whether a call can't do without it."""
    return parameter.required and not parameter.asked


def _numbers(parameter: Parameter) -> list[str]:
    """Write every number that the slot can take; with halves where it needn't be whole."""
    least, most = parameter.bounds
    numbers = [str(n) for n in range(least, most + 1)]
    if parameter.kind == "number":
        numbers += [f"{n}.5" for n in range(least, most)]
    return numbers
