"""An office file whose bytes depend on what it says, not on when it was saved."""

from __future__ import annotations

import io
import re
import zipfile

_EPOCH = (1980, 1, 1, 0, 0, 0)
_CORE = "docProps/core.xml"
_STAMP = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*(</dcterms:)")
_NO_DATE = rb"\g<1>1980-01-01T00:00:00Z\g<3>"


def without_clock(content: bytes) -> bytes:
    """The same package, each part dated alike."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as read, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as written:
        for name in read.namelist():
            part = read.read(name)
            if name == _CORE:
                part = _STAMP.sub(_NO_DATE, part)
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            written.writestr(entry, part)
    return packed.getvalue()
