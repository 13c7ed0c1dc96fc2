"""Package URLs (purl-spec and its types): the name by which scanners know a package."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from converter.analyze.packages.languages.model import LanguagePackage
from converter.analyze.packages.model import Distribution, Package

_DISTRIBUTIONS = {"deb": "debian", "apk": "alpine"}  # when os-release does not say


def package_url(package: Package, distribution: Distribution | None) -> str:
    """`pkg:deb/debian/libc6@2.36-9?arch=amd64&distro=debian-12`."""
    vendor = distribution.id if distribution else _DISTRIBUTIONS.get(package.kind, "")
    epoch, colon, rest = package.version.partition(":")
    qualifiers = {"arch": package.architecture}
    version = package.version
    if package.kind == "rpm" and colon:  # the epoch of a deb is part of its version, that of an rpm is not
        version, qualifiers["epoch"] = rest, epoch
    if distribution is not None and distribution.version:
        qualifiers["distro"] = f"{distribution.id}-{distribution.version}"
    name = package.name if package.kind == "rpm" else package.name.lower()
    return _url(package.kind, vendor.lower(), name, version, qualifiers)


def language_url(package: LanguagePackage) -> str:
    """`pkg:golang/github.com/spf13/cobra@v1.8.0`, `pkg:npm/%40babel/core@7.0.0`.

    Names are in lower case where the type's registry knows no other (purl-spec, its types' definitions).
    """
    namespace, name = package.namespace, package.name
    if package.kind == "pypi":
        name = name.lower().replace("_", "-")
    elif package.kind in ("npm", "composer"):
        namespace, name = namespace.lower(), name.lower()
    return _url(package.kind, namespace, name, package.version, {})


def _url(kind: str, namespace: str, name: str, version: str, qualifiers: Mapping[str, str]) -> str:
    out = f"pkg:{kind}/"
    if namespace:
        out += "/".join(quote(part, safe="") for part in namespace.split("/")) + "/"
    out += quote(name, safe="")
    if version:
        out += "@" + quote(version, safe=":")
    told = [f"{key}={quote(value, safe=':')}" for key, value in sorted(qualifiers.items()) if value]
    return out + ("?" + "&".join(told) if told else "")
