"""`file.*`: files of this machine, and of others by fsspec (whose file system in memory stands for them)."""

from __future__ import annotations

import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest

from stratix_tasks import Engine, Flow, flow, uses
from stratix_tasks.errors import ExecutorError
from stratix_tasks.executors.file import FileError

LONG = 60
Value = Callable[..., Any]


@pytest.fixture(params=["here", "elsewhere"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A folder, on this machine and by a URL."""
    memory = fsspec.filesystem("memory")
    yield str(tmp_path) if request.param == "here" else "memory://root"
    memory.store.clear()
    memory.pseudo_dirs[:] = [""]


def test_what_is_written_is_read(value_of: Value, root: str) -> None:
    """Texts and bytes as they are, anything else as JSON; folders on the way are made."""
    path = f"{root}/deep/down/a"
    assert value_of("file.write", path=path, value="grüße") == path
    assert value_of("file.read", path=path) == "grüße"
    assert value_of("file.read", path=path, parse="bytes") == "grüße".encode()
    value_of("file.write", path=path, value="grüße", encoding="latin-1")
    assert value_of("file.read", path=path, encoding="latin-1") == "grüße"
    value_of("file.write", path=path, value=b"\x00")
    assert value_of("file.read", path=path, parse="bytes") == b"\x00"
    value_of("file.write", path=path, value={"a": [1, None]})
    assert value_of("file.read", path=path, parse="json") == {"a": [1, None]}


def test_a_file_that_must_not_be_there_stays(value_of: Value, root: str) -> None:
    """With `exists: fail`; without it, it is replaced."""
    path = f"{root}/a"
    value_of("file.write", path=path, value="old", exists="fail")
    with pytest.raises(FileError, match="is there already"):
        value_of("file.write", path=path, value="new", exists="fail")
    assert value_of("file.read", path=path) == "old"
    value_of("file.write", path=path, value="new")
    assert value_of("file.read", path=path) == "new"


def test_what_is_not_there_or_not_that_is_told(value_of: Value, root: str) -> None:
    """A missing file, one that is too large, and one in another form."""
    path = f"{root}/a"
    with pytest.raises(FileError, match="there is no file") as caught:
        value_of("file.read", path=path)
    assert caught.value.code == "file-missing"
    value_of("file.write", path=path, value=b"\xff\xff")
    with pytest.raises(FileError, match="can't be read as text"):
        value_of("file.read", path=path)
    with pytest.raises(FileError, match="can't be read as json"):
        value_of("file.read", path=path, parse="json")
    with pytest.raises(FileError, match="raise max_size"):
        value_of("file.read", path=path, parse="bytes", max_size=1)


def test_a_glob_finds_files_in_order(value_of: Value, root: str) -> None:
    """No folders; `**` goes down; too few are an error where a number is named."""
    for name in ("b.csv", "a.csv", "down/c.csv", "d.txt"):
        value_of("file.write", path=f"{root}/{name}", value="x")
    flat, deep = value_of("file.glob", pattern=f"{root}/*.csv"), value_of("file.glob", pattern=f"{root}/**/*.csv")
    assert [Path(path).name for path in flat] == ["a.csv", "b.csv"]
    assert [Path(path).name for path in deep] == ["a.csv", "b.csv", "c.csv"]
    assert value_of("file.read", path=deep[2]) == "x"
    assert value_of("file.glob", pattern=f"{root}/*.no") == []
    with pytest.raises(FileError, match="2 files fit"):
        value_of("file.glob", pattern=f"{root}/*.csv", least=3)


def test_a_copy_goes_anywhere(value_of: Value, tmp_path: Path) -> None:
    """From here to there and back."""
    data = bytes(range(256)) * 10_000
    (tmp_path / "a").write_bytes(data)
    assert value_of("file.copy", source=str(tmp_path / "a"), target="memory://root/b") == "memory://root/b"
    value_of("file.copy", source="memory://root/b", target=str(tmp_path / "c"))
    assert (tmp_path / "c").read_bytes() == data
    with pytest.raises(FileError, match="there is no file"):
        value_of("file.copy", source=str(tmp_path / "no"), target=str(tmp_path / "c"))
    assert (tmp_path / "c").read_bytes() == data
    fsspec.filesystem("memory").store.clear()


def test_a_file_is_replaced_as_a_whole(value_of: Value, tmp_path: Path) -> None:
    """What fails on the way leaves the old one, and nothing beside it; the mode of the old one stays."""
    path = tmp_path / "a"
    path.write_text("old")
    path.chmod(0o640)
    with pytest.raises(TypeError):
        value_of("file.write", path=str(path), value={"a": object})
    assert path.read_text() == "old"
    value_of("file.write", path=str(path), value="new")
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("new", 0o640)
    assert [one.name for one in tmp_path.iterdir() if one.name != "store"] == ["a"]


def test_a_scheme_of_nobody_is_told(value_of: Value) -> None:
    """And so is file://, for which a path stands."""
    with pytest.raises(FileError, match="can't be reached"):
        value_of("file.read", path="nosuch://a/b")
    with pytest.raises(FileError, match="without file://"):
        value_of("file.read", path="file:///etc/hostname")


def test_without_fsspec_the_extra_is_named(value_of: Value, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Files of this machine need nothing."""
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(ExecutorError, match=r"pip install 'stratix-tasks\[files\]'") as caught:
        value_of("file.read", path="memory://a")
    assert caught.value.code == "missing-extra"
    assert value_of("file.write", path=str(tmp_path / "a"), value="x")


def test_python_and_documents_say_the_same(engine: Engine, tmp_path: Path) -> None:
    """A file is written, then read by who waits for its path."""

    @flow
    def there_and_back(path: str) -> Any:
        return uses("file.read")(uses("file.write")(path, {"n": 1}), parse="json")

    again = Flow.from_yaml(there_and_back.to_yaml())
    assert again.spec == there_and_back.spec
    for one in (there_and_back, again):
        assert engine.start(one, {"path": str(tmp_path / "a")}).result(LONG) == {"n": 1}
