"""Programs that only start another one: env, gosu, su-exec, setpriv, tini, nice ... and what they change."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from converter.analyze.entrypoint.erlang import UnknownErlexec, emulator
from converter.analyze.entrypoint.shell.values import Unknown, Value, shown, to_bytes, to_text
from converter.analyze.entrypoint.shell.world import Launch
from converter.analyze.executable import search_path
from converter.analyze.users import Credentials, database, resolve_user
from converter.errors import IncompatibleImageError
from converter.image.tree import FileTree

# _PATH_DEFPATH and _PATH_DEFPATH_ROOT of util-linux (include/pathnames.h).
_USER_PATH = "/usr/local/bin:/bin:/usr/bin"
_ROOT_PATH = "/usr/local/sbin:/usr/local/bin:/sbin:/bin:/usr/sbin:/usr/bin"
_STDBUF = (b"/usr/libexec/coreutils/libstdbuf.so", b"/usr/lib/coreutils/libstdbuf.so")


class LauncherProblem(Exception):  # the honest end of reading
    """A launcher is used in a way that is not understood."""


class _Words:
    """The arguments of a launcher, taken from the front."""

    def __init__(self, launch: Launch) -> None:
        self.name = to_bytes(launch.path).decode("utf-8", "replace").rpartition("/")[2]
        self.left = list(launch.argv[1:])

    def option(self) -> str | None:
        """The next word if it is an option; `--` is taken and ends them."""
        if not self.left:
            return None
        word = self.left[0]
        if isinstance(word, Unknown):
            raise LauncherProblem(f"{self.name} is started with {word.reason}")
        if not word.startswith("-") or word == "-":
            return None
        self.left.pop(0)
        return None if word == "--" else word

    def value(self, option: str = "") -> str:
        """The next word, or what follows `=` in `option`."""
        if "=" in option:
            return option.partition("=")[2]
        if not self.left or isinstance(self.left[0], Unknown):
            raise LauncherProblem(f"{self.name} lacks an argument, or has one that is not known")
        return str(self.left.pop(0))

    def refuse(self, option: str) -> LauncherProblem:
        return LauncherProblem(f"{self.name} {shown(option)} is not understood")


def _next(tree: FileTree, launch: Launch, words: list[Value], **changes: object) -> Launch | None:
    """What execvp(3) of `words` is, with `changes` to the launch; None if there are no words."""
    if not words:
        return None
    name = words[0]
    if isinstance(name, Unknown):
        raise LauncherProblem(f"the program to start is {name.reason}")
    following = replace(launch, argv=tuple(words), **changes)  # type: ignore[arg-type]
    path = following.env.get("PATH", to_text(b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"))
    if isinstance(path, Unknown):
        raise LauncherProblem(f"PATH depends on {path.reason}")
    try:
        found = search_path(
            tree, to_bytes(name), {b"PATH": to_bytes(path)}, to_bytes(following.cwd), following.user
        )
    except IncompatibleImageError as error:
        raise LauncherProblem(str(error)) from error
    return replace(following, path=to_text(found))


def _user(tree: FileTree, text: str) -> Credentials:
    try:
        return resolve_user(tree, text)
    except IncompatibleImageError as error:
        raise LauncherProblem(str(error)) from error


def env(tree: FileTree, launch: Launch) -> Launch | None:
    """env(1), with -i, -u, -C, -S and assignments; without a program it prints, and starts nothing."""
    words, variables, cwd = _Words(launch), dict(launch.env), launch.cwd
    while (option := words.option()) is not None:
        if option in ("-i", "--ignore-environment"):
            variables = {}
        elif option.startswith(("-u", "--unset")):
            variables.pop(
                option[2:] if option.startswith("-u") and len(option) > 2 else words.value(option), None
            )
        elif option.startswith(("-C", "--chdir")):
            cwd = option[2:] if option.startswith("-C") and len(option) > 2 else words.value(option)
            found = tree.resolve(to_bytes(cwd), cwd=to_bytes(launch.cwd))
            cwd = to_text(found[0]) if found else cwd
        elif option.startswith(("-S", "-vS", "--split-string")):
            text = option.partition("S")[2] if option[1] != "-" else words.value(option)
            text = text or words.value()
            if set(text) & set("'\"\\$"):
                raise words.refuse(option)
            words.left = [*text.split(), *words.left]
        elif option not in ("-v", "--debug"):
            raise words.refuse(option)
    if words.left[:1] == ["-"]:
        words.left.pop(0)
        variables = {}
    while words.left and isinstance(word := words.left[0], str) and "=" in word:
        name, _, value = word.partition("=")
        variables[name] = value
        words.left.pop(0)
    return _next(tree, launch, words.left, env=variables, cwd=cwd)


def gosu(tree: FileTree, launch: Launch) -> Launch | None:
    """gosu USER: HOME from passwd, always; of the groups only those that /etc/group has the user in."""
    words, user = _stepping_down(tree, launch)
    member = tuple(gid for gid in user.groups if gid != user.gid)
    env = {**launch.env, "HOME": to_text(user.home)}
    return _next(tree, launch, words.left, user=replace(user, groups=member), env=env)


def su_exec(tree: FileTree, launch: Launch) -> Launch | None:
    """su-exec USER: HOME from passwd, always; the groups as getgrouplist(3) has them."""
    words, user = _stepping_down(tree, launch)
    user = replace(user, groups=_group_list(tree, user))
    return _next(tree, launch, words.left, user=user, env={**launch.env, "HOME": to_text(user.home)})


def _stepping_down(tree: FileTree, launch: Launch) -> tuple[_Words, Credentials]:
    words = _Words(launch)
    if words.left and isinstance(words.left[0], str) and words.left[0].startswith("-"):
        raise words.refuse(words.left[0])
    return words, _user(tree, words.value())


def _group_list(tree: FileTree, user: Credentials) -> tuple[int, ...]:
    """getgrouplist(3): the primary group, and those that the user is a member of."""
    if user.name is None:
        return (user.gid,)
    return tuple(dict.fromkeys([user.gid, *_user(tree, to_text(user.name)).groups[1:]]))


def setpriv(tree: FileTree, launch: Launch) -> Launch | None:
    """setpriv(1) of util-linux: users and groups; the environment stays without --reset-env."""
    words, user = _Words(launch), launch.user
    uid, gid, groups, resets = user.uid, user.gid, user.groups, False
    while (option := words.option()) is not None:
        name = option.partition("=")[0]
        if name in ("--reuid", "--ruid", "--euid"):
            found = _user(tree, words.value(option))
            uid = found.uid
            user = replace(found, gid=gid)
        elif name in ("--regid", "--rgid", "--egid"):
            gid = _group(tree, words.value(option))
        elif name == "--clear-groups":
            groups = ()
        elif name == "--init-groups":
            groups = _group_list(tree, replace(_user(tree, str(uid)), gid=gid))
        elif name == "--groups":
            groups = tuple(_group(tree, each) for each in words.value(option).split(","))
        elif name in ("--inh-caps", "--bounding-set", "--ambient-caps", "--securebits", "--pdeathsig"):
            words.value(option)
        elif name == "--reset-env":
            resets = True
        elif name not in ("--keep-groups", "--no-new-privs", "--nnp"):
            raise words.refuse(option)
    env = _reset(tree, launch.env, uid) if resets else launch.env
    return _next(tree, launch, words.left, user=replace(user, uid=uid, gid=gid, groups=groups), env=env)


def _reset(tree: FileTree, env: Mapping[str, Value], uid: int) -> Mapping[str, Value]:
    """What --reset-env leaves: TERM, and what /etc/passwd says of the new user (setpriv(1))."""
    entry = next((each for each in database(tree, b"/etc/passwd") if each[2] == str(uid).encode()), None)
    if entry is None or len(entry) < 7:
        raise LauncherProblem(f"setpriv --reset-env for {uid}, who is not in /etc/passwd")
    name, home, shell = (to_text(entry[at]) for at in (0, 5, 6))
    kept = {"TERM": env["TERM"]} if "TERM" in env else {}
    path = _ROOT_PATH if uid == 0 else _USER_PATH
    return {**kept, "SHELL": shell or "/bin/sh", "HOME": home, "USER": name, "LOGNAME": name, "PATH": path}


def _group(tree: FileTree, text: str) -> int:
    for fields in database(tree, b"/etc/group"):
        if to_text(fields[0]) == text:
            return int(fields[2])
    if not text.isdigit():
        raise LauncherProblem(f"there is no group {shown(text)}")
    return int(text[:10])


def chroot(tree: FileTree, launch: Launch) -> Launch | None:
    """`chroot --userspec=U:G --groups=... / PROGRAM`: for its change of user only."""
    words, user, groups = _Words(launch), launch.user, None
    while (option := words.option()) is not None:
        name = option.partition("=")[0]
        if name == "--userspec":
            user = _user(tree, words.value(option))
            user = replace(user, groups=_group_list(tree, user))
        elif name == "--groups":
            listed = words.value(option)
            groups = tuple(_group(tree, each) for each in listed.split(",")) if listed else ()
        elif name != "--skip-chdir":
            raise words.refuse(option)
    root = words.value()
    if root.strip("/"):
        raise LauncherProblem(f"chroot into {shown(root)}")
    user = user if groups is None else replace(user, groups=groups)
    return _next(tree, launch, words.left, user=user, cwd="/")


def runuser(tree: FileTree, launch: Launch) -> Launch | None:
    """`runuser -u USER -- PROGRAM` (util-linux)."""
    words, user, env = _Words(launch), None, dict(launch.env)
    while words.left and isinstance(word := words.left[0], str) and word.startswith("-"):
        words.left.pop(0)
        if word == "--":
            break
        if word.partition("=")[0] not in ("-u", "--user"):
            raise words.refuse(word)
        user = _user(tree, words.value(word))
        user = replace(user, groups=_group_list(tree, user))
    if user is None:
        raise LauncherProblem("runuser without -u starts a shell")
    env["HOME"] = to_text(user.home)
    if user.uid != 0 and user.name is not None:
        env["USER"] = env["LOGNAME"] = to_text(user.name)
    return _next(tree, launch, words.left, user=user, env=env, first=False)


def asks_pam(tree: FileTree, launch: Launch) -> Launch | None:
    """su, sudo, start-stop-daemon: the environment is what PAM and their configuration make of it."""
    name = to_bytes(launch.path).decode("utf-8", "replace").rpartition("/")[2]
    raise LauncherProblem(f"what {name} starts, and with which environment, only a run shows")


def stdbuf(tree: FileTree, launch: Launch) -> Launch | None:
    """stdbuf(1): its library is preloaded, and variables say what it does (coreutils, src/stdbuf.c)."""
    words, env = _Words(launch), dict(launch.env)
    while (option := words.option()) is not None:
        long = {"--input": "I", "--output": "O", "--error": "E"}.get(option.partition("=")[0])
        letter = long or {"-i": "I", "-o": "O", "-e": "E"}.get(option[:2])
        if letter is None:
            raise words.refuse(option)
        mode = words.value(option) if long or len(option) == 2 else option[2:]
        if not (mode in ("L", "0") or mode.isdigit()):
            raise words.refuse(option)
        env[f"_STDBUF_{letter}"] = mode
    library = next((path for path in _STDBUF if tree.resolve(path) is not None), None)
    if library is None:
        raise LauncherProblem("stdbuf without its library")
    loaded = [each for each in (env.get("LD_PRELOAD"), to_text(library)) if each]
    if any(isinstance(each, Unknown) for each in loaded):
        raise LauncherProblem("stdbuf with an LD_PRELOAD that is not known")
    env["LD_PRELOAD"] = ":".join(map(str, loaded))
    return _next(tree, launch, words.left, env=env)


def init(tree: FileTree, launch: Launch) -> Launch | None:
    """tini, dumb-init, catatonit: a process 1 that starts the program and passes signals on."""
    words = _Words(launch)
    while (option := words.option()) is not None:
        if option in ("-p", "-e", "-r", "--rewrite"):
            words.value()
        elif not re.fullmatch(r"-[sgvwlc]+|--single-child|--verbose|-[pe].+", option):
            raise words.refuse(option)
    return _next(tree, launch, words.left, first=False)


def _adjusting(valued: tuple[str, ...], operands: int = 0) -> Callable[[FileTree, Launch], Launch | None]:
    """A launcher that sets a property of the process which a unikernel has not (niceness, buffers)."""

    def start(tree: FileTree, launch: Launch) -> Launch | None:
        words = _Words(launch)
        while (option := words.option()) is not None:
            if option in ("--help", "--version"):
                raise words.refuse(option)
            if option in valued:
                words.value()
        for _ in range(operands):
            words.value()
        return _next(tree, launch, words.left)

    return start


def erlexec(tree: FileTree, launch: Launch) -> Launch | None:
    """The Erlang emulator, with erlexec's own additions."""
    try:
        return emulator(tree, launch)
    except UnknownErlexec as problem:
        raise LauncherProblem(str(problem)) from problem


LAUNCHERS: Mapping[str, Callable[[FileTree, Launch], Launch | None]] = {
    "env": env, "gosu": gosu, "su-exec": su_exec, "setpriv": setpriv, "chroot": chroot,
    "runuser": runuser, "tini": init, "tini-static": init, "dumb-init": init, "catatonit": init,
    "nice": _adjusting(("-n", "--adjustment")), "ionice": _adjusting(("-c", "-n", "--class", "--classdata")),
    "su": asks_pam, "sudo": asks_pam, "start-stop-daemon": asks_pam, "stdbuf": stdbuf,
    "nohup": _adjusting(()), "setsid": _adjusting(()), "chrt": _adjusting(("-T", "-P", "-D"), 1),
    "taskset": _adjusting((), 1), "timeout": _adjusting(("-k", "-s"), 1), "catchsegv": _adjusting(()),
    "time": _adjusting(("-o", "-f")), "erlexec": erlexec,
}  # fmt: skip
