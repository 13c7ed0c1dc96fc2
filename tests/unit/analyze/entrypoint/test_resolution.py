"""From the image's command to the program in the end: scripts, launchers, effects, and where reading ends."""

from __future__ import annotations

import pytest

from converter.analyze.entrypoint import resolve
from converter.analyze.entrypoint.resolution import MAX_READINGS
from converter.errors import IncompatibleImageError
from converter.image.tree import FileKind
from tests.builders.trees import directory, program, regular, symlink
from tests.unit.analyze.entrypoint.images import NOTHING, image, resolved


def test_without_a_script_the_image_decides() -> None:
    config, tree = image({}, entrypoint=("server", "-a"), cmd=("b",))
    found = resolve(config, tree)
    assert (found.decided_by, found.program.argv, found.undecided) == (
        "image",
        (b"server", b"-a", b"b"),
        None,
    )
    assert found.kept_args == 2
    assert found.reasons == ("the image names server -a b",)


def test_the_user_decides() -> None:
    config, tree = image({"/entry.sh": "#!/bin/sh\nexec $(date)"}, entrypoint=("/entry.sh",))
    found = resolve(config, tree, program=("server", "-x"))
    assert (found.decided_by, found.program.argv, found.undecided) == ("user", (b"server", b"-x"), None)
    with pytest.raises(IncompatibleImageError):
        resolve(config, tree, program=("nosuch",))


def test_a_wrapper_executes_its_arguments() -> None:
    found = resolved('set -e\nexec "$@"', ("server", "a b"))
    assert found.decided_by == "script"
    assert found.program.argv == (b"server", b"a b")
    assert found.program.executable.path == b"/bin/server"
    assert found.kept_args is None
    assert found.reasons == (
        "the image names /entry.sh server a b",
        "/entry.sh is a script",
        "/entry.sh executes server a b",
    )


def test_the_shells_leave_their_own_variables() -> None:
    for shell, added in (("/bin/sh", {b"PWD": b"/data"}), ("/bin/bash", {b"PWD": b"/data", b"SHLVL": b"0"})):
        found = resolved('exec "$@"', shell=shell, working_dir="/data", env=("PATH=/bin", "A=1"))
        assert dict(found.program.environment) == {b"PATH": b"/bin", b"A": b"1", b"HOME": b"/root", **added}
        assert found.program.cwd == b"/data"


STEP_DOWN = """
if [ "$1" = server ] && [ "$(id -u)" = 0 ]; then
    find . ! -user redis -exec chown redis {} +
    exec gosu redis "$0" "$@"
fi
um=$(umask); if [ "$um" = 0022 ]; then umask 0077; fi
exec "$@"
"""


def test_stepping_down_to_another_user() -> None:
    found = resolved(STEP_DOWN, ("server", "-p"), working_dir="/data", files={"/data/old": regular(b"x")})
    user = found.program.user
    assert (user.uid, user.gid, user.groups) == (999, 998, (50,))
    assert found.program.environment[b"HOME"] == b"/var/redis"
    assert found.program.argv == (b"server", b"-p")
    assert found.umask == 0o077
    assert found.tree[b"/data"].uid == found.tree[b"/data/old"].uid == 999
    assert "gosu starts /entry.sh as user 999:998" in found.reasons
    assert "the script's changes are in the root: /data, /data/old" in found.reasons


@pytest.mark.parametrize(
    ("command", "uid", "gid", "groups"),
    [
        ("gosu redis server", 999, 998, (50,)),
        ("gosu redis:app server", 999, 1000, ()),
        ("gosu 1234:5 server", 1234, 5, ()),
        ("su-exec app server", 1000, 1000, (1000,)),
        ("su-exec redis:app server", 999, 1000, (1000, 50)),
        ("setpriv --reuid=app --regid=app --clear-groups server", 1000, 1000, ()),
        ("setpriv --reuid redis --regid 998 --init-groups server", 999, 998, (998, 50)),
        ("chroot --userspec=redis:app / server", 999, 1000, (1000, 50)),
        ("chroot --userspec=redis --groups=7,app / server", 999, 998, (7, 1000)),
        ("tini -- gosu app server", 1000, 1000, ()),
        ("dumb-init -c env X=1 nice -n 5 stdbuf -oL gosu app server", 1000, 1000, ()),
    ],
)
def test_launchers(command: str, uid: int, gid: int, groups: tuple[int, ...]) -> None:
    config, tree = image({}, entrypoint=tuple(command.split()), cmd=("arg",))
    found = resolve(config, tree)
    assert found.undecided is None
    assert found.program.argv == (b"server", b"arg")
    assert (found.program.user.uid, found.program.user.gid, found.program.user.groups) == (uid, gid, groups)
    assert (found.decided_by, found.kept_args) == ("image", 1)


@pytest.mark.parametrize(
    "command", ["gosu nosuch server", "tini --nosuch server", "env -S 'a b' server", "chroot /x server"]
)
def test_a_launcher_that_is_not_understood_is_said(command: str) -> None:
    config, tree = image({}, cmd=tuple(command.replace("-S 'a b'", "--nosuch").split()))
    found = resolve(config, tree)
    assert found.undecided is not None
    assert found.program.argv[0] == command.split()[0].encode()


@pytest.mark.parametrize(
    ("cmd", "argv"),
    [
        (("/bin/sh", "-c", "server -a $X 'b c'"), (b"server", b"-a", b"x", b"y", b"b c")),
        (("/bin/sh", "-c", "exec server"), (b"server",)),
        (("/bin/sh", "-c", "mkdir -p /run/app && server"), (b"server",)),
        (("/bin/bash", "-ec", "cd /data; server ."), (b"server", b".")),
        (("sh", "-c", 'exec server "$0" "$@"', "a", "b"), (b"server", b"a", b"b")),
        (("/bin/sh", "-c", "cat /etc/group"), (b"cat", b"/etc/group")),
    ],
)
def test_the_shell_form(cmd: tuple[str, ...], argv: tuple[bytes, ...]) -> None:
    config, tree = image({}, cmd=cmd, env=("PATH=/bin", "X=x y"))
    found = resolve(config, tree)
    assert (found.program.argv, found.decided_by, found.undecided) == (argv, "script", None)


def test_effects_become_part_of_the_root() -> None:
    script = """
mkdir -p /run/app/sub; chown app:app /run/app; chmod 700 /run/app
echo "port ${PORT:-80}" > /etc/app.conf; cp /etc/app.conf /etc/copy.conf; ln -s app.conf /etc/link.conf
sed -i 's/80/8080/' /etc/copy.conf; rm -f /etc/old; touch /run/app/ready
envsubst '$PORT' < /etc/template > /etc/filled
exec "$@"
"""
    files = {"/etc/old": regular(b"x"), "/etc/template": regular(b"$PORT ${PORT} $HOME\n")}
    found = resolved(script, files=files, env=("PATH=/bin", "PORT=99"))
    tree = found.tree
    assert found.undecided is None
    folder = tree[b"/run/app"]
    assert (folder.kind, folder.mode, folder.uid, folder.gid) == (FileKind.DIRECTORY, 0o700, 1000, 1000)
    assert tree.read(tree[b"/etc/app.conf"]) == b"port 99\n"
    assert tree.read(tree[b"/etc/copy.conf"]) == b"port 99\n"
    assert tree[b"/etc/link.conf"].target == b"app.conf"
    assert tree.read(tree[b"/etc/filled"]) == b"99 99 $HOME\n"
    assert b"/etc/old" not in tree
    assert b"/run/app/ready" in tree
    assert found.reasons[-1].startswith("the script's changes are in the root: ")


def test_a_changed_file_changes_under_all_its_names() -> None:
    shared = regular(b"x")
    found = resolved('chown app /etc/a; exec "$@"', files={"/etc/a": shared, "/etc/b": shared})
    assert found.tree[b"/etc/a"] is found.tree[b"/etc/b"]
    assert found.tree[b"/etc/b"].uid == 1000


def test_nothing_is_changed_where_the_user_may_not() -> None:
    found = resolved(
        'mkdir /run/x 2>/dev/null || A=$?; echo 2>/dev/null > /etc/passwd; exec "$@" $A', user="app"
    )
    assert found.program.argv == (b"server", b"1")
    assert b"/run/x" not in found.tree
    assert found.tree[b"/etc/passwd"].size > 1


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ('initdb /data; exec "$@"', "/entry.sh, line 2: runs initdb"),
        (
            '[ "$(date +%H)" -gt 12 ] && exec worker; exec "$@"',
            "/entry.sh, line 2: it depends on the output of date",
        ),
        ('echo $(date) > /tmp/started; exec "$@"', "/tmp/started"),
        ('exec server --name "$(hostname)"', "the output of hostname"),
        ('export ID=$(hostname); exec "$@"', "the variable ID"),
        ('worker & exec "$@"', "/entry.sh, line 2: starts a process in the background"),
        ('while :; do :; done; exec "$@"', "commands"),
        ("exec server >/tmp/server.log", "standard output of the program goes to /tmp/server.log"),
        ('read -r x; exec "$@" "$x"', "what comes from standard input"),
        ('select x in a b; do exec "$x"; done', "/entry.sh, line 2"),
        ('. "/etc/$(hostname)"; exec "$@"', "sources the output of hostname"),
        ("f() { f; }; f", "functions inside each other"),
        ('exec "$0" "$@"', "more than"),
        ("x=$(cat /proc/meminfo); exec server $x", "/proc/meminfo"),
        (
            "[ -n \"$A\" ] || { echo 'A must be set' >&2; exit 1; }; exec server",
            "ends with status 1: A must be set",
        ),
        ("exec nosuch", "ends with status 127"),
        ("f() { :; }; export -f f; exec server", "export -f"),
        ("f() { local -n r=$1; r=2; }; f X; exec server", "a reference to a variable"),
        ('exec server "${1//e/[&]}"', "a replacement with &"),
        ("shopt -s failglob; exec server none*", "failglob"),
        ("shopt -s globstar; exec server /**/x", "globstar"),
        ("shopt -s lastpipe; echo a | read x; exec server $x", "lastpipe"),
        ("exec server $(compgen -e)", "the builtin compgen"),
        ('printf -v x "%(%F)T" -1; exec server "$x"', "the time"),
        ("read -n 1 x </etc/passwd; exec server", "a number of characters"),
        ("pushd +1; exec server", "pushd +1"),
        ("trap 'echo x >>/log' DEBUG; exec server", "trap DEBUG"),
        ("exec su app -c server", "what su starts, and with which environment, only a run shows"),
    ],
)
def test_where_reading_ends_it_says_why(script: str, why: str) -> None:
    found = resolved(script, shell="/bin/bash")
    assert found.undecided is not None
    assert why in found.undecided
    assert found.program.argv == (b"/entry.sh", b"server")  # as the image has it
    assert found.program.executable.loaded == b"/bin/bash"
    assert b"/tmp/started" not in found.tree


def test_what_is_likely_is_told_apart() -> None:
    found = resolved('set -e; initdb /data; [ -s /data/V ] || initdb; exec gosu app "$@"')
    assert found.undecided == "/entry.sh, line 2: runs initdb, and what that does is not known by reading"
    assert found.presumed is not None
    assert (found.presumed.argv, found.presumed.user.uid) == ((b"server",), 1000)
    assert found.decided_by == "image"


@pytest.mark.parametrize(
    "script",
    [
        'if [ "$(hostname)" = a ]; then X=1; else X=1; fi; exec "$@"',
        'case "$HOSTNAME" in a*) A=1;; esac; unset A; exec "$@"',
        'echo "starting on $HOSTNAME at $(date)"; exec "$@"',
        '[ -t 0 ] && T=1; exec "$@"',
        '[ -n "$HOSTNAME" ] || exit 1; exec "$@"',
        '[ "$(date)" ] || exit 1; exec "$@"',
        'nproc >/dev/null || true; exec "$@"',
        'for i in 1 2 3; do [ "$(hostname)" = $i ] && break; done; unset i; exec "$@"',
    ],
)
def test_what_is_unknown_does_not_matter_if_all_ways_meet(script: str) -> None:
    found = resolved(script)
    assert found.undecided is None
    assert found.program.argv == (b"server",)


def test_a_way_that_gives_up_is_taken_for_not_taken_and_said() -> None:
    found = resolved('[ "$(hostname)" != bad ] || exit 3\nexec "$@"')
    assert found.undecided is None
    assert any("taken for granted" in reason and "line 2" in reason for reason in found.reasons)


def test_too_many_ways_are_said() -> None:
    tests = "; ".join(f'[ "$(hostname)" = {n} ] && A=$A{n}' for n in range(8))
    found = resolved(f'{tests}; exec "$@" "$A"')
    assert MAX_READINGS < 2**8
    assert found.undecided is not None


def test_a_script_that_ends_by_itself_is_its_own_program() -> None:
    found = resolved('for x in 1 2; do echo "$x" > /data/$x; done')
    assert (found.decided_by, found.undecided) == ("image", None)
    assert found.program.executable.loaded == b"/bin/sh"
    assert b"/data/1" not in found.tree  # the script makes it when it runs
    assert found.kept_args == 1


def test_a_program_in_the_middle_leaves_the_shell_in_charge() -> None:
    found = resolved("server; echo done")
    assert (found.decided_by, found.undecided) == ("image", None)
    assert found.program.executable.loaded == b"/bin/sh"
    assert [(each.place, each.name) for each in found.runs] == [("/entry.sh, line 2", "server")]
    assert found.forks == ("/entry.sh, line 2: runs /bin/server",)


def test_where_the_shell_makes_processes_is_told() -> None:
    found = resolved('mkdir /run/a\n[ "$(pwd)" ] && echo x | read y\n(cd /)\necho done')
    assert found.forks == (
        "/entry.sh, line 2: runs /bin/mkdir",
        "/entry.sh, line 3: a subshell, pipeline or substitution",
        "/entry.sh, line 4: a subshell, pipeline or substitution",
    )
    assert resolved("cd /; for x in 1 2; do echo $x; done").forks == ()


def test_the_last_program_without_exec_is_the_one() -> None:
    found = resolved('set -e\nmkdir -p /run/app\n"$@"', ("server", "-x"))
    assert (found.decided_by, found.program.argv) == ("script", (b"server", b"-x"))
    assert b"/run/app" in found.tree


def test_an_interactive_shell_is_the_program() -> None:
    config, tree = image({}, cmd=("bash",))
    found = resolve(config, tree)
    assert (found.program.argv, found.decided_by, found.undecided) == ((b"bash",), "image", None)
    assert resolved('exec "$@"', ("bash",)).program.argv == (b"bash",)


def test_a_program_that_is_a_script_of_another_language() -> None:
    files = {
        "/bin/python3": program(NOTHING),
        "/bin/tool": "#!/usr/bin/env python3\n",
        "/usr/bin/env": symlink(b"/bin/env"),
    }
    found = resolved('exec "$@"', ("tool", "x"), files=files)
    assert found.program.argv == (b"python3", b"/bin/tool", b"x")
    files["/bin/tool"] = "#!/bin/python3 -u\n"
    found = resolved('exec "$@"', ("tool", "x"), files=files)
    assert found.program.argv == (b"tool", b"x")
    assert found.program.executable.loaded == b"/bin/python3"


def test_scripts_start_scripts() -> None:
    files = {
        "/lib.sh": 'greet() { echo "$1" > /run/greeting; }\n',
        "/d/10.sh": "#!/bin/sh\necho ten >> /run/log\n",
    }
    files |= {"/d/20.sh": "#!/bin/sh\necho twenty >> /run/log\n", "/d/note": "text"}
    loop = 'for f in /d/*; do case "$f" in *.sh) "$f";; *) echo "ignoring $f";; esac; done'
    script = f'. /lib.sh; greet hi\n{loop}\nexec "$@"'
    found = resolved(script, files={**files, "/run": directory()})
    assert found.tree.read(found.tree[b"/run/log"]) == b"ten\ntwenty\n"
    assert found.tree.read(found.tree[b"/run/greeting"]) == b"hi\n"


ERL = """
ROOTDIR=/usr/lib/erlang; BINDIR=$ROOTDIR/erts-14.2/bin; EMU=beam; PROGNAME=$(echo "$0" | sed 's/.*\\///')
export EMU ROOTDIR BINDIR PROGNAME
exec "$BINDIR/erlexec" ${1+"$@"}
"""


def test_erlang_is_read_up_to_the_emulator() -> None:
    folder = "/usr/lib/erlang/erts-14.2/bin"
    files = {f"{folder}/{name}": program(NOTHING) for name in ("erlexec", "beam.smp")}
    files["/bin/erl"] = f"#!/bin/sh{ERL}"
    config, tree = image(files, cmd=("erl", "-noinput", "-pa", "ebin", "-s", "app", "start"))
    found = resolve(config, tree)
    ours = [
        "--",
        "-root",
        "/usr/lib/erlang",
        "-bindir",
        folder,
        "-progname",
        "erl",
        "--",
        "-home",
        "/root",
        "--",
    ]
    flags = ["-noshell", "-noinput", "-pa", "ebin", "-s", "app", "start"]
    assert [word.decode() for word in found.program.argv] == [f"{folder}/beam.smp", *ours, *flags]
    assert found.program.environment[b"PATH"] == f"{folder}:/usr/lib/erlang/bin:/bin".encode()
    config, tree = image(files, cmd=("erl", "-detached"))
    assert "only a run shows" in (resolve(config, tree).undecided or "")
    config, tree = image(files, cmd=("erl",), env=("PATH=/bin", "ERL_FLAGS=+S 1"))
    assert "ERL_FLAGS" in (resolve(config, tree).undecided or "")


def test_what_the_engine_makes_is_not_the_images() -> None:
    assert resolved('x=$(cat /etc/hosts); exec "$@" "$x"').undecided is not None
    assert resolved('echo x > /dev/null; [ -e /dev/null ] && exec "$@"').undecided is None
    assert resolved('echo 1 > /proc/sys/net/x; exec "$@"').undecided is not None


def test_logs_that_are_links_to_the_streams() -> None:
    files = {"/var/log/out": symlink(b"/dev/stdout")}
    found = resolved('[ -w /var/log/out ] || exit 1; echo hello > /var/log/out; exec "$@"', files=files)
    assert found.undecided is None
    assert found.tree[b"/var/log/out"].target == b"/dev/stdout"


def test_variables_given_to_the_run() -> None:
    config, tree = image({"/e": '#!/bin/sh\n: "${P:?missing}"; exec server "$P"'}, entrypoint=("/e",))
    assert "missing" in (resolve(config, tree).undecided or "")
    assert resolve(config, tree, env=("P=1",)).program.argv == (b"server", b"1")


def test_hostile_scripts_end_in_time() -> None:
    for script in (
        "x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done",
        "(" * 500,
        "echo " + "$(" * 200,
        "f() { f | f; }; f",
        'case "$1" in ' + "*a" * 500 + ") ;; esac",
        "x=$(printf '%09999d' 1); [[ $x =~ ^(0+)+$ ]]; exec server",
        ": $((" + "(" * 400 + "1" + ")" * 400 + "))",
        'eval "$(cat "$0")"',
        "echo {1..9999}{1..9999}{1..9999}",
        'sed -i \'s/a/aa/g\' "$0"; exec "$0"',
    ):
        found = resolved(script, shell="/bin/bash")
        assert found.undecided is not None, script[:40]


@pytest.mark.parametrize(
    ("script", "waited"),
    [('exec "$@"', False), ('mkdir /x; "$@"', True), ("exec /bin/sh -c server", True)],
)
def test_whether_the_shell_stays_and_waits_is_known(script: str, waited: bool) -> None:
    found = resolved(script)
    assert found.waited is waited


def test_the_last_program_behind_others_is_presumed() -> None:
    found = resolved('set -e; initdb /data; cd /data; "$@"')
    assert found.undecided == "/entry.sh, line 2: runs initdb, and what that does is not known by reading"
    assert found.presumed is not None
    assert (found.presumed.argv, found.presumed.cwd, found.waited) == ((b"server",), b"/data", True)
