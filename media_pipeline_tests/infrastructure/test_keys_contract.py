"""What every Keys promises, and what the use cases make of them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from media_pipeline.application.access import adopt, identify, issue
from media_pipeline.application.ports.keys import Keys
from media_pipeline.domain.api_key import digest, parts
from media_pipeline.domain.caller import Caller, Scope
from media_pipeline.domain.errors import Conflict, Denied, Missing
from media_pipeline.infrastructure.api_keys import SqlKeys
from media_pipeline.infrastructure.connections import Connections
from media_pipeline.infrastructure.database import upgrade
from media_pipeline_tests.fakes import MemoryKeys

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
BOTH = frozenset({Scope.READ, Scope.UPLOAD})


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def keys(request: pytest.FixtureRequest, tmp_path: Path) -> Keys:
    if request.param == "memory":
        return MemoryKeys()
    if request.param == "postgres":
        return SqlKeys(Connections(request.getfixturevalue("postgres").empty_catalogue()))
    url = f"sqlite:///{tmp_path}/c.db"
    upgrade(url)
    return SqlKeys(Connections(url))


def test_a_key_opens_what_it_was_given_for(keys: Keys) -> None:
    key, text = issue("the site", tenant="acme", scopes=BOTH, keys=keys, now=NOW)
    assert identify(text, keys=keys) == Caller("the site", "acme", BOTH)
    assert keys.all() == [key]
    assert parts(text)[1] not in repr(keys.all())
    assert key.digest == digest(parts(text)[1])


def changed(text: str) -> list[str]:
    other_secret = text[:-1] + ("A" if text[-1] != "A" else "B")
    return [other_secret, f"mp_{'a' * 12}{text[15:]}", "", f"{text}x", "Bearer"]


@pytest.mark.parametrize("number", range(5))
def test_any_other_text_is_denied_in_the_same_words(keys: Keys, number: int) -> None:
    _, text = issue("the site", tenant="acme", scopes=BOTH, keys=keys, now=NOW)
    with pytest.raises(Denied, match="The API key is not valid"):
        identify(changed(text)[number], keys=keys)


def test_a_revoked_key_opens_nothing_and_keeps_its_first_date(keys: Keys) -> None:
    key, text = issue("the site", tenant="acme", scopes=BOTH, keys=keys, now=NOW)
    keys.revoke(key.id, at=NOW)
    keys.revoke(key.id, at=NOW + timedelta(days=1))
    assert keys.find(key.id).revoked_at == NOW
    with pytest.raises(Denied):
        identify(text, keys=keys)


def test_what_is_not_there_is_missing_and_what_is_there_is_not_replaced(keys: Keys) -> None:
    key, _ = issue("the site", tenant="acme", scopes=BOTH, keys=keys, now=NOW)
    for call in (lambda: keys.find("nobody"), lambda: keys.revoke("nobody", at=NOW)):
        with pytest.raises(Missing):
            call()
    with pytest.raises(Conflict):
        keys.add(key)


def test_a_kept_key_is_adopted_once(keys: Keys) -> None:
    text = "mp_" + "a" * 12 + "_" + "s" * 43
    for _ in range(2):
        adopt(text, "development", tenant="default", scopes={Scope.ADMIN}, keys=keys, now=NOW)
    assert identify(text, keys=keys).may(Scope.READ)
    assert len(keys.all()) == 1


@pytest.mark.parametrize("tenant", ["", "a/b", "..", ".hidden", "A", "x" * 64, "a b"])
def test_a_tenant_is_a_folder(keys: Keys, tenant: str) -> None:
    with pytest.raises(ValueError, match="is no tenant"):
        issue("k", tenant=tenant, scopes=BOTH, keys=keys, now=NOW)
