"""What the operator may set, and what is said of a wrong value."""

from pathlib import Path

import pytest

from connector.config import BadConfig, Config
from connector.domain import PriceSource


def _written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "connector.toml"
    file.write_text(text)
    return file


def test_without_anything_the_embedded_exchange_is_served_as_binance() -> None:
    config = Config.read()

    assert config.exchange.embedded
    assert config.exchange.shown_name == "binance"
    assert (config.server.host, config.server.port) == ("127.0.0.1", 50051)
    assert config.feeds.price.max_per_second == 20
    assert config.feeds.price.source is PriceSource.TICKER
    assert config.feeds.price.heartbeat_s == 10


def test_flags_win_over_the_environment_and_that_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = _written(tmp_path, '[server]\nport = 1\nhost = "::1"\n[exchange]\nid = "bybit"\n')
    monkeypatch.setenv("PORT", "2")
    monkeypatch.setenv("EXCHANGE", "OKX")

    config = Config.read(file, {"server.port": 3})

    assert (config.server.host, config.server.port, config.exchange.id) == ("::1", 3, "okx")


def test_every_key_has_an_environment_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECTOR_FEEDS__PRICE__MAX_PER_SECOND", "5")

    assert Config.read().feeds.price.max_per_second == 5


def test_config_file_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONFIG_FILE", str(_written(tmp_path, "[server]\nport = 7\n")))

    assert Config.read().server.port == 7


def test_ccxt_tables_are_handed_over_as_they_stand(tmp_path: Path) -> None:
    file = _written(
        tmp_path,
        '[exchange]\nid = "binanceusdm"\nname = "mine"\n'
        'ccxt = { urls = { api = { fapiPublic = "http://x" } }, options = { a = 1 } }\n',
    )

    config = Config.read(file)

    assert config.exchange.shown_name == "mine"
    assert config.exchange.ccxt.urls == {"api": {"fapiPublic": "http://x"}}
    assert config.exchange.ccxt.options == {"a": 1}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[server]\nprot = 1\n", "unknown key server.prot; allowed here: host, port"),
        ("[sever]\nport = 1\n", "unknown key sever; allowed here: exchange, feeds"),
        ("[server]\nport = 99999\n", "server.port: .*65535"),
        ('[feeds.price]\nsource = "midpoint"\n', "'ticker', 'bidask', 'trades' or 'mark'"),
        ("[feeds.price]\nmax_per_second = -1\n", "feeds.price.max_per_second: .*0"),
        ("[server\n", "is not TOML"),
    ],
)
def test_a_wrong_file_is_one_clear_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(BadConfig, match=message) as caught:
        Config.read(_written(tmp_path, text))

    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match=r"absent\.toml: there is no such file"):
        Config.read(tmp_path / "absent.toml")


def test_secrets_are_masked_wherever_the_config_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_SECRET", "swordfish")

    config = Config.read()

    assert config.exchange.api_secret.get_secret_value() == "swordfish"
    assert "swordfish" not in repr(config) + str(config) + config.model_dump_json()
