"""What a websocket client may say: ping, auth, subscribe, unsubscribe.

Source:  bybit-exchange.github.io/docs/v5/ws/connect
"""

from collections.abc import Callable
from typing import cast

import orjson
from aiohttp import web

from connector.simulator.bybit.answers import Rejected, Row
from connector.simulator.bybit.signing import Signing
from connector.simulator.bybit.streams import Topics, TopicSession
from connector.simulator.bybit.topics import parse_topic, private_topic
from connector.simulator.serving.session import Opening

PUBLIC_PATH = "/v5/public/linear"
PRIVATE_PATH = "/v5/private"


class _Refused(Exception):
    """The whole of a request is refused; nothing was subscribed."""


class BybitDoorman:
    """Public topics without a word; the account's after `auth`."""

    def __init__(self, topics: Topics, signing: Signing, now_ms: Callable[[], int]) -> None:
        self._topics = topics
        self._signing = signing
        self._now_ms = now_ms
        self._opened = 0

    def admit(self, request: web.Request, opening: Opening) -> TopicSession:
        """Make a session, by its address."""
        session = TopicSession(opening, private=request.path == PRIVATE_PATH)
        self._opened += 1
        session.number = self._opened
        return session

    def greet(self, session: TopicSession, request: web.Request) -> None:
        """Nothing is asked for by the address."""

    def answer(self, session: TopicSession, text: str) -> bytes:
        """Do what is asked.

        Shapes:  `{"success":true,"ret_msg":"","conn_id":"…","req_id":"1","op":"subscribe"}`.
        """
        message = _object(text)
        op = message.get("op")
        try:
            if op == "ping":
                return self._pong(session, message)
            if op == "auth":
                return self._authenticate(session, message)
            if op not in ("subscribe", "unsubscribe"):
                raise _Refused("error:invalid op")
            names = [self._topic(session, each) for each in _args(message)]
            for name in names:
                self._change(session, op, name)
        except _Refused as refusal:
            return self._said(session, message, success=False, words=str(refusal))
        return self._said(session, message, success=True, words="")

    def _change(self, session: TopicSession, op: object, name: str) -> None:
        if op == "unsubscribe":
            self._topics.unsubscribe(session, name)
        elif name not in session.streams:
            self._topics.subscribe(session, name)
            self._topics.greet(session, name, self._now_ms())

    def _topic(self, session: TopicSession, given: object) -> str:
        named = str(given)
        if session.private:
            name = private_topic(named)
            if name is None:
                raise _Refused(f"error:handler not found,topic:{named}")
            if not session.admitted:
                raise _Refused("Request not authorized")
            return name
        topic = parse_topic(named)
        if topic is None or topic.symbol not in self._topics.listings:
            raise _Refused(f"error:handler not found,topic:{named}")
        return named

    def _authenticate(self, session: TopicSession, message: Row) -> bytes:
        try:
            if not session.private:
                raise _Refused("error:invalid op")
            self._signing.admit(_args(message))
        except Rejected as refusal:
            return self._said(session, message, success=False, words=str(refusal))
        session.admitted = True
        self._topics.tell_changed()
        return self._said(session, message, success=True, words="")

    def _pong(self, session: TopicSession, message: Row) -> bytes:
        if not session.private:
            return self._said(session, message, success=True, words="pong")
        content: Row = {
            "req_id": str(message.get("req_id", "")),
            "op": "pong",
            "args": [str(self._now_ms())],
            "conn_id": _connection(session),
        }
        return orjson.dumps(content)

    def _said(self, session: TopicSession, message: Row, *, success: bool, words: str) -> bytes:
        content: Row = {"success": success, "ret_msg": words, "conn_id": _connection(session)}
        if "req_id" in message:
            content["req_id"] = str(message["req_id"])
        return orjson.dumps(content | {"op": message.get("op", "")})


def _connection(session: TopicSession) -> str:
    return f"simulated-{session.number}"


def _object(text: str) -> Row:
    try:
        message: object = orjson.loads(text)
    except orjson.JSONDecodeError:
        message = None
    return cast("Row", message) if isinstance(message, dict) else {}


def _args(message: Row) -> list[object]:
    args = message.get("args")
    if not isinstance(args, list) or not args:
        raise _Refused("error:args is empty")
    return cast("list[object]", args)
