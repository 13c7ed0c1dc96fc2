"""PHP: the extensions that php.ini and the scanned folder enable.

PHP manual, "The configuration file" and "Runtime configuration" (extension, zend_extension, extension_dir).
Where they lie is said by the configure options and the extension folder, texts in the program or libphp.
"""

from __future__ import annotations

import re

from converter.analyze.libraries.readers.findings import Findings, said_in
from converter.analyze.libraries.readers.includes import option
from converter.analyze.libraries.surroundings import Surroundings

_OPTION = rb"--with-config-file-%s=(/[^'\s\0]{1,4096})"
_FOLDER = re.compile(rb"\0(/[\w./+-]{1,200}/(?:(?:no-)?debug-(?:non-)?zts-)?20[0-9]{6}(?:[-+][\w-]+)?)\0")
_SETTING = re.compile(rb"""(?m)^\s*(extension|zend_extension|extension_dir)\s*=\s*["']?([^"';\s]+)""")
_FALLBACK = (b"/etc/php*/conf.d/*.ini", b"/etc/php/*/cli/conf.d/*.ini", b"/usr/local/etc/php/conf.d/*.ini")


def read(around: Surroundings, _: str) -> Findings:
    """Extensions by name, file name or path; -c, -n and -d of the command line count."""
    library = around.loaded("libphp*.so*")
    path = library.real_path if library is not None else around.program.executable.loaded_real_path
    text = around.contents(path)
    found = Findings()
    argv = around.program.argv if library is None else ()
    folders = [match[1] for match in _FOLDER.finditer(text)][:1]
    settings: list[tuple[bytes, bytes, str]] = []
    if b"-n" not in argv:
        for file in _files(around, text, option(argv, b"-c")):
            contents = around.configuration(file)
            if contents is not None:
                found.add_file(file, "PHP's configuration")
                settings += [(key, value, said_in(file)) for key, value in _SETTING.findall(contents)]
    for first, word in zip((b"", *argv), argv, strict=False):
        said = word if first == b"-d" else word.removeprefix(b"-d")
        settings += [(key, value, "argument -d") for key, value in _SETTING.findall(said)]
    folders += [value for key, value, _ in settings if key == b"extension_dir"]
    for key, value, where in settings:
        if key != b"extension_dir":
            names = [value] if value.endswith(b".so") else [value + b".so", value]
            places = [value] if b"/" in value else [at + b"/" + name for at in folders for name in names]
            found.add_objects(around.paths.select(each for each in places if each.startswith(b"/")), where)
    return found


def _files(around: Surroundings, text: bytes, chosen: bytes | None) -> list[bytes]:
    """php.ini and then the scanned ones, in order (PHPRC and PHP_INI_SCAN_DIR of the environment count)."""
    environment = around.program.environment
    main = chosen or environment.get(b"PHPRC") or _built_in(text, b"path") or b"/usr/local/lib"
    inside = [main.rstrip(b"/") + b"/php.ini", main.rstrip(b"/") + b"/php-cli.ini"]
    scan = environment.get(b"PHP_INI_SCAN_DIR", b"")
    built_in = _built_in(text, b"scan-dir")
    folders = [each or built_in or b"" for each in scan.split(b":")]
    scanned = [each for folder in folders if folder for each in around.folder(folder)]
    if not scan and built_in is None:
        scanned = around.paths.select(_FALLBACK)
    return [main, *inside, *(each for each in scanned if each.endswith(b".ini"))]


def _built_in(text: bytes, name: bytes) -> bytes | None:
    match = re.search(_OPTION % name, text)
    return match[1] if match is not None else None
