import copy
import json
import logging
import pickle

import pytest

from console.codego.secret import HIDDEN, Secret, redact


def test_it_shows_itself_only_when_asked():
    secret = Secret("vcck_sbx_abc")
    assert [str(secret), repr(secret), f"{secret}", f"{secret!r:>10}", f"{secret}"] == [
        HIDDEN,
        HIDDEN,
        HIDDEN,
        HIDDEN.rjust(10),
        HIDDEN,
    ]
    assert secret.reveal() == "vcck_sbx_abc"


def test_it_does_not_travel():
    with pytest.raises(TypeError):
        pickle.dumps(Secret("x"))
    with pytest.raises(TypeError):
        copy.deepcopy(Secret("x"))
    with pytest.raises(TypeError):
        json.dumps(Secret("x"))


def test_it_does_not_reach_a_log(caplog):
    with caplog.at_level(logging.INFO, "deckhand.codego"):
        logging.getLogger("deckhand.codego").info("key %s %r", Secret("hush"), Secret("hush"))
    assert f"key {HIDDEN} {HIDDEN}" in caplog.text


def test_it_compares_and_counts_as_its_value():
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1
    assert not Secret("")


@pytest.mark.parametrize(
    "text",
    [
        "bad key vcck_live_abc-DEF_1",
        "secret whsec_0123abc",
        "token eyJhbGciOi.eyJzdWIi.c2ln",
        "card 4242424242424242 refused",
        "card 4242 4242 4242 4242 refused",
        "the known one",
    ],
)
def test_what_looks_secret_is_hidden_in_texts(text):
    hidden = redact(text, [Secret("known one")])
    assert HIDDEN in hidden
    assert not any(part in hidden for part in ("abc", "c2ln", "4242", "known"))


@pytest.mark.parametrize("text", ["id 5b1e0000-0000-4000-8000-000000000002", "amount 1250 on 2026-07-01", ""])
def test_ids_and_amounts_stay(text):
    assert redact(text, [Secret("")]) == text
