"""Packing: the same content gives the same bytes, whatever was touched or left lying about."""

import os
import tempfile
import zipfile
from pathlib import Path

import pytest

import project
from project import ProjectError
from stacks.blocks.code import pack

FILES = {"handler.py": "print(1)\n", "sub/module.py": "x = 1\n", "data.json": "{}"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(project, "LOCAL_DIR", tmp_path / "local")
    pack.cache_clear()
    return write(tmp_path / "first", FILES)


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_the_same_content_gives_the_same_zip(folder: Path, tmp_path: Path) -> None:
    other = write(tmp_path / "second", dict(reversed(FILES.items())))
    os.utime(other / "handler.py", (0, 0))
    (other / "handler.py").chmod(0o600)
    write(other, {"__pycache__/handler.pyc": "x", "stray.pyc": "x"})
    assert pack(folder).digest == pack(other).digest


OTHER_DISK = Path("/dev/shm")


@pytest.mark.skipif(not OTHER_DISK.is_dir(), reason="this system has no second disk")
def test_temporary_files_may_lie_on_another_disk(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert OTHER_DISK.stat().st_dev != folder.stat().st_dev
    monkeypatch.setattr(tempfile, "tempdir", str(OTHER_DISK))
    packed = pack(folder)
    assert packed.path.is_file() and len(list(packed.path.parent.iterdir())) == 1


def test_what_is_packed_already_is_not_written_again(folder: Path) -> None:
    packed = pack(folder)
    before = packed.path.stat()
    pack.cache_clear()
    assert pack(folder) == packed
    assert (packed.path.stat().st_ino, packed.path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_another_content_or_name_gives_another_zip(folder: Path, tmp_path: Path) -> None:
    changed = write(tmp_path / "changed", {**FILES, "data.json": "[]"})
    renamed = write(tmp_path / "renamed", {**FILES, "data2.json": "{}"})
    assert len({pack(folder).digest, pack(changed).digest, pack(renamed).digest}) == 3


def test_several_folders_become_one_under_a_prefix(folder: Path, tmp_path: Path) -> None:
    more = write(tmp_path / "more", {"more.py": ""})
    with zipfile.ZipFile(pack(folder, more, into="python/").path) as archive:
        assert archive.namelist() == sorted(f"python/{name}" for name in [*FILES, "more.py"])
        assert archive.read("python/handler.py").decode() == FILES["handler.py"]


def test_a_missing_folder_says_what_to_do() -> None:
    with pytest.raises(ProjectError, match="run `make setup`"):
        pack(project.ROOT / "missing")
