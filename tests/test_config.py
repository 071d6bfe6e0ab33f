"""What the operator may set, and what is said of a wrong value."""

from pathlib import Path

import pytest

from connector.config import BadConfig, Config
from connector.domain import PriceSource
from connector.masking import mask_text


def _written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "connector.toml"
    file.write_text(text)
    return file


def test_without_anything_the_embedded_exchange_is_served_as_binance() -> None:
    config = Config.read()

    assert config.exchange.embedded
    assert config.shown_name == "binance"
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


def test_an_empty_or_blank_variable_sets_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = _written(tmp_path, '[server]\nport = 7\n[exchange]\nname = "mine"\n')
    monkeypatch.setenv("PORT", " ")
    monkeypatch.setenv("EXCHANGE", "")
    monkeypatch.setenv("CONNECTOR_EXCHANGE__NAME", "")
    monkeypatch.setenv("CONNECTOR_SERVER__HOST", "  ")
    monkeypatch.setenv("CONNECTOR_SERVER", "")

    config = Config.read(file)

    assert (config.server.port, config.server.host) == (7, "127.0.0.1")
    assert (config.exchange.id, config.exchange.name) == ("sim", "mine")


def test_space_around_a_variable_is_no_part_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXCHANGE", " bybit ")
    monkeypatch.setenv("CONNECTOR_SERVER__PORT", " 7 ")
    monkeypatch.setenv("CONNECTOR_EXCHANGE__NAME", " mine ")

    config = Config.read()

    assert (config.exchange.id, config.server.port, config.exchange.name) == ("bybit", 7, "mine")


def test_variables_hold_tables_and_lists_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECTOR_FEEDS", '{"linger_s": 1, "klines": {"grace_ms": 100}}')
    monkeypatch.setenv("CONNECTOR_FEEDS__KLINES__GRACE_MS", "300")
    monkeypatch.setenv("CONNECTOR_SIMULATOR__SYMBOLS", '["BTCUSDT"]')
    monkeypatch.setenv("CONNECTOR_EXCHANGE__CCXT__OPTIONS__defaultSubType", "linear")
    monkeypatch.setenv("CONNECTOR_EXCHANGE__CCXT__OPTIONS__recvWindow", "5000")
    monkeypatch.setenv("CONNECTOR_EXCHANGE__CCXT__PROXIES__HTTPSPROXY", "http://proxy:3128")

    config = Config.read()

    assert (config.feeds.linger_s, config.feeds.klines.grace_ms) == (1, 300)
    assert config.simulator.symbols == ["BTCUSDT"]
    assert config.exchange.ccxt.options == {"defaultSubType": "linear", "recvWindow": 5000}
    assert {**config.exchange.ccxt.proxies} == {"httpsProxy": "http://proxy:3128"}


@pytest.mark.parametrize(
    ("text", "symbols"), [("3", 3), ("BTCUSDT, ETHUSDT", ["BTCUSDT", "ETHUSDT"])]
)
def test_a_variable_counts_symbols_or_names_them(
    text: str, symbols: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONNECTOR_SIMULATOR__SYMBOLS", text)

    assert Config.read().simulator.symbols == symbols


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("CONNECTOR_FOO", "CONNECTOR_FOO; allowed here: CONNECTOR_EXCHANGE, CONNECTOR_FEEDS,"),
        ("CONNECTOR_PORT", "CONNECTOR_PORT; allowed here: CONNECTOR_EXCHANGE,"),
        (
            "CONNECTOR_SERVER__PROT",
            "CONNECTOR_SERVER__PROT; allowed here: CONNECTOR_SERVER__CALLS_PER_SECOND,",
        ),
        ("CONNECTOR_SERVER__PORT__X", "PORT__X; allowed here: CONNECTOR_SERVER__PORT$"),
        ("CONNECTOR_", "CONNECTOR_; allowed here: CONNECTOR_EXCHANGE,"),
        ("CONNECTOR_EXCHANGE__CCXT__PROXIES__FOO", "FOO; allowed here: .*__PROXIES__HTTPPROXY,"),
    ],
)
def test_a_variable_that_names_no_key_is_refused(
    name: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "")

    with pytest.raises(BadConfig, match=f"^unknown environment variable .*{message}"):
        Config.read()


def test_what_kubernetes_tells_of_a_service_called_connector_is_not_meant_for_us(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in {
        "CONNECTOR_SERVICE_HOST": "10.0.0.1",
        "CONNECTOR_SERVICE_PORT": "50051",
        "CONNECTOR_SERVICE_PORT_GRPC": "50051",
        "CONNECTOR_PORT": "tcp://10.0.0.1:50051",
        "CONNECTOR_PORT_50051_TCP": "tcp://10.0.0.1:50051",
        "CONNECTOR_PORT_50051_TCP_ADDR": "10.0.0.1",
        "CONNECTOR_BYBIT_SERVICE_HOST": "10.0.0.2",
    }.items():
        monkeypatch.setenv(name, value)

    assert Config.read() == Config()


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

    assert config.shown_name == "mine"
    assert config.exchange.ccxt.urls == {"api": {"fapiPublic": "http://x"}}
    assert config.exchange.ccxt.options == {"a": 1}


def test_a_file_from_a_windows_editor_is_read(tmp_path: Path) -> None:
    file = tmp_path / "connector.toml"
    file.write_bytes(b"\xef\xbb\xbf[server]\r\nport = 7\r\n")

    assert Config.read(file).server.port == 7


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[server]\nprot = 1\n", "unknown key server.prot; allowed here: calls_per_second, host"),
        ("[sever]\nport = 1\n", "unknown key sever; allowed here: exchange, feeds"),
        ('"a\\nb" = 1\n', "unknown key a b; allowed here"),
        ("[server]\nport = 99999\n", "server.port: .*65535"),
        ("[server]\nport = 1.5\n", "server.port: .*integer"),
        ("[server]\nport = true\n", "server.port: must not be true or false"),
        ('[server]\nhost = " "\n', "server.host: must not be empty"),
        ("[server]\nhost = 3\n", "server.host: .*string"),
        ('[exchange]\nname = "  "\n', "exchange.name: must not be empty"),
        ('[exchange]\nname = ["a"]\n', "exchange.name: .*string"),
        ("[exchange]\napi_key = 5\n", "exchange.api_key: .*string"),
        ('[exchange.ccxt]\nsandbox = "perhaps"\n', "exchange.ccxt.sandbox: .*boolean"),
        ('[exchange.ccxt]\nurls = "http://x"\n', "exchange.ccxt.urls must be a table$"),
        ('[feeds.price]\nsource = "midpoint"\n', "'ticker', 'bidask', 'trades' or 'mark'"),
        ("[feeds.price]\nmax_per_second = -1\n", "feeds.price.max_per_second: .*0"),
        ("[feeds.price]\nheartbeat_s = nan\n", "feeds.price.heartbeat_s: .*0"),
        ("[feeds]\nprice = 3\n", "feeds.price must be a table with some of the keys heartbeat_s,"),
        (
            "[[feeds]]\nlinger_s = 3\n",
            "feeds must be a table with some of the keys account, funding,",
        ),
        ('exchange = "x"\n', "exchange must be a table with some of the keys api_key, .*ccxt"),
        ("server = 50051\n", "server must be a table"),
        ("simulator = false\n", "simulator must be a table"),
        ("state = []\n", "state must be a table"),
        ("state.path = 3\n", "state.path: .*string"),
        ('log = "debug"\n', "log must be a table"),
        ('log.level = "loud"\n', "log.level: .*'debug', 'info', 'warning' or 'error'"),
        ("[simulator]\nsymbols = [1]\n", "simulator.symbols: must be a count, or names such as"),
        ("[simulator]\nsymbols = 2.5\n", "simulator.symbols: must be a count, or names such as"),
        ('[simulator]\nspeed = "fast"\n', "simulator.speed: .*number"),
        ("[server\n", "is not TOML"),
    ],
)
def test_a_wrong_file_is_one_clear_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(BadConfig, match=message) as caught:
        Config.read(_written(tmp_path, text))

    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_utf_8_is_no_toml(tmp_path: Path) -> None:
    file = tmp_path / "latin.toml"
    file.write_bytes('[exchange]\nname = "b\u00f6rse"\n'.encode("latin-1"))

    with pytest.raises(BadConfig, match=r"latin\.toml: it is not TOML: not UTF-8 at byte 20"):
        Config.read(file)


def test_a_directory_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONFIG_FILE", str(tmp_path))

    with pytest.raises(BadConfig, match=r"config file .*: it is a directory, not a file"):
        Config.read()
    with pytest.raises(BadConfig, match="it is a directory, not a file"):
        Config.read(tmp_path)


def test_a_file_that_may_not_be_read_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)

    with pytest.raises(BadConfig, match=r"config file .*: it can't be read: Permission denied$"):
        Config.read(tmp_path / "locked.toml")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match=r"absent\.toml: there is no such file"):
        Config.read(tmp_path / "absent.toml")


@pytest.mark.parametrize(
    ("proxies", "message"),
    [
        (
            'foo = "http://x"',
            r"unknown key exchange\.ccxt\.proxies\.foo; allowed here: httpProxy,",
        ),
        ('apiKey = "PASSWORD"', r"unknown key exchange\.ccxt\.proxies\.apiKey"),
        (
            'httpProxy = "http://a:1"\nhttpsProxy = "http://a:1"',
            "proxies: only one of httpProxy, httpsProxy, socksProxy; given: httpProxy, httpsProxy",
        ),
        ('wsProxy = "http://a:1"\nwssProxy = "http://a:1"', "only one of wsProxy, wssProxy, wsSo"),
        (
            'httpsProxy = ""',
            "httpsProxy: must be a URL like http://proxy:3128; schemes: http, ",
        ),
        ('httpsProxy = "proxy:3128"', "httpsProxy: must be a URL like http://proxy:3128"),
        ('httpsProxy = "http://user:PASSWORD@"', "httpsProxy: must be a URL like"),
        ('httpsProxy = "http://user:PASS/WORD@proxy:1"', "httpsProxy: must be a URL like"),
        ('httpsProxy = "http://proxy:70000"', "httpsProxy: must be a URL like"),
        ('httpsProxy = "http://pro xy"', "httpsProxy: must be a URL like"),
        ('wssProxy = "socks5://proxy:1080"', "wssProxy: must be a URL like http://proxy:3128"),
        ('socksProxy = "http://proxy:1080"', "socksProxy: must be a URL like socks5://proxy:1080"),
        ("httpsProxy = 3", "httpsProxy: .*string"),
    ],
)
def test_proxies_that_ccxt_would_never_get_through_are_refused(
    tmp_path: Path, proxies: str, message: str
) -> None:
    with pytest.raises(BadConfig, match=message) as caught:
        Config.read(_written(tmp_path, f"[exchange.ccxt.proxies]\n{proxies}\n"))

    assert "\n" not in str(caught.value)
    assert "PASSWORD" not in str(caught.value)


def test_one_proxy_for_requests_and_one_for_websockets_are_handed_over(tmp_path: Path) -> None:
    file = _written(
        tmp_path,
        "[exchange.ccxt.proxies]\n"
        'httpsProxy = "http://user:PASSWORD@proxy:3128"\nwssProxy = "https://[::1]:1/"\n',
    )

    assert {**Config.read(file).exchange.ccxt.proxies} == {
        "httpsProxy": "http://user:PASSWORD@proxy:3128",
        "wssProxy": "https://[::1]:1/",
    }


@pytest.mark.parametrize("installed", [True, False])
def test_socks_needs_a_package_of_its_own(
    tmp_path: Path, installed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find_spec(_: str) -> object:
        return installed or None

    monkeypatch.setattr("connector.proxies.find_spec", find_spec)
    file = _written(tmp_path, '[exchange.ccxt.proxies]\nwsSocksProxy = "socks5h://proxy:1080"\n')

    if installed:
        assert {**Config.read(file).exchange.ccxt.proxies} == {
            "wsSocksProxy": "socks5h://proxy:1080"
        }
    else:
        with pytest.raises(BadConfig, match="wsSocksProxy: needs the package aiohttp_socks"):
            Config.read(file)


def test_secrets_are_masked_wherever_the_config_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_SECRET", "swordfish")

    config = Config.read()

    assert config.exchange.api_secret.get_secret_value() == "swordfish"
    assert "swordfish" not in repr(config) + str(config) + config.model_dump_json()


def test_passwords_in_addresses_and_secrets_among_ccxt_options_are_masked_too(
    tmp_path: Path,
) -> None:
    file = _written(
        tmp_path,
        """
        [exchange.ccxt.proxies]
        httpsProxy = "http://user:PASSWORD@proxy:3128"
        wssProxy = "http://user:PASSWORD@proxy:3128/"
        [exchange.ccxt.urls.api]
        fapiPublic = "https://me:PASSWORD@gateway/fapi/v1"
        ws = ["wss://gateway/ws?listenKey=PASSWORD&stream=x"]
        [exchange.ccxt.options]
        apiKey = "PASSWORD"
        client_secret = "PASSWORD"
        password = 7777
        passphrase = ["PASSWORD"]
        privateKey = { pem = "PASSWORD" }
        brokerToken = "PASSWORD"
        headers = { Authorization = "PASSWORD", Accept = "any" }
        defaultType = "swap"
        key = ""
        """,
    )

    config = Config.read(file)
    shown = repr(config) + str(config) + str(config.model_dump()) + config.model_dump_json()

    assert config.exchange.ccxt.options["apiKey"] == "PASSWORD"
    assert "PASSWORD" not in shown
    assert "7777" not in shown
    assert config.model_dump()["exchange"]["ccxt"] == {
        "proxies": {
            "httpsProxy": "http://**********@proxy:3128",
            "wssProxy": "http://**********@proxy:3128/",
        },
        "urls": {
            "api": {
                "fapiPublic": "https://**********@gateway/fapi/v1",
                "ws": ["wss://gateway/ws?listenKey=**********&stream=x"],
            }
        },
        "options": {
            "apiKey": "**********",
            "client_secret": "**********",
            "password": "**********",
            "passphrase": "**********",
            "privateKey": "**********",
            "brokerToken": "**********",
            "headers": {"Authorization": "**********", "Accept": "any"},
            "defaultType": "swap",
            "key": "",
        },
        "sandbox": False,
    }


def test_an_error_of_a_config_made_in_code_shows_no_input() -> None:
    with pytest.raises(ValueError, match="port") as caught:
        Config.model_validate({"server": {"port": "PASSWORD"}})

    assert "PASSWORD" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("no address: a@b, ?key", "no address: a@b, ?key"),
        ("GET http://u:p@[::1]:8080/x failed", "GET http://**********@[::1]:8080/x failed"),
        ("http://u:p/w@d@host/x", "http://**********@host/x"),
        ('{"error": "wss://u@a", "b": "c@d"}', '{"error": "wss://**********@a", "b": "c@d"}'),
        ("https://a/b?symbol=X&signature=ab12", "https://a/b?symbol=X&signature=**********"),
        (f"wss://a/ws/{'Ab1' * 21}x failed", "wss://a/ws/********** failed"),
        ("https://a/fapi/v1/klines?symbol=X&limit=5", "https://a/fapi/v1/klines?symbol=X&limit=5"),
    ],
)
def test_what_is_secret_in_a_url_is_masked_and_nothing_else(text: str, shown: str) -> None:
    assert mask_text(text) == shown


def test_the_key_of_a_client_in_the_environment_is_none_of_the_servers_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CONNECTOR_API_KEY", "KEY")
    monkeypatch.setenv("CONNECTOR_API_KEY_FILE", "key")

    assert Config.read() == Config()
