"""Nothing that a file says beside its picture comes out again."""

import io

import pytest
from PIL import Image

from app.evidence import images
from tests.secrets_planted import PLANTED, SECRET, leaks

_LIMITS = images.Limits(max_pixels=1_000_000)


@pytest.mark.parametrize("name", PLANTED)
def test_no_word_of_a_file_is_in_its_renditions(name):
    planted = PLANTED[name]()
    picture = images.read_picture(planted, _LIMITS)
    for rendition in (picture.large, picture.thumb):
        assert leaks(rendition) == []


@pytest.mark.parametrize("name", PLANTED)
def test_the_words_are_where_they_would_leak_from(name):
    """Else the test above would prove nothing."""
    planted = PLANTED[name]()
    assert SECRET in planted
    with Image.open(io.BytesIO(planted)) as image:
        assert image.info.get("exif") or image.getexif()


def test_a_copy_that_is_merely_saved_again_is_found_out():
    with Image.open(io.BytesIO(PLANTED["JPEG"]())) as image:
        for kind in ("JPEG", "WEBP"):
            out = io.BytesIO()
            image.save(out, kind, exif=image.info["exif"])
            assert len(leaks(out.getvalue())) > 1
