"""What must not be seen of a value that is shown: passwords in addresses, secrets by their key."""

import math
import re
from collections.abc import Mapping
from typing import cast

MASK = "**********"

_SECRET_KEY = re.compile(
    r"secret|passw|passphrase|passcode|token|credential|authorization|cookie|mnemonic|signature"
    r"|twofa|keys?$",
    re.IGNORECASE,
)
_USERINFO = re.compile(r"""(?<=://)[^\s"'<>]*(?=@)""")
"""Up to the last @ of the word: a password may hold an @ or a / that nobody has escaped."""
_LISTEN_KEY = re.compile(r"(?<=/)[A-Za-z0-9]{60,}")
"""Who knows it reads the account's stream; it is part of a websocket's address."""
_QUERY = re.compile(r"\?[^\s\"']*")
_SECRET_PARAMETER = re.compile(
    r"""(?<=[?&])([\w-]*(?:secret|passw|passphrase|token|signature|key)[\w-]*=)[^\s&#"'<>\\\x1b]+""",
    re.IGNORECASE,
)


def masked(value: object, key: str = "") -> object:
    """Give the value as it may be shown: a copy of its tables and lists, secrets replaced.

    Shapes:  as TOML and JSON have them; a number that JSON can't write becomes text.
    """
    if _SECRET_KEY.search(key) and value not in (None, "") and not isinstance(value, bool):
        return MASK
    if isinstance(value, Mapping):
        table = cast("Mapping[object, object]", value)
        return {str(name): masked(inner, str(name)) for name, inner in table.items()}
    if isinstance(value, list | tuple):
        return [masked(each) for each in cast("list[object]", value)]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return mask_text(value) if isinstance(value, str) else value


def mask_text(text: str) -> str:
    """Mask a URL's user and password, listen key, and parameters that are named like secrets."""
    if "://" in text:
        text = _LISTEN_KEY.sub(MASK, _USERINFO.sub(MASK, text))
    return _SECRET_PARAMETER.sub(rf"\1{MASK}", text) if "=" in text else text


def without_queries(text: str) -> str:
    """Cut the query off each address: signatures and keys travel there."""
    return _QUERY.sub("", text)
