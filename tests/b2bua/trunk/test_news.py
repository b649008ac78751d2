from b2bua.trunk import News


def test_a_matter_is_told_again_only_after_a_while() -> None:
    news = News(60.0)
    assert [news.is_due(now) for now in (5.0, 6.0, 64.9, 65.0, 70.0, 125.0)] == [True, False, False, True, False, True]


def test_a_matter_of_the_beginning_of_time_is_told() -> None:
    assert News(60.0).is_due(0.0)
