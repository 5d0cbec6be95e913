"""Buckets: every key comes out of a listing as it went in, so that a bucket can be emptied."""

import os
import signal
import subprocess
from pathlib import Path
from urllib.parse import unquote_plus

import pytest

from kit import toolchain

from aws import Aws

#: Keys that mean something else once they are decoded, or that XML cannot hold as they are.
KEYS = ["+", "a b", "a%2Fb", "a+b", "a/b", "a&b", "100%", "é ü", "\x0b"]
PRINTABLE = [key for key in KEYS if key.isprintable()]
#: What S3 lists in one answer (S3 API reference, ListObjectVersions).
PAGE = 1000
DESTROY_TIMEOUT_S = 60


def bucket_with(aws: Aws, keys: list[str], versioned: bool = False) -> str:
    name = aws.name("bucket")
    aws.s3.create_bucket(Bucket=name)
    if versioned:
        aws.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    for key in keys:
        aws.s3.put_object(Bucket=name, Key=key, Body=key.encode())
    return name


def test_versions_are_listed_with_encoded_keys(aws: Aws) -> None:
    bucket = bucket_with(aws, KEYS, versioned=True)
    for key in KEYS:
        aws.s3.delete_object(Bucket=bucket, Key=key)
    first = aws.s3.list_object_versions(Bucket=bucket, EncodingType="url", Prefix="a%", Delimiter="/")
    assert first["EncodingType"] == "url"
    assert [first["Prefix"], first["Delimiter"], first["Versions"][0]["Key"]] == ["a%25", "/", "a%252Fb"]
    every = aws.s3.list_object_versions(Bucket=bucket)  # boto3 asks for encoded keys, and decodes them
    assert sorted(entry["Key"] for entry in every["Versions"]) == sorted(KEYS)
    assert sorted(entry["Key"] for entry in every["DeleteMarkers"]) == sorted(KEYS)


def test_uploads_are_listed_with_encoded_keys(aws: Aws) -> None:
    bucket = bucket_with(aws, [])
    for key in PRINTABLE:  # the answer to each names its key, in XML
        aws.s3.create_multipart_upload(Bucket=bucket, Key=key)
    answer = aws.s3.list_multipart_uploads(Bucket=bucket, EncodingType="url")
    assert answer["EncodingType"] == "url"
    assert sorted(unquote_plus(upload["Key"]) for upload in answer["Uploads"]) == sorted(PRINTABLE)


@pytest.mark.parametrize("operation", ["list_objects", "list_objects_v2"])
def test_pages_go_on_after_any_key(corrected: Aws, operation: str) -> None:
    bucket = bucket_with(corrected, KEYS)
    pages = corrected.s3.get_paginator(operation).paginate(Bucket=bucket, PaginationConfig={"PageSize": 2})
    assert sorted(entry["Key"] for page in pages for entry in page.get("Contents", [])) == sorted(KEYS)


def test_pages_of_versions_name_each_once(aws: Aws) -> None:
    bucket = bucket_with(aws, PRINTABLE)
    pages = aws.s3.get_paginator("list_object_versions").paginate(
        Bucket=bucket, PaginationConfig={"PageSize": 2, "MaxItems": 2 * len(KEYS)}
    )
    assert sorted(entry["Key"] for page in pages for entry in page.get("Versions", [])) == sorted(PRINTABLE)


def test_who_deletes_page_by_page_deletes_every_version(aws: Aws) -> None:
    bucket = bucket_with(aws, ["a+b"] * 5, versioned=True)
    pages = aws.s3.get_paginator("list_object_versions").paginate(Bucket=bucket, PaginationConfig={"PageSize": 2})
    for page in pages:
        found = [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in page["Versions"]]
        aws.s3.delete_objects(Bucket=bucket, Delete={"Objects": found})
    assert "Versions" not in aws.s3.list_object_versions(Bucket=bucket)


def test_a_batch_of_any_keys_is_deleted(corrected: Aws) -> None:
    bucket = bucket_with(corrected, PRINTABLE)  # the request names them in XML
    deleted = corrected.s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in PRINTABLE]})
    assert sorted(entry["Key"] for entry in deleted["Deleted"]) == sorted(PRINTABLE)
    assert "Contents" not in corrected.s3.list_objects_v2(Bucket=bucket)


def test_terraform_destroys_a_bucket_whatever_its_keys(corrected: Aws, tmp_path: Path) -> None:
    name = corrected.name("destroyed")
    (tmp_path / "main.tf").write_text(
        f"""
        terraform {{
          required_providers {{
            aws = {{ source = "hashicorp/aws" }}
          }}
        }}
        provider "aws" {{
          s3_use_path_style = true
        }}
        resource "aws_s3_bucket" "it" {{
          bucket        = "{name}"
          force_destroy = true
        }}
        resource "aws_s3_bucket_versioning" "it" {{
          bucket = aws_s3_bucket.it.id
          versioning_configuration {{ status = "Enabled" }}
        }}
        """
    )
    run_terraform(corrected, tmp_path, "init")
    run_terraform(corrected, tmp_path, "apply")
    for key in [*PRINTABLE, *PRINTABLE, *(f"many/{number}+" for number in range(PAGE + 1))]:
        corrected.s3.put_object(Bucket=name, Key=key)
    for key in PRINTABLE[::2]:
        corrected.s3.delete_object(Bucket=name, Key=key)
    run_terraform(corrected, tmp_path, "destroy")
    assert name not in [bucket["Name"] for bucket in corrected.s3.list_buckets()["Buckets"]]


def run_terraform(aws: Aws, folder: Path, command: str) -> None:
    """Run a command in `folder` to its end; a destroy that does not come to one is ended, with its provider."""
    environ = {**toolchain.clean(os.environ, local=True), **toolchain.local_environment(aws.engine.url)}
    options = ["-input=false", "-no-color", *(["-auto-approve"] if command != "init" else [])]
    process = subprocess.Popen(
        [environ["TERRAFORM_BINARY_NAME"], command, *options],
        cwd=folder,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(timeout=DESTROY_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        pytest.fail(f"`terraform {command}` did not end within {DESTROY_TIMEOUT_S} s")
    assert process.returncode == 0, said
