"""Files made on a click: told apart by all their bytes, kept while somebody may still be fetching them."""

import pytest
from streamlit.runtime import media_file_manager, memory_media_file_storage
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.media_file_storage import MediaFileKind, MediaFileStorageError
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage

from pages.components import made_files


@pytest.fixture
def corrected(monkeypatch):
    """The two habits of the server corrected, for this test only."""
    for module, name in (
        (memory_media_file_storage, "_PARTIAL_HASH_THRESHOLD"), (media_file_manager, "MediaFileMetadata"),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, getattr(module, name))
    made_files.keep_made_files()


def test_long_files_that_differ_in_one_byte_have_two_names(corrected):
    storage = MemoryMediaFileStorage("/media")
    one = bytearray(3 << 20)
    other = bytearray(one)
    other[900_000] = 1
    names = {storage.load_and_get_id(bytes(data), "text/csv", MediaFileKind.DOWNLOADABLE) for data in (one, other)}
    assert len(names) == 2


def test_a_file_just_made_outlives_the_reruns_of_others_and_not_its_time(corrected, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(made_files.time, "monotonic", lambda: now[0])
    storage = MemoryMediaFileStorage("/media")
    manager = MediaFileManager(storage)
    asked = manager.add_deferred(lambda: b"a;b", "text/csv", "1", file_name="a.csv")
    url = manager.execute_deferred(asked)
    name = url.rsplit("/", 1)[1].split(".")[0]
    for _ in range(5):
        manager.remove_orphaned_files()
    assert storage.get_file(f"{name}.csv").content == b"a;b"
    now[0] += made_files.KEPT + 1
    for _ in range(2):
        manager.remove_orphaned_files()
    with pytest.raises(MediaFileStorageError):
        storage.get_file(f"{name}.csv")
