"""What configurations name: one case a rule of each reader."""

from __future__ import annotations

import pytest

from tests.builders.runtime_images import LIB, LIBC, files, found, lib, paths
from tests.builders.trees import regular

_APP = "/usr/bin/app"


@pytest.mark.parametrize(
    ("configuration", "symbol", "verdef", "expected"),
    [
        (
            b"hosts: files mdns4_minimal [NOTFOUND=return] dns # why\n",
            "getaddrinfo",
            b"GLIBC_2.34",
            ["mdns4_minimal"],
        ),
        (b"hosts: files dns\n", "getaddrinfo", b"GLIBC_2.34", []),
        (b"hosts: files dns\n", "gethostbyname", b"GLIBC_2.31", ["dns", "files"]),
        (b"hosts: files mdns4_minimal\n", "getpwnam", b"GLIBC_2.34", []),
        (b"passwd: compat\npasswd_compat: sss\n", "getpwuid_r", b"GLIBC_2.34", ["compat", "sss"]),
        (b"passwd: compat\n", "getpwuid_r", b"GLIBC_2.34", ["compat", "nis"]),
        (b"passwd: ../../evil\n", "getpwuid_r", b"GLIBC_2.34", []),
        (None, "getpwnam", b"GLIBC_2.31", ["compat", "files", "nis"]),
        (None, "getpwnam", b"GLIBC_2.34", []),
        (b"initgroups: sss\n", "getgrouplist", b"GLIBC_2.34", ["sss"]),
    ],
)
def test_nsswitch(configuration: bytes | None, symbol: str, verdef: bytes, expected: list[str]) -> None:
    names = ["compat", "dns", "files", "mdns4_minimal", "nis", "sss"]
    entries = {f"{LIB}/libnss_{name}.so.2": lib() for name in names}
    if configuration is not None:
        entries["/etc/nsswitch.conf"] = regular(configuration)
    result = found(entries, called={_APP: [symbol]}, verdef=[verdef])
    assert sorted(paths(result)) == [f"{LIB}/libnss_{name}.so.2" for name in expected]


_CRYPTO = (
    b'\0OPENSSLDIR: "/usr/lib/ssl"\0ENGINESDIR: "/usr/lib/engines-3"\0MODULESDIR: "/usr/lib/ossl-modules"\0'
)
_OPENSSL = {
    f"{LIB}/libcrypto.so.3": lib(text=_CRYPTO),
    "/usr/lib/ossl-modules/legacy.so": lib(),
    "/usr/lib/ossl-modules/fips.so": lib(),
    "/usr/lib/engines-3/afalg.so": lib(),
    "/usr/lib/engines-3/padlock.so": lib(),
}


def openssl(configuration: bytes = b"", **fields: object) -> list[str]:
    entries = _OPENSSL | {"/usr/lib/ssl/openssl.cnf": regular(configuration)}
    result = found(entries, needed=[b"libcrypto.so.3"], **fields)
    return [path.rpartition("/")[2] for path in paths(result)]


def test_openssl_configuration() -> None:
    activated = (
        b"openssl_conf = init\n[ init ]\nproviders = p # ours\nengines=e\n[p]\ndefault = d\nlegacy = l\n"
        b"[d]\nactivate = 1\n[l]\nactivate = 1\n[e]\nx = ex\n"
        b"[ex]\ndynamic_path = /usr/lib/engines-3/afalg.so\n"
    )
    assert openssl(activated) == ["legacy.so", "afalg.so"]
    assert openssl(b"[init]\n" + activated) == []  # openssl_conf belongs to the section without a name
    assert openssl(b".include /etc/x.cnf\n") == []


def test_openssl_includes_folders_and_ends() -> None:
    entries = _OPENSSL | {
        "/usr/lib/ssl/openssl.cnf": regular(b".include /etc/ssl/more\n.include = /usr/lib/ssl/openssl.cnf\n"),
        "/etc/ssl/more/a.cnf": regular(b"openssl_conf = i\n[i]\nproviders = p\n[p]\nfips = f\n"),
        "/etc/ssl/more/ignored.txt": regular(b"[p]\nlegacy = l\n"),
    }
    result = found(entries, needed=[b"libcrypto.so.3"])
    assert paths(result) == ["/usr/lib/ossl-modules/fips.so"]
    assert files(result) == ["/etc/ssl/more/a.cnf", "/usr/lib/ssl/openssl.cnf"]


def test_engines_and_providers_by_name_are_those_that_are_named_somewhere() -> None:
    called = {_APP: ["ENGINE_by_id", "OSSL_PROVIDER_load"]}
    assert openssl(called=called) == []
    assert openssl(called={_APP: ["f"]}, argv=[_APP, "afalg"]) == []
    assert openssl(called=called, argv=[_APP, "--engine=afalg"]) == ["afalg.so"]
    assert openssl(called=called, env=["ENGINE=padlock"]) == ["padlock.so"]
    assert openssl(called=called, text=b"\0legacy\0padlocks\0") == ["legacy.so"]
    by_library = {f"{LIB}/libcrypto.so.3": ["ENGINE_by_id"]}
    assert openssl(called=by_library, argv=[_APP, "afalg"]) == []


def test_engines_named_in_a_configuration_file() -> None:
    entries = _OPENSSL | {"/etc/x/y.conf": regular(b"ssl_engine padlock;\n"), "/var/z": regular(b"afalg")}
    result = found(entries, needed=[b"libcrypto.so.3"], called={_APP: ["ENGINE_by_id"]})
    assert paths(result) == ["/usr/lib/engines-3/padlock.so"]
    assert result.objects[0].why[0].detail == "/etc/x/y.conf"


def test_pam() -> None:
    entries = {
        f"{LIB}/libpam.so.0": lib(),
        **{f"/lib/x86_64-linux-gnu/security/pam_{name}.so": lib() for name in ("a", "b", "c", "d")},
        "/opt/pam_e.so": lib(),
        "/etc/pam.d/x": regular(
            b"auth [success=1 default=ignore] pam_a.so nullok\n@include y\n-session optional /opt/pam_e.so\n"
        ),
        "/etc/pam.d/y": regular(b"account \\\n required pam_b.so\n# auth required pam_d.so\n"),
        "/etc/pam.conf": regular(b"other auth required pam_c.so\n"),
    }
    result = found(entries, needed=[b"libpam.so.0"], called={_APP: ["pam_start"]})
    assert sorted(path.rpartition("_")[2] for path in paths(result)) == ["a.so", "b.so", "c.so", "e.so"]
    assert paths(found(entries, needed=[b"libpam.so.0"])) == []


def test_kerberos_and_gss() -> None:
    entries = {
        f"{LIB}/libkrb5.so.3": lib(),
        f"{LIB}/libgssapi_krb5.so.2": lib(),
        f"{LIB}/krb5/plugins/preauth/pkinit.so": lib(),
        "/opt/own.so": lib(),
        "/opt/mech.so": lib(),
        "/etc/krb5.conf": regular(b"includedir /etc/krb5.conf.d\n"),
        "/etc/krb5.conf.d/a": regular(b"[plugins]\n clpreauth = {\n  module = own:/opt/own.so\n }\n"),
        "/etc/gss/mech.d/m.conf": regular(b"mine 1.2.3 /opt/mech.so\n"),
    }
    called = {_APP: ["krb5_init_context"]}
    result = found(entries, needed=[b"libkrb5.so.3", b"libgssapi_krb5.so.2"], called=called)
    assert sorted(paths(result)) == ["/opt/mech.so", "/opt/own.so", f"{LIB}/krb5/plugins/preauth/pkinit.so"]


def test_registered_pkcs11_modules() -> None:
    entries = {
        f"{LIB}/libp11-kit.so.0": lib(),
        f"{LIB}/pkcs11/p11-kit-trust.so": lib(),
        f"{LIB}/pkcs11/unregistered.so": lib(),
        "/usr/share/p11-kit/modules/p11-kit-trust.module": regular(
            b"module: p11-kit-trust.so\npriority: 1\n"
        ),
    }
    called = {_APP: ["p11_kit_modules_load"]}
    result = found(entries, needed=[b"libp11-kit.so.0"], called=called)
    assert paths(result) == [f"{LIB}/pkcs11/p11-kit-trust.so"]


def test_nothing_is_read_of_a_file_that_is_too_long() -> None:
    entries = {
        f"{LIB}/libnss_sss.so.2": lib(),
        "/etc/nsswitch.conf": regular(b"passwd: sss\n" + bytes(1 << 21)),
    }
    assert paths(found(entries, called={LIBC: ["getpwnam"]})) == []
