#!/usr/bin/env python3
"""Writes man pages from Doxygen's XML: man.py XML-DIRECTORY OUTPUT VERSION

OUTPUT/man3 gets a page for the library, and one for each function and type;
OUTPUT/man7 one for each page of docs/.
"""

import re
import sys
from pathlib import Path
from xml.etree import ElementTree

# Constants at the end of a page are those that it mentions.
CONSTANT = re.compile(r"\bREGGIE_[A-Z0-9_]+\b")
WIDTH = 76
# Sections of the main page that man shows in another form.
LISTS = ("Tasks", "Parts of this header")
# The task of each part of the header that has one.
TASKS = {
    "authentication": ["reggie-auth"],
    "blob__pulls": ["reggie-pull", "reggie-reading", "reggie-locating"],
    "blob__pushes": ["reggie-push"],
    "building": ["reggie-artifacts"],
    "batches": ["reggie-batches", "reggie-event-loops"],
    "bodies": ["reggie-uploads", "reggie-downloads"],
    "cancel": ["reggie-time-limits"],
    "clients": ["reggie-first-program"],
    "copying": ["reggie-copying"],
    "descriptors": ["reggie-descriptors"],
    "digests": ["reggie-downloads"],
    "error__lists": ["reggie-errors"],
    "errors": ["reggie-errors"],
    "files": ["reggie-files"],
    "json": ["reggie-json"],
    "lists": ["reggie-lists"],
    "manifest__transfers": ["reggie-manifests", "reggie-deleting"],
    "manifests": ["reggie-manifests", "reggie-descriptors"],
    "network": ["reggie-proxies"],
    "options": ["reggie-options"],
    "progress": ["reggie-options"],
    "redirects": ["reggie-retries"],
    "references": ["reggie-references"],
    "repositories": ["reggie-references", "reggie-layouts"],
    "requests": ["reggie-requests"],
    "response__headers": ["reggie-requests"],
    "response__stats": ["reggie-logging"],
    "retries": ["reggie-retries"],
    "send": ["reggie-errors"],
    "statuses": ["reggie-errors"],
    "times": ["reggie-time-limits"],
    "tls": ["reggie-tls"],
    "tracing": ["reggie-logging"],
    "uploads": ["reggie-incremental-uploads"],
}


def escaped(text):
    """Text for roff."""
    return text.replace("\\", "\\e").replace("-", "\\-").replace("\u2019", "'")


def line(text):
    """A line of prose; roff would read a command in one that begins with a dot."""
    text = re.sub(r"\s+", " ", text).strip()
    # Names are not hyphenated.
    text = re.sub(r"(\\f[BIP]|(?<![\w%]))((?:reggie|REGGIE)_)", r"\1\\%\2", text)
    return "\\&" + text if text.startswith((".", "'")) else text


def code(text):
    """An example."""
    lines = [escaped(row) for row in text.strip("\n").split("\n")]
    rows = ["\\&" + row if row.startswith((".", "'")) else row for row in lines]
    return [".PP", ".in +4n", ".EX", *rows, ".EE", ".in"]


def listing(node):
    """The text of a <programlisting>."""
    def text(part):
        own = " " if part.tag == "sp" else part.text or ""
        return own + "".join(text(child) + (child.tail or "") for child in part)

    return "\n".join(text(row) for row in node.iter("codeline"))


INLINE = {"bold": "B", "emphasis": "I", "computeroutput": "B", "ref": "B"}
BLOCKS = {"itemizedlist", "orderedlist", "programlisting", "verbatim", "table", "simplesect"}


def inline(node):
    """The text of an element, with fonts."""
    if node.tag == "ulink":
        text = escaped("".join(node.itertext()))
        url = escaped(node.get("url"))
        return text if text == url else f"{text} ({url})"
    if node.tag == "linebreak":
        return " "
    font = INLINE.get(node.tag)
    text = escaped(node.text or "")
    for child in node:
        text += inline(child) + escaped(child.tail or "")
    if node.tag == "ref" and node.get("kindref") == "compound":
        # A reference to a page has its title as text.
        name = node.get("refid").split("_1")[0]
        return f"{text} (\\fB{escaped(name)}\\fP(7))" if name.startswith("reggie-") else text
    return f"\\f{font}{text}\\fP" if font and text else text


def blocks(node):
    """The lines of an element that has paragraphs, lists or sections."""
    lines = []
    for child in node:
        if child.tag == "para":
            lines += paragraph(child)
        elif re.fullmatch(r"sect\d", child.tag) and child.findtext("title") not in LISTS:
            lines += [".SS " + line(inline(child.find("title")))] + blocks(child)
    return lines


def paragraph(node):
    """The lines of a paragraph, which may contain lists and examples."""
    lines = []
    text = escaped(node.text or "")

    def end():
        if line(text):
            lines.extend([".PP", line(text)])

    for child in node:
        if child.tag in BLOCKS:
            end()
            text = ""
            lines += block(child)
        else:
            text += inline(child)
        text += escaped(child.tail or "")
    end()
    return lines


def block(node):
    """The lines of a list, an example or a table."""
    if node.tag == "programlisting":
        return code(listing(node))
    if node.tag == "verbatim":
        return code(node.text)
    if node.tag == "table":
        return table(node)
    lines = []
    for number, item in enumerate(node.findall("listitem"), 1):
        mark = f"{number}." if node.tag == "orderedlist" else "\\(bu"
        body = blocks(item)
        # The first paragraph continues the line of the mark.
        lines += [f".IP {mark} 4"] + body[1 if body[:1] == [".PP"] else 0:]
    return lines


def table(node):
    """A table as a list: the first column is the term."""
    rows = [[line(" ".join(inline(part) for part in entry)) for entry in row.findall("entry")]
            for row in node.findall("row")]
    titles = rows[0]
    lines = []
    for row in rows[1:]:
        cells = [row[1]] + [f"{title}: {cell}" for title, cell in zip(titles[2:], row[2:])]
        lines += [".TP", row[0], "; ".join(cells)]
    return lines


def references(pages):
    """References to other pages, given as pairs of name and section."""
    return line(", ".join(f"\\fB{escaped(name)}\\fP({section})" for name, section in pages))


class Pages:
    """All pages, and what they refer to."""

    def __init__(self, xml, version):
        self.version = version
        self.groups = []
        self.functions = {}
        self.types = {}
        self.constants = {}
        self.tasks = {}
        index = ElementTree.parse(xml / "index.xml")
        for compound in index.iter("compound"):
            name = compound.get("refid")
            if compound.get("kind") == "group":
                self.add_group(ElementTree.parse(xml / f"{name}.xml").find("compounddef"))
            elif name.startswith("reggie-"):
                self.tasks[name] = ElementTree.parse(xml / f"{name}.xml").find("compounddef")
        self.main = ElementTree.parse(xml / "indexpage.xml").find("compounddef")

    def add_group(self, group):
        functions = []
        for member in group.iter("memberdef"):
            name = member.findtext("name")
            if member.get("kind") == "function":
                self.functions[name] = member
                functions.append(name)
            elif member.get("kind") == "typedef":
                self.types[name] = member
            else:
                self.constants[name] = member
        self.groups.append((group.findtext("title"), functions))

    def head(self, name, section, summary):
        return [
            f'.TH {escaped(name)} {section} "" "libreggie {self.version}" "libreggie"',
            ".ad l",
            ".SH NAME", f"{escaped(name)} \\- {summary}",
        ]

    def member(self, name, member):
        """The page of a function or type."""
        brief = line(inline(member.find("briefdescription")))
        lines = self.head(name, 3, re.sub(r"\.$", "", brief))
        lines += [".SH SYNOPSIS", ".nf", "#include <reggie.h>", ".PP"]
        lines += [escaped(row) for row in declaration(name, member)]
        lines += [".fi", ".SH DESCRIPTION", brief, *blocks(member.find("detaileddescription"))]
        lines += self.constants_of(member)
        return lines + self.see_also(member)

    def constants_of(self, member):
        """The constants that a description mentions; all of a status."""
        text = "".join(member.itertext())
        mentioned = {name for name in CONSTANT.findall(text) if name in self.constants}
        if member.findtext("name") == "reggie_status":
            mentioned |= {name for name in self.constants if self.is_status(name)}
        order = [name for name in self.constants if name in mentioned]
        lines = []
        for title, names in (
            ("CONSTANTS", [name for name in order if not self.is_status(name)]),
            ("STATUSES", [name for name in order if self.is_status(name)]),
        ):
            if names:
                lines += [f".SH {title}", *self.constant_list(names)]
        return lines

    def is_status(self, name):
        """Statuses are in one group with their type and are numbers."""
        member = self.constants[name]
        value = member.findtext("initializer", "")
        return "reggie__statuses" in member.get("id") and value.isdigit()

    def constant_list(self, names):
        lines = []
        for name in names:
            member = self.constants[name]
            value = member.findtext("initializer", "").strip()
            text = " ".join(inline(part) for part in (
                member.find("briefdescription"), member.find("detaileddescription")))
            value = f" ({escaped(value)})" if value and "__" not in value else ""
            lines += [".TP", f"\\fB{name}\\fP{value}", line(text)]
        return lines

    def see_also(self, member):
        """The functions and types that a page refers to, the manual and the task. Of a
        type, also the functions that are named after it."""
        own = member.findtext("name")
        found = {"reggie"}
        if own in self.types:
            found.update(name for name in self.functions if name.startswith(f"{own}_"))
        for reference in member.iter("ref"):
            name = "".join(reference.itertext()).removesuffix("()")
            if name in self.functions or name in self.types:
                found.add(name)
        found.discard(own)
        group = member.get("id").split("_1")[0].removeprefix("group__reggie__")
        tasks = TASKS.get(group, [])
        pages = [(name, 3) for name in sorted(found)] + [(name, 7) for name in tasks]
        return [".SH SEE ALSO", references(pages)]

    def manual(self):
        """reggie(3): the main page, and the functions by part."""
        title = self.main.findtext("title").split(": ")[1]
        lines = self.head("reggie", 3, title)
        lines += [".SH SYNOPSIS", ".nf", "#include <reggie.h>", ".PP",
                  "cc program.c $(pkg\\-config \\-\\-cflags \\-\\-libs reggie)", ".fi",
                  ".SH DESCRIPTION", *blocks(self.main.find("detaileddescription"))]
        lines += [".SH FUNCTIONS"]
        for title, functions in self.groups:
            if functions:
                lines += [".SS " + title, references((name, 3) for name in functions)]
        return lines + [".SH SEE ALSO", references((name, 7) for name in self.tasks)]

    def task(self, name, page):
        """A page of docs/."""
        title = page.findtext("title")
        lines = self.head(name, 7, f"{title[0].lower() if title[1:2].islower() else title[0]}"
                          f"{title[1:]} (libreggie)")
        body = blocks(page.find("detaileddescription"))
        lines += [".SH DESCRIPTION"] + [re.sub(r"^\.SS ", ".SH ", row) for row in body]
        if name == "reggie-errors":
            lines += [".SH LIST OF STATUSES"]
            lines += self.constant_list([each for each in self.constants if self.is_status(each)])
        return lines + [".SH SEE ALSO", ".BR reggie (3)"]

    def write(self, output):
        pages = {"reggie.3": self.manual()}
        for name, member in {**self.functions, **self.types}.items():
            pages[f"{name}.3"] = self.member(name, member)
        for name, page in self.tasks.items():
            pages[f"{name}.7"] = self.task(name, page)
        for name, lines in pages.items():
            starts = [""] + lines
            lines = [row for before, row in zip(starts, lines)
                     if row != ".PP" or not before.startswith((".SH", ".SS"))]
            folder = output / f"man{name[-1]}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text("\n".join(lines) + "\n")


def declaration(name, member):
    """The lines of a declaration, one parameter per line if it is long."""
    if member.get("kind") == "typedef":
        definition = member.findtext("definition")
        # Doxygen splits the type of a function pointer from its parameters.
        whole = definition + ("" if "(" in definition and definition.endswith(")")
                              else member.findtext("argsstring", ""))
    else:
        whole = member.findtext("definition") + member.findtext("argsstring", "")
    whole = re.sub(r"\s+", " ", whole).replace("* ", "*") + ";"
    whole = re.sub(r"\((\*\w+)\) ?\(", r" (\1)(", whole).replace("  ", " ")
    if len(whole) <= WIDTH:
        return [whole]
    start = whole.rindex("(") if whole.count("(") == 1 else whole.index("(", whole.index("(") + 1)
    parameters = whole[start + 1:].split(", ")
    indent = ",\n" + " " * 4
    return (whole[:start + 1] + "\n    " + indent.join(parameters)).split("\n")


if __name__ == "__main__":
    Pages(Path(sys.argv[1]), sys.argv[3]).write(Path(sys.argv[2]))
