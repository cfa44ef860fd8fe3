"""The look at why a broker cannot be reached sees what the client itself sees, and costs nobody anything more."""

from tests.security.issuer import CLIENT, SECRET
from tests.security.secured import SecuredBroker

from policywire.stream.cluster import Cluster
from policywire.stream.settings import load_settings


async def test_a_good_token_is_used_for_the_look_too_while_its_endpoint_is_away(secured: SecuredBroker) -> None:
    given = secured.oauth(
        oauth_token_endpoint=secured.issuer.token_endpoint, oauth_client_id=CLIENT, oauth_client_secret=SECRET
    )
    async with Cluster(load_settings({"kafka": given}).kafka) as cluster:
        asked = secured.issuer.asked
        secured.issuer.away = True
        try:
            # As after a request that found no connection to a broker that is back by now.
            cluster._unreached.update(each.nodeId for each in cluster._client.cluster.brokers())
            await cluster.refresh()
        finally:
            secured.issuer.away = False
    assert secured.issuer.asked == asked
