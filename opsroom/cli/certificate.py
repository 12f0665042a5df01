"""TLS files for `opsroom serve`: those given, or a self-signed pair kept beside the room's files."""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Final

from opsroom.clock import wall_now
from opsroom.errors import SettingsError
from opsroom.model import MICROS_PER_S
from opsroom.settings import data_folder

if TYPE_CHECKING:
    from cryptography import x509

    from opsroom.settings import Settings

VALID_DAYS: Final = 397
SPARE_DAYS: Final = 30


def certificate_of(settings: Settings) -> tuple[Path, Path] | None:
    """Give certificate and key files as the settings ask, self-signed ones made; None without TLS.

    Raises:
        SettingsError: a file that is not there, or not of the pair.
    """
    if settings.server.tls is None:
        return None
    if settings.server.tls == "self-signed":
        return self_signed(data_folder(settings) / "tls", settings.server.host)
    pair = (Path(settings.server.tls[0]), Path(settings.server.tls[1]))
    for file in pair:
        if not file.is_file():
            raise SettingsError(
                f"{file} is not there.", remedy="Name a PEM file.", code="tls_file_missing", file=str(file)
            )
    if b"ENCRYPTED" not in pair[1].read_bytes():  # for one of those the server asks the password, once
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(*pair)
        except ssl.SSLError as error:
            raise SettingsError(
                f"{pair[0]} and {pair[1]} are no certificate and its key: {error}.",
                remedy="Name the certificate first, then the key that belongs to it, both PEM.",
                code="tls_file_invalid",
            ) from error
    return pair


def self_signed(folder: Path, host: str) -> tuple[Path, Path]:
    """Give a self-signed pair for `host` in `folder`, made anew when absent or about to run out.

    The key is readable by its owner alone.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    certificate_file, key_file = folder / "certificate.pem", folder / "key.pem"
    now = dt.datetime.fromtimestamp(wall_now() / MICROS_PER_S, dt.UTC)
    if certificate_file.exists() and key_file.exists() and _serves(certificate_file, host, now):
        return certificate_file, key_file
    folder.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _certificate(key, host, now)
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    key_file.unlink(missing_ok=True)
    with os.fdopen(os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(private)
    certificate_file.write_bytes(certificate.public_bytes(pem))
    return certificate_file, key_file


def _serves(file: Path, host: str, now: dt.datetime) -> bool:
    """Say whether the certificate in `file` names `host` and lasts a while yet."""
    from cryptography import x509

    certificate = x509.load_pem_x509_certificate(file.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    lasts = certificate.not_valid_after_utc > now + dt.timedelta(days=SPARE_DAYS)
    return lasts and _name(host) in list(names)


def _certificate(key: object, host: str, now: dt.datetime) -> x509.Certificate:
    """Sign a certificate for `host` and loopback with its own key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    assert isinstance(key, ec.EllipticCurvePrivateKey)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "opsroom")])
    names = dict.fromkeys([_name(host), _name("localhost"), _name("127.0.0.1"), _name("::1")])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName(list(names)), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )


def _name(host: str) -> x509.GeneralName:
    """Give `host` as an alternative name: an address or a DNS name."""
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
