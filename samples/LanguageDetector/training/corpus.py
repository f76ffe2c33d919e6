"""Reads sentences out of the distribution's text packages: which texts, in which language, from which document."""

import re
import subprocess
import unicodedata
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import polib

from languages import LANGUAGES

MANUALS = "gnome-user-docs"
CAMPAIGNS = [f"wesnoth-1.16-{name}" for name in
             ["data", "did", "dm", "ei", "httt", "l", "low", "nr", "sof", "sotbe", "thot", "tsg", "ttb"]]
DIALOGUES = "fillets-ng-data"
PACKAGES = [MANUALS, *CAMPAIGNS, DIALOGUES]

MALLARD = "{http://projectmallard.org/1.0/}"
SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])")
MARKUP = re.compile(r"<[^>]*>|\$\w+(\|\S*)?|%\d*\w|\{[^}]*\}|https?://\S+")
LUA_STRING = r'"((?:[^"\\]|\\.)*)"'


@dataclass(frozen=True)
class Sentence:
    """One sentence, its language code and the document (shared by all translations) that it comes from."""

    text: str
    language: str
    document: str


def download(folder: Path) -> Path:
    """Unpacks the text packages below `folder` without installing them; returns the root of the tree."""
    root = folder / "root"
    folder.mkdir(parents=True, exist_ok=True)
    for package in PACKAGES:
        if not list(folder.glob(f"{package}_*.deb")):
            subprocess.run(["apt-get", "download", "--quiet", package], cwd=folder, check=True)
        if not (root / "usr/share/doc" / package).exists():
            subprocess.run(["dpkg-deb", "--extract", next(folder.glob(f"{package}_*.deb")), root], check=True)
    return root


def read_manuals(root: Path) -> list[Sentence]:
    """Translated paragraphs of the desktop's user manual; paragraphs left in English are dropped."""
    help_folder = root / "usr/share/help"
    english = {text for _, text in _paragraphs(help_folder / "C")}
    sentences = []
    for language, locales in LANGUAGES.items():
        for locale in locales:
            for page, paragraph in _paragraphs(help_folder / locale):
                if language == "en" or paragraph not in english:
                    sentences += [Sentence(text, language, page) for text in split(paragraph)]
    return sentences


def read_dialogues(root: Path) -> list[Sentence]:
    """Spoken lines of two games: closer to everyday speech than any manual."""
    return _read_campaigns(root / "usr/share/games/wesnoth/1.16/locale") + _read_fillets(root / "usr/share/games/fillets-ng/script")


def split(paragraph: str) -> list[str]:
    """Sentences of a paragraph: NFC, single spaces, no placeholders; pieces without three letters are dropped."""
    clean = " ".join(MARKUP.sub(" ", unicodedata.normalize("NFC", paragraph)).split())
    pieces = (piece.strip() for piece in SENTENCE_END.split(clean))
    return [piece for piece in pieces if sum(map(str.isalpha, piece)) >= 3]


def _paragraphs(folder: Path):
    for file in sorted(folder.rglob("*.page")):
        page = f"{file.parent.name}/{file.stem}"
        for element in ElementTree.parse(file).iter():
            if element.tag in (MALLARD + "p", MALLARD + "title", MALLARD + "desc"):
                text = " ".join("".join(element.itertext()).split())
                if text:
                    yield page, text


def _read_campaigns(folder: Path) -> list[Sentence]:
    lines = defaultdict(set)
    for language, locales in LANGUAGES.items():
        for file in sorted(file for locale in locales for file in folder.glob(f"{locale}/LC_MESSAGES/*.mo")):
            for entry in polib.mofile(str(file)):
                source = entry.msgid.split("^")[-1]
                lines["en", file.stem].add(source)
                if entry.msgstr not in ("", source, entry.msgid):
                    lines[language, file.stem].add(entry.msgstr)
    return [Sentence(text, language, document)
            for (language, document), texts in sorted(lines.items())
            for line in sorted(texts)
            for text in split(line)]


def _read_fillets(folder: Path) -> list[Sentence]:
    sentences = []
    for language in LANGUAGES:
        pattern = rf'dialogId\("[^"]*", "[^"]*", {LUA_STRING}\)' if language == "en" else rf"dialogStr\({LUA_STRING}\)"
        for file in sorted(folder.glob(f"*/dialogs_{language}.lua")):
            for line in re.findall(pattern, file.read_text(encoding="utf-8")):
                sentences += [Sentence(text, language, file.parent.name) for text in split(line.replace('\\"', '"'))]
    return sentences
