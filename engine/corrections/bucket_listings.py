"""A listing of versions ends, and its keys come encoded for whoever asks for that.

AWS (S3 API reference, ListObjectVersions and ListMultipartUploads, `encoding-type`): with `url`, keys, prefixes,
delimiters and markers come URL-encoded, since XML cannot hold every key as it is. MiniStack does so for ListObjects
alone. Terraform asks for it when it empties a bucket, and decodes what comes: it looked for `a b` instead of `a+b`,
found nothing to delete, and listed again, for ever.

A page begins after the version that ended the page before (same reference, `version-id-marker`). MiniStack looks for
that version in the key's history: a key without one is listed again, and when the version was deleted in the meantime,
as by everybody who empties a bucket page by page, the key's older versions are passed over.
"""

import re
import sys
from collections.abc import Callable
from typing import Any
from xml.sax.saxutils import unescape

from ministack.services import s3

#: The elements that hold a key or a part of one. No markup can be inside: `<` is escaped.
ENCODED = re.compile(r"<(Key|Prefix|Delimiter|KeyMarker|NextKeyMarker)>([^<]*)</\1>")


def apply() -> None:
    list_versions = s3._list_object_versions

    def list_object_versions(bucket: str, query: dict[str, Any]) -> Any:
        return list_versions(bucket, _from_what_is_left(bucket, query))

    s3._list_object_versions = _encoding(list_object_versions, "ListVersionsResult")
    s3._list_multipart_uploads = _encoding(s3._list_multipart_uploads, "ListMultipartUploadsResult")


def _encoding(list_keys: Callable[[str, dict[str, Any]], Any], root: str) -> Callable[[str, dict[str, Any]], Any]:
    def list_encoded(bucket: str, query: dict[str, Any]) -> Any:
        status, headers, body = list_keys(bucket, query)
        if status != 200 or s3._qp(query, "encoding-type", "") != "url":
            return status, headers, body
        text = ENCODED.sub(_encode, body.decode())
        return status, headers, text.replace(f"</{root}>", f"<EncodingType>url</EncodingType></{root}>").encode()

    return list_encoded


def _encode(element: re.Match[str]) -> str:
    name, text = element.groups()
    return f"<{name}>{s3._url_encode(unescape(text))}</{name}>"


def _from_what_is_left(bucket: str, query: dict[str, Any]) -> dict[str, Any]:
    """The same query, with markers that lead on when the version they name is not in the key's history."""
    key, version = s3._qp(query, "key-marker"), s3._qp(query, "version-id-marker")
    history = s3._object_versions.get((bucket, key)) or []
    if not version or any(each["version_id"] == version for each in history):
        return query
    if history:  # its older versions are still to be listed: go on from just before the key
        key = key[:-1] + chr(ord(key[-1]) - 1) + chr(sys.maxunicode)
    return {**query, "key-marker": [key], "version-id-marker": [""]}
