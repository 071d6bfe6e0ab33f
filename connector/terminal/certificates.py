"""A certificate as who has only its files sees it: until when, and for whom."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509

from connector.config import BadConfig, TlsConfig


@dataclass(frozen=True)
class OwnCertificate:
    """The server's certificate and its key, PEM."""

    pem: bytes
    key: bytes
    client_ca: bytes | None
    until: datetime
    name: str


def own_certificate(config: TlsConfig) -> OwnCertificate:
    """Read the server's own files. Errors: BadConfig that names the file."""
    files: dict[str, bytes] = {}
    for field in ("cert", "key", "client_ca"):
        path = str(getattr(config, field))
        if path:
            try:
                files[field] = Path(path).read_bytes()
            except OSError as error:
                raise BadConfig(f"server.tls.{field} {path}: {error.strerror or error}") from None
    try:
        certificate = x509.load_pem_x509_certificate(files["cert"])
    except ValueError:
        raise BadConfig(f"server.tls.cert {config.cert}: it is no PEM certificate") from None
    return OwnCertificate(
        files["cert"],
        files["key"],
        files.get("client_ca"),
        certificate.not_valid_after_utc,
        _name(certificate),
    )


def _name(certificate: x509.Certificate) -> str:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ""
    return next(iter(names.value.get_values_for_type(x509.DNSName)), "")
