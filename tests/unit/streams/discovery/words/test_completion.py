"""Completion and authentication words, by role and in many languages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from streams.discovery.words import completion as words
from streams.discovery.words.completion import STRONG, WEAK, meaning, signs_in


@pytest.mark.parametrize(
    "label",
    ["submit", "absenden", "enregistrer", "guardar", "salvar", "salva", "opslaan", "zapisz", "spara", "kaydet",
     "сохранить", "保存", "제출", "send reply", "bestellung absenden"],
)  # fmt: skip
def test_completions_of_many_languages(label: str) -> None:
    assert meaning("click", f"button:{label}").completion == STRONG


@pytest.mark.parametrize(
    ("kind", "element", "completion"),
    [
        ("click", "button:add", WEAK),
        ("click", "button:next", 0),
        ("click", "button:create", 0),
        ("click", "field:save", 0),
        ("copy", "button:save", 0),
        ("edit", "field:ok", 0),
        ("submit", "form", STRONG),
        ("save", "", STRONG),
        ("click", "button:okra", 0),
        ("click", "button:sign in", 0),
    ],
)
def test_role_and_kind_decide_too(kind: str, element: str, completion: int) -> None:
    assert meaning(kind, element).completion == completion


def test_signing_in_is_told() -> None:
    assert meaning("edit", "field:password").authentication
    assert meaning("edit", "field:benutzername").authentication
    assert not meaning("edit", "field:amount").authentication


def test_at_least_ten_languages_have_every_role() -> None:
    data = json.loads((Path(words.__file__).parent / "words.json").read_text(encoding="utf-8"))
    assert len(set.intersection(*(set(by_language) for by_language in data.values()))) >= 10


@pytest.mark.parametrize(
    ("screen", "element", "signing"),
    [
        ("portal.example.org/login", "page", True),
        ("sign in", "field:user", True),
        ("bank.example.org", "field:password", True),
        ("Anmeldung", "button:weiter", True),
        ("bank.example.org/payments", "field:user group", False),
        ("orders", "button:save", False),
        ("", "", False),
    ],
)
def test_signing_in_is_told_by_the_screen_or_the_element(screen: str, element: str, signing: bool) -> None:
    assert signs_in(screen, element) is signing
