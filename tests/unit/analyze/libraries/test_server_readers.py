"""What the configurations of servers name: nginx, Apache, lighttpd, PHP, Redis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from converter.image.tree import Inode
from tests.builders.runtime_images import files, found, lib, paths
from tests.builders.trees import regular, symlink


def modules(entries: Mapping[str, Inode], argv: Sequence[str], text: bytes = b"") -> list[str]:
    return [path.rpartition("/")[2] for path in paths(found(entries, argv=argv, text=text))]


def test_nginx() -> None:
    built_in = b"\0configure arguments: --prefix=/usr/share/nginx --conf-path=/etc/nginx/nginx.conf --x\0"
    entries = {
        **{f"/usr/lib/nginx/modules/{name}.so": lib() for name in "abcde"},
        "/usr/share/nginx/modules": symlink(b"../../lib/nginx/modules"),
        "/etc/nginx/nginx.conf": regular(
            b"include modules-enabled/*.conf;\n# load_module modules/c.so;\n"
            b"load_module 'modules/a.so';events {}\n"
        ),
        "/etc/nginx/modules-enabled/50-b.conf": regular(b"load_module modules/b.so;"),
        "/opt/n.conf": regular(b"load_module /usr/lib/nginx/modules/d.so; include /opt/n.conf;"),
    }
    nginx = "/usr/sbin/nginx"
    assert modules(entries, [nginx], built_in) == ["a.so", "b.so"]
    assert modules(entries, [nginx, "-c", "/opt/n.conf", "-g", "load_module modules/e.so"], built_in) == [
        "d.so",
        "e.so",
    ]


def test_apache() -> None:
    built_in = b'\0 -D HTTPD_ROOT="/etc/apache2"\0 -D SERVER_CONFIG_FILE="apache2.conf"\0'
    folder = "/usr/lib/apache2/modules"
    entries = {
        **{f"{folder}/mod_{name}.so": lib() for name in "abcd"},
        "/etc/apache2/apache2.conf": regular(
            b"Define HOME /usr/lib/apache2\nIncludeOptional mods-enabled/*.load\ninclude conf-enabled\n"
            b'LoadModule b_module "${HOME}/modules/mod_b.so"\n#LoadModule d_module x\n'
        ),
        "/etc/apache2/mods-available/a.load": regular(
            b"LoadModule a_module /usr/lib/apache2/modules/mod_a.so\n"
        ),
        "/etc/apache2/mods-enabled/a.load": symlink(b"../mods-available/a.load"),
        "/etc/apache2/conf-enabled/deep/c": regular(
            b"loadmodule c_module /usr/lib/apache2/modules/mod_c.so\n"
        ),
    }
    assert sorted(modules(entries, ["/usr/sbin/apache2"], built_in)) == ["mod_a.so", "mod_b.so", "mod_c.so"]


def test_lighttpd() -> None:
    names = [
        "access",
        "auth",
        "authn_file",
        "dirlisting",
        "indexfile",
        "openssl",
        "proxy",
        "staticfile",
        "cgi",
    ]
    entries = {
        **{f"/usr/lib/lighttpd/mod_{name}.so": lib() for name in names},
        "/etc/lighttpd/lighttpd.conf": regular(
            b'server.modules = ( "mod_access", "mod_none" )\n# "mod_cgi"\ninclude_shell "/usr/share/x.pl"\n'
            b'include "tls.conf"\n'
        ),
        "/etc/lighttpd/tls.conf": regular(b'ssl.engine = "enable"\nserver.modules += ( "mod_authn_file" )\n'),
        "/etc/lighttpd/conf-enabled/10-proxy.conf": regular(b'server.modules += ( "mod_proxy" )\n'),
    }
    loaded = modules(entries, ["/usr/sbin/lighttpd", "-D", "-f", "/etc/lighttpd/lighttpd.conf"])
    assert sorted(loaded) == sorted(f"mod_{name}.so" for name in names if name != "cgi")


def test_php() -> None:
    built_in = (
        b"\0 './configure'  '--with-config-file-path=/etc/php/8.2/cli' "
        b"'--with-config-file-scan-dir=/etc/php/8.2/cli/conf.d'\0/usr/lib/php/20220829\0"
    )
    entries = {
        **{
            f"/usr/lib/php/20220829/{name}.so": lib()
            for name in ("opcache", "json", "ctype", "ffi", "sodium")
        },
        "/opt/mine.so": lib(),
        "/etc/php/8.2/cli/php.ini": regular(b";extension=ffi\nextension=/opt/mine.so\n"),
        "/etc/php/8.2/cli/conf.d/10-a.ini": regular(b'zend_extension=opcache.so\n  extension = "json"\n'),
        "/usr/local/etc/php/conf.d/x.ini": regular(b"extension=sodium\n"),
    }
    php = "/usr/bin/php8.2"
    assert modules(entries, [php, "x.php"], built_in) == ["mine.so", "opcache.so", "json.so"]
    assert modules(entries, [php, "-n", "-d", "extension=ctype"], built_in) == ["ctype.so"]
    result = found(entries, argv=[php], text=built_in)
    assert files(result) == ["/etc/php/8.2/cli/conf.d/10-a.ini", "/etc/php/8.2/cli/php.ini"]
    assert result.open


def test_redis() -> None:
    entries = {
        **{f"/opt/{name}.so": lib() for name in "abc"},
        "/etc/redis.conf": regular(
            b"include /etc/redis.d/*.conf\n# loadmodule /opt/b.so\nLoadModule /opt/a.so x y\n"
        ),
        "/etc/redis.d/c.conf": regular(b'loadmodule "/opt/c.so"\n'),
    }
    redis = "/usr/bin/redis-server"
    assert modules(entries, [redis, "/etc/redis.conf"]) == ["a.so", "c.so"]
    assert modules(entries, [redis, "--port", "1", "--loadmodule", "/opt/b.so"]) == ["b.so"]
    assert modules(entries, [redis]) == []
