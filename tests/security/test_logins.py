"""Who gets in: each way of logging in works on a real Kafka, and each fault of it ends the worker with the mend."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.security.acls import granted, rights_of
from tests.security.certificates import KEY_PASSWORD
from tests.security.issuer import CLIENT, SECRET
from tests.security.secured import USER, SecuredBroker
from tests.security.workers import Running, command, decided, environment, refusal_of

WRONG = "hunter2-5583"
WAYS = ("password", "certificate", "locked key", "token file", "token endpoint")


def way_in(secured: SecuredBroker, way: str, folder: Path) -> dict[str, Any]:
    if way == "password":
        return secured.scram()
    if way == "certificate":
        return secured.mutual(USER)
    if way == "locked key":
        kafka = secured.mutual(USER)
        locked = secured.authority.client(USER, password=KEY_PASSWORD)
        return kafka | {"ssl_key_file": locked.key, "ssl_key_password": KEY_PASSWORD}
    if way == "token file":
        (folder / "token").write_text(secured.issuer.token(USER) + "\n")
        return secured.oauth(oauth_token_file=folder / "token")
    return by_endpoint(secured)


def by_endpoint(secured: SecuredBroker, **changes: Any) -> dict[str, Any]:
    return (
        secured.oauth(
            oauth_token_endpoint=secured.issuer.token_endpoint, oauth_client_id=CLIENT, oauth_client_secret=SECRET
        )
        | changes
    )


@pytest.mark.parametrize("way", WAYS)
async def test_who_may_come_in_decides_events(way: str, secured: SecuredBroker, topics: str, tmp_path: Path) -> None:
    kafka = way_in(secured, way, tmp_path)
    async with granted(secured.admin, USER, rights_of("worker", topics, "test")):
        with Running(topics, kafka, tmp_path / "log"):
            assert await decided(secured.admin, topics, 1) == "not_medically_necessary"


def test_a_wrong_password_names_its_setting(secured: SecuredBroker, topics: str) -> None:
    said = refusal_of(topics, secured.scram(sasl_password=WRONG))
    assert "User:worker" in said
    assert "POLICYWIRE_KAFKA__SASL_PASSWORD" in said
    assert WRONG not in said


def test_an_unknown_authority_names_the_file_of_authorities(secured: SecuredBroker, topics: str) -> None:
    said = refusal_of(topics, secured.scram(ssl_ca_file=secured.other_authority.file))
    assert f"signed by none of {secured.other_authority.file}" in said
    assert "POLICYWIRE_KAFKA__SSL_CA_FILE" in said


def test_without_a_file_the_authorities_are_the_systems(secured: SecuredBroker, topics: str) -> None:
    assert "the system's authorities" in refusal_of(topics, secured.scram(ssl_ca_file=None))


def test_a_certificate_for_another_host_is_refused(secured: SecuredBroker, topics: str) -> None:
    said = refusal_of(topics, secured.scram(bootstrap_servers=secured.address("SASL", "localhost")))
    assert "the broker's certificate is not for localhost" in said
    assert "POLICYWIRE_KAFKA__BOOTSTRAP_SERVERS" in said


def test_an_expired_certificate_of_the_broker_is_told_to_those_who_renew_it(
    secured: SecuredBroker, topics: str
) -> None:
    said = refusal_of(topics, secured.scram(bootstrap_servers=secured.address("EXPIRED")))
    assert "the broker's certificate has expired" in said


def test_an_expired_certificate_of_the_client_is_named(secured: SecuredBroker, topics: str) -> None:
    old = secured.authority.client("old-worker", days=-1)
    said = refusal_of(topics, secured.mutual(USER, ssl_certificate_file=old.chain, ssl_key_file=old.key))
    assert f"POLICYWIRE_KAFKA__SSL_CERTIFICATE_FILE, {old.chain}" in said
    assert "expired" in said


def test_a_certificate_of_another_authority_is_named(secured: SecuredBroker, topics: str) -> None:
    other = secured.other_authority.client(USER)
    said = refusal_of(topics, secured.mutual(USER, ssl_certificate_file=other.chain, ssl_key_file=other.key))
    assert f"POLICYWIRE_KAFKA__SSL_CERTIFICATE_FILE, {other.chain}" in said


def test_a_broker_that_wants_a_certificate_is_told_from_one_that_is_away(secured: SecuredBroker, topics: str) -> None:
    said = refusal_of(topics, secured.mutual(USER, ssl_certificate_file=None, ssl_key_file=None))
    assert "the broker wants this client's certificate" in said
    assert "POLICYWIRE_KAFKA__SSL_CERTIFICATE_FILE" in said


@pytest.mark.parametrize("password", [None, WRONG])
def test_a_locked_key_without_its_password_does_not_wait_for_somebody_at_a_terminal(
    password: str | None, secured: SecuredBroker, topics: str
) -> None:
    locked = secured.authority.client("locked", password=KEY_PASSWORD)
    certificate = {"ssl_certificate_file": locked.chain, "ssl_key_file": locked.key, "ssl_key_password": password}
    said = refusal_of(topics, secured.mutual(USER) | certificate)
    assert "POLICYWIRE_KAFKA__SSL_KEY_PASSWORD" in said


def test_a_file_of_authorities_that_is_not_there_is_named(secured: SecuredBroker, topics: str, tmp_path: Path) -> None:
    said = refusal_of(topics, secured.scram(ssl_ca_file=tmp_path / "gone.pem"))
    assert f"POLICYWIRE_KAFKA__SSL_CA_FILE: {tmp_path / 'gone.pem'}" in said


@pytest.mark.parametrize(
    "changes", [{"seconds": -60}, {"audience": "another-service"}], ids=["expired", "for somebody else"]
)
def test_a_token_that_the_broker_refuses_is_named_by_its_source(
    changes: dict[str, Any], secured: SecuredBroker, topics: str, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text(secured.issuer.token(USER, **changes))
    said = refusal_of(topics, secured.oauth(oauth_token_file=tmp_path / "token"))
    assert "does not accept the token of POLICYWIRE_KAFKA__OAUTH_TOKEN_FILE" in said


@pytest.mark.parametrize("content", [None, "", "two words"], ids=["no file", "empty", "no token"])
def test_a_file_without_a_token_is_named(
    content: str | None, secured: SecuredBroker, topics: str, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_text(content)
    said = refusal_of(topics, secured.oauth(oauth_token_file=file))
    assert f"POLICYWIRE_KAFKA__OAUTH_TOKEN_FILE: {file}" in said


def test_a_client_that_the_endpoint_refuses_is_told_so(secured: SecuredBroker, topics: str) -> None:
    said = refusal_of(topics, by_endpoint(secured, oauth_client_secret=WRONG))
    assert "refuses POLICYWIRE_KAFKA__OAUTH_CLIENT_ID: invalid_client" in said
    assert WRONG not in said


def test_an_endpoint_that_is_away_is_a_passing_fault(secured: SecuredBroker, topics: str) -> None:
    secured.issuer.away = True
    try:
        run = command(topics, by_endpoint(secured), "worker")
    finally:
        secured.issuer.away = False
    assert run.returncode == 1
    assert "POLICYWIRE_KAFKA__OAUTH_TOKEN_ENDPOINT answers with status 503" in run.stderr
    assert "Traceback" not in run.stderr


def test_a_password_is_in_no_setting_that_a_process_list_shows(secured: SecuredBroker, topics: str) -> None:
    help_text = command(topics, {}, "worker", "--help").stdout
    assert "--group" in help_text
    assert "password" not in help_text
    assert "POLICYWIRE_KAFKA__SASL_PASSWORD" in environment(topics, secured.scram())


async def test_a_new_token_is_read_when_the_connections_are_made_anew(
    secured: SecuredBroker, topics: str, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text(secured.issuer.token(USER, seconds=8))
    async with granted(secured.admin, USER, rights_of("worker", topics, "test")):
        with Running(topics, secured.oauth(oauth_token_file=token), tmp_path / "log"):
            await decided(secured.admin, topics, 1)
            token.write_text(secured.issuer.token(USER, seconds=600))
            # Kafka ends a connection at the first request after its token has expired.
            for number in range(2, 8):
                await asyncio.sleep(2)
                assert await decided(secured.admin, topics, number) == "not_medically_necessary"


async def test_a_worker_whose_token_is_no_longer_renewed_ends(
    secured: SecuredBroker, topics: str, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text(secured.issuer.token(USER, seconds=8))
    async with granted(secured.admin, USER, rights_of("worker", topics, "test")):
        # Kafka takes a token for 30 s longer, for clocks that differ (sasl.oauthbearer.clock.skew.seconds).
        said = await asyncio.to_thread(refusal_of, topics, secured.oauth(oauth_token_file=token), within_s=90)
    assert "does not accept the token of POLICYWIRE_KAFKA__OAUTH_TOKEN_FILE" in said
