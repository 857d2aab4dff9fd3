from datetime import timedelta

from media_pipeline.application.listing import settled
from media_pipeline_tests.builders import NOW, stored


def test_a_file_that_is_still_written_is_left_alone_until_two_listings_agree() -> None:
    first, waiting = settled([stored(etag="1")], seen={}, now=NOW, settle_seconds=30)
    assert first == []
    grown, waiting = settled([stored(etag="2")], seen=waiting, now=NOW, settle_seconds=30)
    assert grown == []
    done, waiting = settled([stored(etag="2")], seen=waiting, now=NOW, settle_seconds=30)
    assert [o.etag for o in done] == ["2"]
    assert waiting == {}


def test_an_old_file_is_complete_at_first_sight() -> None:
    done, _ = settled([stored()], seen={}, now=NOW + timedelta(seconds=31), settle_seconds=30)
    assert len(done) == 1


def test_the_order_of_keys_and_times_does_not_matter() -> None:
    late, early = stored("a.mp4"), stored("z.mp4", etag="old")
    later = NOW + timedelta(minutes=1)
    assert (
        settled([late, early], seen={}, now=later, settle_seconds=30)[0]
        == settled([early, late], seen={}, now=later, settle_seconds=30)[0]
    )
