"""Several deployments at a time take the provider from one cache, and none takes it away from another."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from kit import toolchain

STACK = """
terraform {
  required_providers {
    aws = {
      source = "aws"
    }
  }
}
"""


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("terraform") or not toolchain.find_mirror(), reason="no Terraform, or no mirror")
def test_an_init_leaves_the_link_in_the_cache_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TF_PLUGIN_CACHE_DIR", raising=False)
    environment = {**os.environ, **toolchain.environment()}
    (link,) = Path(environment["TF_PLUGIN_CACHE_DIR"]).glob("*/hashicorp/aws/*/*")
    before = link.lstat()
    (tmp_path / "main.tf").write_text(STACK)
    subprocess.run(["terraform", "init", "-no-color"], cwd=tmp_path, env=environment, check=True, capture_output=True)
    assert (tmp_path / ".terraform" / "providers").is_dir()
    assert (link.lstat().st_ino, link.lstat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
