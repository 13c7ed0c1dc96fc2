import os
from pathlib import Path

import pytest

from converter.errors import OutputError, UsageError
from converter.output import check_distinct, check_target, default_name, text_file, whole_file


@pytest.mark.parametrize(
    ("ref", "name"),
    [
        ("redis:7", "redis-7.u2k"),
        ("docker.io/library/redis", "redis.u2k"),
        ("localhost:5000/a/b:1.2", "b-1.2.u2k"),
        ("x/app@sha256:" + "0" * 64, "app.u2k"),
        ("/tmp/hello.oci.tar", "hello.u2k"),
        ("./folder/", "folder.u2k"),
        ("..", "image.u2k"),
    ],
)
def test_default_names(ref: str, name: str) -> None:
    assert default_name(ref) == name


def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "out"
    with pytest.raises(RuntimeError), whole_file(target) as file:
        file.write(b"half")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
    with whole_file(target) as file:
        file.write(b"whole")
        assert not target.exists()
    assert target.read_bytes() == b"whole"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_the_umask_is_honoured(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with whole_file(tmp_path / "out"):
            pass
    finally:
        os.umask(before)
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o750


def test_nothing_is_overwritten_without_force(tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.write_bytes(b"precious")
    with pytest.raises(UsageError, match="not overwritten"):
        check_target(target, force=False)
    check_target(target, force=True)


def test_folders_are_checked_first(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="folder"):
        check_target(tmp_path, force=True)
    with pytest.raises(OutputError, match="does not exist"):
        check_target(tmp_path / "no" / "out", force=False)


def test_devices_are_never_replaced(tmp_path: Path) -> None:
    """With --force and as root, `-o /dev/null` once made /dev/null a file."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for force in (True, False):
        with pytest.raises(UsageError, match="a device, a pipe or a socket"):
            check_target(pipe, force=force)
        check_target(pipe, force=force, text=True)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    text_file(pipe, "said\n")
    assert os.read(reader, 100) == b"said\n"
    os.close(reader)
    assert pipe.is_fifo()
    text_file(Path(os.devnull), "x")
    assert not Path(os.devnull).is_file()


def test_a_link_stays_and_its_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "link"
    link.symlink_to("elsewhere/file")
    check_target(link, force=True)
    with whole_file(link) as file:
        file.write(b"new")
    assert link.is_symlink()
    assert (tmp_path / "elsewhere/file").read_bytes() == b"new"


def test_results_do_not_overwrite_each_other_or_what_is_read(tmp_path: Path) -> None:
    one, other, link = (tmp_path / name for name in ("one", "other", "link"))
    link.symlink_to(one)
    check_distinct([one, other], [tmp_path / "image.tar"])
    check_distinct([Path(os.devnull), Path(os.devnull)])
    with pytest.raises(UsageError, match="two results"):
        check_distinct([one, other, link])
    with pytest.raises(UsageError, match="cannot be written as well"):
        check_distinct([one], [link])


def test_the_hint_names_the_option(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        check_target(tmp_path, force=True, option="--sbom")
    assert "--sbom" in str(caught.value.hint)
