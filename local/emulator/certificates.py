"""ACM: what MiniStack 1.5 does not look at when a certificate is imported.

An imported certificate has the names and the end that it says, its key must be its own, and another import under the
same ARN keeps the kind of key, as in AWS. ACM gives its private keys to load balancers only; the local edge is one, so
each lies in a file that only this user reads.
"""

import json
import os
import pathlib
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from ministack.core.responses import error_response_json
from ministack.services import acm

Data = dict[str, Any]
Answer = tuple[int, dict[str, str], Any]

KEYS = pathlib.Path(os.environ["VOICEGATE_CERTIFICATE_KEYS"])
CURVES = {"secp256r1": "EC_prime256v1", "secp384r1": "EC_secp384r1", "secp521r1": "EC_secp521r1"}


def refuse(message: str) -> Answer:
    return error_response_json("ValidationException", message, 400)


def algorithm(key: Any) -> str:
    if isinstance(key, ec.EllipticCurvePublicKey):
        return CURVES.get(key.curve.name, key.curve.name)
    return f"RSA_{key.key_size}" if isinstance(key, rsa.RSAPublicKey) else type(key).__name__


def names(certificate: x509.Certificate) -> list[str]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        return extension.value.get_values_for_type(x509.DNSName)
    except x509.ExtensionNotFound:
        return []


def usages(certificate: x509.Certificate) -> list[str]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
        return [usage.dotted_string for usage in extension.value]
    except x509.ExtensionNotFound:
        return []


def import_certificate(data: Data) -> Answer:
    arn = data.get("CertificateArn")
    known = acm._get_local_certificate(arn) if arn else None
    if arn and known is None:
        return acm._certificate_not_found(arn)
    if arn and data.get("Tags"):
        return refuse("Tagging is not permitted on re-import.")
    try:
        certificate = x509.load_pem_x509_certificate(acm._decode_pem_field(data.get("Certificate")).encode())
        key = serialization.load_pem_private_key(acm._decode_pem_field(data.get("PrivateKey")).encode(), None)
    except (ValueError, TypeError):
        return refuse("The certificate or the private key is not valid PEM.")
    if key.public_key() != certificate.public_key():
        return refuse("The certificate field does not match the private key.")
    kind = algorithm(certificate.public_key())
    if known and known.get("KeyAlgorithm", kind) != kind:
        return refuse(f"The key algorithm changed from {known['KeyAlgorithm']} to {kind}.")
    lost = set((known or {}).get("_extended_key_usages", [])) - set(usages(certificate))
    if lost:
        return refuse(f"Extended key usages were removed: {', '.join(sorted(lost))}.")

    # The other way round a reader could see a certificate without its key.
    if known:
        write_key(arn, data)
    answer = _import(data)
    if answer[0] >= 400:
        return answer
    stored = acm._certificates[json.loads(answer[2])["CertificateArn"]]
    covered = names(certificate)
    common = [str(name.value) for name in certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)]
    stored.update(
        DomainName=(common or covered or [""])[0],
        SubjectAlternativeNames=covered,
        NotBefore=certificate.not_valid_before_utc.isoformat(),
        NotAfter=certificate.not_valid_after_utc.isoformat(),
        KeyAlgorithm=kind,
        Serial=format(certificate.serial_number, "x"),
        Subject=certificate.subject.rfc4514_string(),
        Issuer=certificate.issuer.rfc4514_string(),
        _extended_key_usages=usages(certificate),
    )
    write_key(stored["CertificateArn"], data)
    return answer


def key_file(arn: str) -> pathlib.Path:
    return KEYS / f"{arn.rsplit('/', 1)[1]}.key"


def write_key(arn: str, data: Data) -> None:
    """Whole or not at all."""
    KEYS.mkdir(mode=0o700, exist_ok=True)
    file = key_file(arn)
    temporary = file.with_suffix(".new")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(acm._decode_pem_field(data.get("PrivateKey")))
    temporary.replace(file)


def delete_certificate(data: Data) -> Answer:
    answer = _delete(data)
    if answer[0] < 400:
        key_file(data["CertificateArn"]).unlink(missing_ok=True)
    return answer


def shape(certificate: Data) -> Data:
    told = _shape(certificate)
    for name in ("KeyAlgorithm", "Serial", "Subject", "Issuer"):
        if name in certificate:
            told[name] = certificate[name]
    return told


_import = acm._import_certificate
_delete = acm._delete_certificate
_shape = acm._cert_shape


def install() -> None:
    acm._import_certificate = import_certificate
    acm._delete_certificate = delete_certificate
    acm._cert_shape = shape
