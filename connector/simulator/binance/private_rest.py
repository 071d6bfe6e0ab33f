"""The endpoints that need a key: admitted, brought up to date, answered, told."""

from collections.abc import Callable

from aiohttp import web

from connector.simulator.binance.order_rest import Endpoint
from connector.simulator.binance.parameters import Parameters, Rejected
from connector.simulator.binance.signing import Signing
from connector.simulator.binance.streams import Streams
from connector.simulator.binance.user_data import UserData
from connector.simulator.serving.http import Handler, json_response

_LISTEN_KEY = "/fapi/v1/listenKey"


class PrivateRest:
    """Answers what needs a key. Events of a request are sent before its answer."""

    def __init__(
        self,
        signing: Signing,
        hub: Streams,
        user_data: UserData,
        bring_up_to_date: Callable[[], object],
    ) -> None:
        self._signing = signing
        self._hub = hub
        self._user_data = user_data
        self._bring_up_to_date = bring_up_to_date

    def routes(self, endpoints: dict[tuple[str, str], Endpoint]) -> dict[tuple[str, str], Handler]:
        """Give the handlers of signed endpoints, and those of listen keys."""
        keys: dict[tuple[str, str], Endpoint] = {
            ("POST", _LISTEN_KEY): lambda _: {"listenKey": self._user_data.make_key()},
            ("PUT", _LISTEN_KEY): lambda _: {"listenKey": self._user_data.prolong()},
            ("DELETE", _LISTEN_KEY): self._close_key,
        }
        handlers = {
            route: self._handler(endpoint, signed=True) for route, endpoint in endpoints.items()
        }
        handlers.update(
            (route, self._handler(endpoint, signed=False)) for route, endpoint in keys.items()
        )
        return handlers

    def _close_key(self, parameters: Parameters) -> object:
        self._user_data.close()
        return {}

    def _handler(self, endpoint: Endpoint, *, signed: bool) -> Handler:
        admitted = self._signing.signed if signed else self._signing.known

        async def handle(request: web.Request) -> web.Response:
            try:
                parameters = await admitted(request)
                self._bring_up_to_date()
                answer = endpoint(Parameters(parameters, self._hub.listings))
            except Rejected as rejected:
                return rejected.response()
            finally:
                self._hub.flush()
            return json_response(answer)

        return handle
