"""What a page says, for tests that read it as a person would."""

from __future__ import annotations

import re

from django.http import HttpResponse


def text_of(response: HttpResponse) -> str:
    """The words of the page's main part, without its tags."""
    main = response.content.decode().partition("<main")[2].partition("</main>")[0]
    words = " ".join(re.sub(r"<[^>]*>", " ", f"<main{main}").split())
    return words.replace(" .", ".").replace(" ,", ",")
