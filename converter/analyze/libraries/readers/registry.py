"""The readers by the names that the data files use."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from converter.analyze.libraries.readers import (
    apache,
    krb5,
    lighttpd,
    nginx,
    nsswitch,
    openssl,
    pam,
    php,
    pkcs11,
    redis,
)
from converter.analyze.libraries.readers.findings import Findings
from converter.analyze.libraries.surroundings import Surroundings

Reader = Callable[[Surroundings, str], Findings]

READERS: Mapping[str, Reader] = {
    "apache": apache.read,
    "krb5": krb5.read,
    "lighttpd": lighttpd.read,
    "nginx": nginx.read,
    "nsswitch": nsswitch.read,
    "openssl": openssl.read,
    "pam": pam.read,
    "php": php.read,
    "pkcs11": pkcs11.read,
    "redis": redis.read,
}
