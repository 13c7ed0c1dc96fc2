"""The name of a conversion: a digest of all that decides its result."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace

from converter.conversion_cache.tool import tool_digest
from converter.image.model import Image
from converter.options import Options
from converter.profile.model import Profile
from converter.profile.writing import profile_digest


def conversion_key(image: Image, options: Options, profiles: Sequence[Profile] = ()) -> str:
    """32 hexadecimal digits. Where the image came from, and by what name, decides nothing."""
    decisive = (
        image.digest,
        tool_digest(),
        repr(replace(options, source=Options().source)),
        *map(profile_digest, profiles),
    )
    return hashlib.sha256(json.dumps(decisive).encode()).hexdigest()[:32]
