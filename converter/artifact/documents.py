"""Documents that users attach: which media type a file is of, by what is in it."""

from __future__ import annotations

from pathlib import Path

from converter.artifact import media
from converter.artifact.push import Attachment
from converter.errors import SourceError, UsageError
from converter.image.document import Document

_MAX = 64 << 20  # bytes


def read_document(path: Path) -> Attachment:
    """A bill of materials (CycloneDX, SPDX) or an in-toto statement, as JSON. UsageError for anything
    else."""
    where = str(path)
    try:
        if path.stat().st_size > _MAX:
            raise UsageError(f"more than {_MAX >> 20} MiB", where=where, hint="attach something smaller")
        data = path.read_bytes()
        document = Document.parse(data, where)
        statement = document.text("_type").startswith("https://in-toto.io/Statement/")
        predicate = document.text("predicateType")
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=where, hint="check the path") from error
    except SourceError as error:
        raise UsageError(error.what, where=where, hint="attach JSON of CycloneDX, SPDX or in-toto") from error
    notes = {media.TITLE: path.name}
    if document.value.get("bomFormat") == "CycloneDX":
        return Attachment(media.CYCLONEDX, data, notes)
    if "spdxVersion" in document.value:
        return Attachment(media.SPDX, data, notes)
    if statement:
        return Attachment(media.IN_TOTO, data, {**notes, media.PREDICATE: predicate})
    raise UsageError(
        "neither CycloneDX nor SPDX nor an in-toto statement",
        where=where,
        hint="make one with: u2k convert --sbom FILE IMAGE",
    )
