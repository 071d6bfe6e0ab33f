"""What mkdocs calls while it builds: order, pictures, and what is generated."""

import re
from collections.abc import Callable, Container

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page

from connector.testing.pictures import picture
from website.calls import calls
from website.nav import EXPECTED, nav_of
from website.settings import settings
from website.stages import stages

GENERATED: dict[str, Callable[[], str]] = {"settings": settings, "stages": stages, "calls": calls}
"""What may stand in a page as `<!-- generated: NAME -->`, on a line of its own."""

_PICTURE = re.compile(r"^```marbles\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PLACE = re.compile(r"^<!-- generated: ([\w-]+) -->$", re.MULTILINE)
_OUTSIDE = re.compile(r"\[([^\]]+)\]\(\.\./[^)\s]*\)")
_LINK = re.compile(r"\[([^\]]+)\]\(([\w-]+\.md)(?:#[\w-]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Put the pages in order, those of today and those that come later."""
    config.nav = nav_of(file.src_uri for file in files.documentation_pages())
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Fill in what is generated, draw the marbles, let links to what isn't in the site be text."""
    del config
    there = {file.src_uri for file in files.documentation_pages()}
    return filled(markdown, page.file.src_uri, there)


def filled(markdown: str, where: str, there: Container[str]) -> str:
    """Do what `on_page_markdown` says; a link to a page that has no place in the order stays.

    Errors:  KeyError for what nothing generates.
    """

    def generated(place: re.Match[str]) -> str:
        if place[1] not in GENERATED:
            raise KeyError(f"{where}: nothing generates {place[1]}; there are {list(GENERATED)}")
        return GENERATED[place[1]]()

    def linked(link: re.Match[str]) -> str:
        return link[1] if link[2] in EXPECTED and link[2] not in there else link[0]

    markdown = _PLACE.sub(generated, markdown)
    markdown = _PICTURE.sub(lambda found: picture(found[1]), markdown)
    return _LINK.sub(linked, _OUTSIDE.sub(r"\1", markdown))
