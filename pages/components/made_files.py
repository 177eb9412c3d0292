"""Files made on a click: each one is told by all its bytes, and stays long enough to be fetched.

Streamlit 1.67 names a file of more than 1 MiB by its length and three of its pieces, so that two sessions whose files
are alike there would share one; and it forgets a file made on a click as soon as other sessions have drawn their page
twice, before a slow browser has fetched it.
"""

from __future__ import annotations

import sys
import time

from streamlit.runtime import media_file_manager, memory_media_file_storage

#: Seconds during which a file made on a click is kept for the browser that asked for it.
KEPT = 120.0


class _Kept(media_file_manager.MediaFileMetadata):
    """What the server knows of a file, which cannot be marked as useless too early."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self._made = time.monotonic()

    def mark_for_delete(self) -> None:
        if time.monotonic() - self._made > KEPT:
            super().mark_for_delete()


def keep_made_files() -> None:
    """Correct both habits of the server; done once, before any session."""
    memory_media_file_storage._PARTIAL_HASH_THRESHOLD = sys.maxsize
    media_file_manager.MediaFileMetadata = _Kept
