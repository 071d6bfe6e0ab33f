"""The exchange, asked by bare aiohttp: signed requests on kept connections."""

import asyncio
import hmac
import itertools
import time
from hashlib import sha256
from urllib.parse import urlencode

import aiohttp

from connector.simulator.config import USUAL_KEY, USUAL_SECRET


class Asking:
    """Signed requests by aiohttp alone; an answer is read and not looked into."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self._ids = itertools.count(time.time_ns())

    async def order(self, symbol: str, price: str, quantity: str) -> None:
        """Place what the connector would place."""
        await self._signed(
            "POST",
            "/fapi/v1/order",
            symbol=symbol,
            side="BUY",
            newClientOrderId=f"bench{next(self._ids)}",
            newOrderRespType="RESULT",
            type="LIMIT",
            quantity=quantity,
            price=price,
            timeInForce="GTC",
        )

    async def account(self) -> None:
        """Ask both questions of which the connector makes an account, at once."""
        await asyncio.gather(
            self._signed("GET", "/fapi/v3/account"), self._signed("GET", "/fapi/v3/positionRisk")
        )

    async def cancel(self, symbol: str) -> None:
        """Cancel every order of a symbol."""
        await self._signed("DELETE", "/fapi/v1/allOpenOrders", symbol=symbol)

    async def _signed(self, method: str, path: str, **parameters: str) -> bytes:
        stamp = str(time.time_ns() // 1_000_000)
        query = urlencode({"timestamp": stamp, **parameters, "recvWindow": "10000"})
        signature = hmac.new(USUAL_SECRET.encode(), query.encode(), sha256).hexdigest()
        signed = f"{query}&signature={signature}"
        headers = {"X-MBX-APIKEY": USUAL_KEY}
        body = None
        if method == "POST":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = signed
        url = path if body else f"{path}?{signed}"
        async with self._session.request(method, url, headers=headers, data=body) as answer:
            answer.raise_for_status()
            return await answer.read()
