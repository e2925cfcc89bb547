"""Which links are kept with a claim, and what they are called."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.domain.web_link import LONGEST, LinkRefused, clean_link, link_words


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "data:text/html,hi",
        "ftp://host/x",
        "//host/x",
        "#2188",
        "https://",
        "https:///pull/1",
        "https://me:secret@host/x",
        'https://host/"><script>',
        "https://host/a b",
        "https://host/\x00",
        "https://host\n.evil/x",
        "https://[broken/x",
        "https://host:port/x",
        "https://host/" + "x" * LONGEST,
    ],
)
def test_what_is_no_plain_address_is_refused_with_the_remedy(link: str) -> None:
    with pytest.raises(LinkRefused):
        clean_link(link)


def test_an_address_is_kept_as_it_is_and_nothing_is_nothing() -> None:
    assert clean_link("  https://github.com/team/dags/pull/12#issue \n") == (
        "https://github.com/team/dags/pull/12#issue"
    )
    assert clean_link("  ") == ""


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ("https://github.com/team/dags/pull/2231", "PR #2231"),
        ("https://github.com/team/dags/pull/2231/files", "PR #2231"),
        ("https://gitlab.com/team/dags/-/merge_requests/7", "MR !7"),
        ("https://bitbucket.org/team/dags/pull-requests/7", "PR #7"),
        ("https://host/pull/request", "host/pull/request"),
        ("https://host/", "host"),
    ],
)
def test_pull_requests_go_by_their_number(link: str, words: str) -> None:
    assert link_words(link) == words


@given(st.text(max_size=80))
def test_whatever_is_kept_is_an_http_address_without_white_space(text: str) -> None:
    try:
        link = clean_link(text)
    except LinkRefused:
        return
    assert link == "" or link.lower().startswith(("http://", "https://"))
    assert not any(sign in link for sign in "<>\"' \t\n")
    assert len(link_words(link)) <= 60
