"""The server's certificate, and those of clients; read anew when a file changes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import structlog

from connector.config import BadConfig

if TYPE_CHECKING:
    from connector.config import TlsConfig

log = structlog.get_logger(__name__)


class Certificates:
    """What the server shows and asks for in a handshake.

    Errors:  BadConfig at construction for a file that can't be read or isn't PEM.
    """

    def __init__(self, config: TlsConfig) -> None:
        self._paths = {"cert": config.cert, "key": config.key}
        if config.client_ca:
            self._paths["client_ca"] = config.client_ca
        self._seen = self._stamp()
        self._read = self._contents()

    def credentials(self) -> grpc.ServerCredentials:
        """Give the credentials of a port; each handshake looks whether the files changed."""
        return grpc.dynamic_ssl_server_credentials(
            self._configuration(),
            self._renewed,
            require_client_authentication="client_ca" in self._paths,
        )

    def _renewed(self) -> grpc.ServerCertificateConfiguration:
        """Give the certificates that hold now. Called before each handshake, on gRPC's threads."""
        stamp = self._stamp()
        if stamp != self._seen:
            self._seen = stamp
            try:
                self._read = self._contents()
                log.info("certificates read")
            except BadConfig as error:
                log.error("the certificates can't be used; those before hold", error=str(error))
        return self._configuration()

    def _configuration(self) -> grpc.ServerCertificateConfiguration:
        read = self._read
        return grpc.ssl_server_certificate_configuration(
            [(read["key"], read["cert"])], root_certificates=read.get("client_ca")
        )

    def _contents(self) -> dict[str, bytes]:
        read: dict[str, bytes] = {}
        for name, path in self._paths.items():
            try:
                read[name] = Path(path).read_bytes()
            except OSError as error:
                raise BadConfig(f"server.tls.{name} {path}: {error.strerror or error}") from None
            if b"-----BEGIN " not in read[name]:
                raise BadConfig(f"server.tls.{name} {path}: it is not PEM")
        return read

    def _stamp(self) -> tuple[tuple[int, int] | None, ...]:
        return tuple(_stamp_of(Path(path)) for path in self._paths.values())


def _stamp_of(path: Path) -> tuple[int, int] | None:
    try:
        told = path.stat()
    except OSError:
        return None
    return told.st_mtime_ns, told.st_size
