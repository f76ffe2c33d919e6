"""Turns sentences into model inputs: the split by document, the held-out excerpts and the random training snippets."""

import random
import zlib
from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from corpus import Sentence
from languages import CODES

MAX_BYTES = 192
EXCERPT_CHARACTERS = 60
DIALOGUE_SHARE = 0.6


@dataclass(frozen=True)
class Split:
    """Manual pages by purpose. A page belongs to one part in all its translations."""

    train: list[Sentence]
    calibration: list[Sentence]
    validation: list[Sentence]


def encode(texts: list[str]) -> np.ndarray:
    """UTF-8 bytes + 1, cut at MAX_BYTES and padded with 0 to the longest: int64 [len(texts), length]."""
    rows = [np.frombuffer(text.encode("utf-8")[:MAX_BYTES], np.uint8) for text in texts]
    ids = np.zeros((len(rows), max(map(len, rows))), np.int64)
    for row, target in zip(rows, ids):
        target[: len(row)] = row.astype(np.int64) + 1
    return ids


def split_by_document(manuals: list[Sentence], dialogues: list[Sentence]) -> Split:
    """Of the manual's pages 30 % validate, 5 % calibrate and 65 % train; a sentence seen in an earlier part is dropped."""
    parts = defaultdict(list)
    for sentence in manuals:
        parts[_part(sentence.document)].append(sentence)
    train = _unique(parts["train"] + dialogues, set())
    seen = {_key(sentence) for sentence in train}
    calibration = _unique(parts["calibration"], seen)
    return Split(train, calibration, _unique(parts["validation"], seen))


def excerpts(sentences: list[Sentence], per_language: int, seed: int) -> tuple[list[str], np.ndarray]:
    """`per_language` texts of at least 60 characters each (short neighbours joined) and their labels [n]."""
    texts, labels = [], []
    for label, code in enumerate(CODES):
        candidates = sorted(set(_joined([s for s in sentences if s.language == code])))
        random.Random(seed).shuffle(candidates)
        texts += candidates[:per_language]
        labels += [label] * len(candidates[:per_language])
    return texts, np.array(labels, np.int64)


class Snippets:
    """Endless random training batches: language uniform, 10 to 200 characters, from the middle of text as often as from a start."""

    def __init__(self, train: list[Sentence], manuals: set[str], seed: int):
        self._random = random.Random(seed)
        self._sources = [[_runs(train, code, manuals, inside) for inside in (True, False)] for code in CODES]

    def batch(self, size: int) -> tuple[np.ndarray, np.ndarray]:
        """Inputs [size, length] of about equal length, so that little is padded, and labels [size]."""
        length = int(10 * 20 ** self._random.random())
        labels = [self._random.randrange(len(CODES)) for _ in range(size)]
        return encode([self._snippet(label, length) for label in labels]), np.array(labels, np.int64)

    def _snippet(self, label: int, length: int) -> str:
        manual, dialogue = self._sources[label]
        run = self._random.choice(dialogue if dialogue and self._random.random() < DIALOGUE_SHARE else manual)
        start = self._start(run, length)
        return self._vary(run[start : start + length].strip()) or run[:length]

    def _start(self, run: str, length: int) -> int:
        """A sentence start (position 0) or the start of any word."""
        if len(run) <= length or self._random.random() < 0.4:
            return 0
        start = self._random.randrange(len(run) - length)
        space = run.find(" ", start)
        return start if space < 0 or space + length > len(run) else space + 1

    def _vary(self, text: str) -> str:
        """People type without capitals and full stops."""
        chance = self._random.random()
        if chance < 0.2:
            text = text.lower()
        elif chance < 0.24:
            text = text.upper()
        return text.rstrip(".!?。！？… ") if self._random.random() < 0.3 else text


def _part(document: str) -> str:
    bucket = zlib.crc32(document.encode()) % 20
    return "validation" if bucket < 6 else "calibration" if bucket == 6 else "train"


def _key(sentence: Sentence) -> tuple[str, str]:
    return sentence.language, "".join(filter(str.isalpha, sentence.text.lower()))


def _unique(sentences: list[Sentence], seen: set) -> list[Sentence]:
    """Drops what `seen` or an earlier sentence holds, comparing letters only; adds the rest to `seen`."""
    fresh = []
    for sentence in sentences:
        if _key(sentence) not in seen:
            seen.add(_key(sentence))
            fresh.append(sentence)
    return fresh


def _joined(sentences: list[Sentence]):
    """Consecutive sentences of one document, joined until they reach EXCERPT_CHARACTERS; a short rest is dropped."""
    text, document = "", None
    for sentence in sentences:
        text = f"{text} {sentence.text}".strip() if sentence.document == document else sentence.text
        document = sentence.document
        if len(text) >= EXCERPT_CHARACTERS:
            yield text
            text = ""


def _runs(train: list[Sentence], code: str, manuals: set[str], inside: bool) -> list[str]:
    """Sentences of a language, each followed by its neighbours up to 200 characters so that long snippets exist."""
    texts = [s.text for s in train if s.language == code and (s.document in manuals) == inside]
    runs = []
    for index, text in enumerate(texts):
        run = text
        while len(run) < 200 and index + 1 < len(texts):
            index += 1
            run += " " + texts[index]
        runs.append(run)
    return runs
