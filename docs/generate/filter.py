#!/usr/bin/env python3
"""Prepares a file for Doxygen: filter.py FILE

Names of functions, types and constants become links, and so do links between the
pages in docs/. Other relative links become text, since their files are not part of
the generated documentation.
"""

import functools
import html
import re
import sys
from pathlib import Path

HEADER = Path("include/reggie.h")
# Pages whose name for man differs from the name of the file.
MAN_NAMES = {"authentication": "auth"}


def page_name(stem):
    """The name of a page in HTML and for man, such as reggie-tls."""
    return "reggie-" + MAN_NAMES.get(stem, stem)


@functools.cache
def names():
    """All names that can be linked."""
    text = HEADER.read_text()
    constants = re.findall(r"^#define (REGGIE_\w+)", text, re.MULTILINE)
    types = re.findall(r"^typedef .*?\(?\*?\b(reggie_\w+)\)?(?:;|\()", text, re.MULTILINE)
    functions = re.findall(r"\b(reggie_\w+)\(const|\b(reggie_\w+)\(", text)
    return set(constants) | set(types) | {name for pair in functions for name in pair}


def groups():
    """The titles of the header's parts, with their names."""
    pairs = re.findall(r"@defgroup (\w+) (.*)", HEADER.read_text())
    return {title: name for name, title in pairs}


def pages():
    """The pages, in the order of docs/README.md: their titles by their names."""
    found = {}
    for stem in re.findall(r"\]\(([\w-]+)\.md\)", Path("docs/README.md").read_text()):
        title = Path(f"docs/{stem}.md").read_text().split("\n", 1)[0].removeprefix("# ")
        found[page_name(stem)] = title
    return found


def with_links(text):
    """Marks names in prose. Doxygen links functions by itself."""
    def link(match):
        name = match[0]
        return "#" + name if name in names() and not name.endswith("()") else name

    return re.sub(r"(?<![#\w/<\"-])(?:REGGIE|reggie)_\w+\b(?!\()", link, text)


def header(text):
    """Links the names in comments, and lists parts and pages on the main page."""
    lines = []
    titles = groups()
    item = 0
    for line in text.split("\n"):
        # A number at the end of a sentence is no item of a list.
        number = re.match(r"/// (\d+)\. ", line)
        if number:
            item = item + 1 if int(number[1]) == item + 1 else 0
            if item == 0:
                line = line.replace(". ", "\\. ", 1)
        elif not line.startswith("///"):
            item = 0
        part = line.removeprefix(" * - ")
        if line.startswith(" *     "):
            pass  # code
        elif part != line and part in titles:
            line = f' * - @ref {titles[part]} "{part}"'
        elif line == " * Parts of this header":
            lines += [" * Tasks", " * -----", " *"]
            lines += [f' * - @ref {name} "{title}"' for name, title in pages().items()]
            lines += [" *"]
        elif line.startswith((" * ", "/// ")) and "@" not in line:
            line = with_links(line)
        lines.append(line)
    return "\n".join(lines)


def code_span(match):
    """A name in backquotes is linked; other code is escaped."""
    code = match[1]
    if code.removesuffix("()") in names():
        return code if code.endswith("()") else "#" + code
    # Doxygen ends a span in backquotes at an apostrophe.
    if re.search(r"[\\\"'@#%&<>]", code):
        code = re.sub(r"([\\@#%])", r"\\\1", html.escape(code).replace("&#x27;", "'"))
        return f"<tt>{code}</tt>"
    return match[0]


def page_link(match):
    """A link to another page, or the text of another relative link."""
    text, target = match[1], match[2]
    if re.match(r"[a-z]+:", target):
        return match[0]
    if re.fullmatch(r"[\w-]+\.md", target):
        return f'@ref {page_name(target[:-3])} "{text}"'
    # The programs of the pages are installed as examples, the others are not: their
    # directory says so.
    if target.startswith("programs/"):
        text = "examples/" + target.removeprefix("programs/")
    elif target.startswith("../"):
        text = target.removeprefix("../")
    return f"`{text}`" if re.search(r"[./]", text) else text


def page(path):
    """A page of docs/, with its name for links."""
    text = path.read_text()
    text = re.sub(r"^# .*", lambda title: f"{title[0]} {{#{page_name(path.stem)}}}", text, count=1)
    parts = re.split(r"(^```.*?^```\n)", text, flags=re.MULTILINE | re.DOTALL)
    for index in range(0, len(parts), 2):
        prose = re.sub(r"`([^`]+)`", code_span, parts[index])
        parts[index] = re.sub(r"\[([^]]+)\]\(([^)]+)\)", page_link, prose)
    return "".join(parts)


if __name__ == "__main__":
    file = Path(sys.argv[1])
    sys.stdout.write(header(file.read_text()) if file.suffix == ".h" else page(file))
