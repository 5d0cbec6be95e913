"""The code of a lab's functions: packed once per content, uploaded to a bucket of the lab.

Why a bucket: the provider creates functions whose code is a local file one after another, under a lock; functions
whose code is an S3 object are created side by side.

Why our own packing: an archive asset of cdktf writes file times into the zip, so that touching a file redeploys it,
and starts a Node process for each. Here the same content gives the same bytes on every machine.
"""

import base64
import hashlib
import io
import tempfile
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cdktf import AssetType, TerraformAsset
from cdktf_cdktf_provider_aws.lambda_layer_version import LambdaLayerVersion
from cdktf_cdktf_provider_aws.s3_object import S3Object
from constructs import Construct

import project
from stacks.blocks.bucket import Bucket
from stacks.lab import LabStack

RUNTIME = "python3.13"
LAMBDA_DIR = project.ROOT / "lambda"
#: The Python packages of the layer, installed from the lock file by `make setup`.
LAYER_PACKAGES = project.LOCAL_DIR / "layer"


@dataclass(frozen=True)
class Zip:
    """A packed folder: the file, and the digest that AWS Lambda reports as CodeSha256."""

    path: Path
    digest: bytes

    @property
    def sha256_base64(self) -> str:
        return base64.b64encode(self.digest).decode()


@cache
def pack(*sources: Path, into: str = "") -> Zip:
    """Pack the files of `sources` into one zip, under the folder `into`, byte for byte the same for the same content.

    Sorted names, fixed times and modes, no compression (deflate's output differs between zlib versions). Raises
    project.ProjectError when a source is missing.
    """
    files: dict[str, Path] = {}
    for source in sources:
        if not source.is_dir():
            raise project.ProjectError(f"{source.relative_to(project.ROOT)} is missing: run `make setup` first")
        for path in source.rglob("*"):
            if path.is_file() and path.suffix != ".pyc" and "__pycache__" not in path.parts:
                files[into + path.relative_to(source).as_posix()] = path
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name)  # its default time is 1980-01-01
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, files[name].read_bytes())
    digest = hashlib.sha256(content.getvalue()).digest()
    path = project.LOCAL_DIR / "zip" / f"{digest.hex()[:32]}.zip"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        # In the same folder: a file is not renamed from another disk, as /tmp often is. Another synth may do the same.
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(content.getvalue())
        Path(file.name).replace(path)
    return Zip(path, digest)


class Code(Construct):
    """The lab's code: its bucket, and the layer that all its functions share."""

    _ID = "functions-code"

    @classmethod
    def of(cls, lab: LabStack) -> "Code":
        """The code of the lab, made when its first function needs it."""
        found = lab.node.try_find_child(cls._ID)
        return found if isinstance(found, cls) else cls(lab)

    def __init__(self, lab: LabStack) -> None:
        super().__init__(lab, self._ID)
        self.bucket = Bucket(lab, "code")
        self._uploaded: dict[bytes, S3Object] = {}
        zip = pack(LAYER_PACKAGES, LAMBDA_DIR / "layer", into="python/")
        object = self.upload("layer", zip)
        self.layer = LambdaLayerVersion(
            self,
            "layer-version",
            layer_name=lab.name("layer"),
            compatible_runtimes=[RUNTIME],
            s3_bucket=object.bucket,
            s3_key=object.key,
            source_code_hash=zip.sha256_base64,
        )

    def upload(self, name: str, zip: Zip) -> S3Object:
        """The zip as an object whose key changes with its content; uploaded once, however many functions run it."""
        if zip.digest in self._uploaded:
            return self._uploaded[zip.digest]
        asset = TerraformAsset(self, f"{name}-asset", path=str(zip.path), type=AssetType.FILE)
        key = f"{name}-{zip.digest.hex()[:16]}.zip"
        object = S3Object(self, name, bucket=self.bucket.resource.bucket, key=key, source=asset.path)
        self._uploaded[zip.digest] = object
        return object
