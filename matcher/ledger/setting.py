"""What holds in the ledgers of one zone (台账的规矩), ready to be asked: what things are called, and which thing a word means."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from matcher.corpora import Corpora, open_corpora
from matcher.errors import FieldError, RulesError, RulesProblem
from matcher.ledger.books import ALL, Book
from matcher.matching.name_index import squeezed
from matcher.rules.compliance import Compliance, load_compliance
from matcher.rules.ledger import FILE, LedgerRules, Office, PaperSpec, StepSpec, load_ledger
from matcher.text.names import NameReader, name_reader
from matcher.text.normalise import normalise

_FREE = "园区还没有列出{kind}，先照写收下；请在 ledger.yaml 里列出来"


@dataclass(frozen=True)
class Setting:
    """The rules of a zone's ledgers (台账的规矩).

    Attributes:
        compliance: What promises are warned of.
    """

    rules: LedgerRules
    compliance: Compliance

    @property
    def zone(self) -> str:
        """Id of the zone (园区)."""
        return self.rules.zone

    @property
    def currencies(self) -> Mapping[str, Sequence[str]]:
        """Code → names (币种)."""
        return self.rules.file.currencies

    def title(self, book: str, field: str) -> str:
        """What a field is called (列名)."""
        return self.rules.file.books[book].fields[field][0]

    def called(self, book: str) -> str:
        """What a row of a book is called (一行叫什么)."""
        return self.rules.file.books[book].row

    def steps(self, book: str) -> Sequence[StepSpec]:
        """The steps of a book in order (各步)."""
        return self.rules.file.steps[book]

    def step(self, book: str, given: str, field: str = "state") -> StepSpec:
        """The step that a word means (认一步).

        Args:
            book: Which book, by name.
            given: Its name or id, or another word for it.
            field: Where the word was written, for the error.

        Raises:
            FieldError: None is called so.
        """
        names = {step.id: (step.name, *step.also) for step in self.steps(book)}
        key = pick(self.title(book, "state"), given, names, field=field)
        return next(step for step in self.steps(book) if step.id == key)

    def step_name(self, book: str, step: str) -> str:
        """What a step is called (步骤名); one that the rules have dropped is called by its id."""
        return next((one.name for one in self.steps(book) if one.id == step), step)

    def proofs_of(self, book: str, step: str) -> Sequence[str]:
        """Kinds of proof, any of which proves the step (这一步的证明)."""
        return next((one.proofs for one in self.steps(book) if one.id == step), ())

    @cached_property
    def papers(self) -> Mapping[str, PaperSpec]:
        """Id → paper (手续)."""
        return {paper.id: paper for paper in self.rules.file.papers}

    def family_of(self, company: str) -> str | None:
        """The group that everybody knows a company by name to be of (公认的集团), as names are compared."""
        known = self._names.parse(normalise(company)).known_group
        return squeezed([self._corpora.known_groups[known - 1].name])[0] if known else None

    @cached_property
    def _corpora(self) -> Corpora:
        return open_corpora()

    @cached_property
    def _names(self) -> NameReader:
        return name_reader(self._corpora)

    def vocabulary(self, kind: str, words: str) -> Mapping[str, Sequence[str]]:
        """Id → names of what a field of a kind may hold (可填的值)."""
        rules = self.rules
        if kind == "word":
            return rules.file.words[words]
        if kind == "measure":
            return {one.id: (one.name, *one.also) for one in rules.file.measures}
        if kind == "paper":
            return {key: (one.name, *one.also) for key, one in self.papers.items()}
        if kind == "currency":
            return self.currencies
        if kind == "mode":
            return {mode: (mode, *also) for mode, also in rules.service_modes.items()}
        if kind == "segment":
            return {segment: (name,) for (_, segment), name in rules.segments.items()}
        return {key: (name,) for key, name in (rules.groups if kind == "group" else rules.chains).items()}

    def office(self, title: str, given: str, kind: str, told: list[str], field: str = "") -> str:
        """A department or town by its own name (认部门、镇街); where the zone lists none, the word itself, with a warning.

        Raises:
            FieldError: The zone lists some, and none is called so.
        """
        offices: Sequence[Office] = self.rules.departments if kind == "department" else self.rules.towns
        if not offices:
            said = _FREE.format(kind="部门" if kind == "department" else "镇街")
            if said not in told:
                told.append(said)
            return given
        return pick(title, given, {office.name: (office.name, *office.also) for office in offices}, field=field)


def open_setting(zone: str, rules: str | Path | None = None) -> Setting:
    """The rules of a zone's ledgers, with every field of every book named (读入台账的规矩).

    Raises:
        RequestError: There is no such zone.
        RulesError: A file holds mistakes, or leaves a field without a name.
    """
    loaded = load_ledger(zone, rules)
    missing = [_missing(loaded, book) for book in ALL.values()]
    problems = [RulesProblem(FILE, 1, field, "缺少此字段") for fields in missing for field in fields]
    if problems:
        raise RulesError(problems)
    return Setting(loaded, load_compliance(rules))


def pick(title: str, given: str, names: Mapping[str, Sequence[str]], *, field: str = "") -> str:
    """The id that a word means, by id or by any of its names (认一个名目).

    Raises:
        FieldError: None is called so; the nearest is named, or all of them if they are few.
    """
    word = _key(given)
    for key, called in names.items():
        if word == _key(key) or word in map(_key, called):
            return key
    shown = list(dict.fromkeys(called[0] for called in names.values()))
    every = {_key(name): called[0] for called in names.values() for name in called}
    near = difflib.get_close_matches(word, list(every), n=1, cutoff=0.4)
    problem = f"没有「{given[:30]}」"
    if near:
        problem += f"，是不是想写「{every[near[0]]}」"
    if 0 < len(shown) <= 20:
        problem += f"，应为 {'、'.join(shown)} 之一"
    raise FieldError(title, problem, field=field)


def _key(word: str) -> str:
    return normalise(word).replace(" ", "")


def _missing(rules: LedgerRules, book: Book[Any]) -> list[str]:
    spec = rules.file.books.get(book.name)
    if spec is None:
        return [f"books.{book.name}"]
    absent = [f"books.{book.name}.fields.{field.name}" for field in book.everything if field.name not in spec.fields]
    words = [f"words.{field.words}" for field in book.fields if field.kind == "word" and field.words not in rules.file.words]
    return absent + words
