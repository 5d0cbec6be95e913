"""The documents agree: the README in two languages has the same facts, links lead somewhere, pages are complete."""

import re
from pathlib import Path

import pytest

from project import ROOT

ENGLISH, FRENCH = ROOT / "README.md", ROOT / "README.fr.md"
LABS = sorted((ROOT / "docs" / "labs").glob("*.md"))
PAGES = [ENGLISH, FRENCH, *sorted((ROOT / "docs").glob("*.md")), *LABS]
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\[[^]\n]*\]\(([^)\s]+)\)")


def blocks(path: Path) -> list[str]:
    """The blocks of commands and listings."""
    return FENCE.findall(path.read_text())


def prose(path: Path) -> str:
    return FENCE.sub("", path.read_text())


def headings(path: Path) -> list[int]:
    """The headings' levels, in their order."""
    return [len(marks) for marks in re.findall(r"^(#+) ", prose(path), re.MULTILINE)]


def tables(path: Path) -> list[list[tuple[int, tuple[str, ...]]]]:
    """Each table's rows: how many cells, and what is code in them, which no language changes."""
    found = re.findall(r"(?:^\|.*\n)+", prose(path), re.MULTILINE)
    return [[(cells(row), tuple(sorted(CODE.findall(row)))) for row in table.splitlines()] for table in found]


def cells(row: str) -> int:
    return len(re.findall(r"(?<!\\)\|", row)) - 1


def sections(path: Path) -> list[list[str]]:
    """What is code in each section's text, sorted: another language may say it in another order."""
    return [sorted(CODE.findall(part)) for part in re.split(r"^#+ .*$", prose(path), flags=re.MULTILINE)]


def test_the_readme_has_the_same_headings_in_both_languages() -> None:
    assert headings(FRENCH) == headings(ENGLISH)


def test_the_readme_has_the_same_commands_in_both_languages() -> None:
    assert blocks(FRENCH) == blocks(ENGLISH)
    assert sections(FRENCH) == sections(ENGLISH)


def test_the_readme_has_the_same_tables_in_both_languages() -> None:
    english, french = tables(ENGLISH), tables(FRENCH)
    assert len(french) == len(english)
    for ours, theirs in zip(english, french, strict=True):
        assert theirs == ours


def test_the_readme_has_the_same_links_and_pictures_in_both_languages() -> None:
    to_each_other = {"README.md", "README.fr.md"}
    english, french = (
        [link for link in LINK.findall(prose(path)) if link not in to_each_other] for path in (ENGLISH, FRENCH)
    )
    assert french == english


def test_a_difference_would_be_found(tmp_path: Path) -> None:
    changed = tmp_path / "README.fr.md"
    changed.write_text(
        FRENCH.read_text().replace("| `checkout.approval_above` | `1000`", "| `checkout.approval` | `10`")
    )
    assert tables(changed) != tables(ENGLISH)
    changed.write_text(FRENCH.read_text().replace("### Options", "## Options"))
    assert headings(changed) != headings(ENGLISH)
    changed.write_text(FRENCH.read_text().replace("npx cdktf deploy", "cdktf deploy"))
    assert blocks(changed) != blocks(ENGLISH)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(prose(page)):
        if not link.startswith(("http://", "https://", "#")):
            assert (page.parent / link.partition("#")[0]).exists(), link


@pytest.mark.parametrize("page", LABS, ids=lambda page: page.stem)
def test_each_lab_has_its_page(page: Path) -> None:
    text = page.read_text()
    for heading in ("## Messages", "## When something fails", "## Exercises", "## By hand", "### In the AWS console"):
        assert f"\n{heading}\n" in text, heading
    assert f"(../img/{page.stem}.svg)" in text
    exercises = re.split(r"^## ", text.split("\n## Exercises\n")[1], flags=re.MULTILINE)[0]
    numbered = len(re.findall(r"^\d+\. ", exercises, re.MULTILINE))
    assert numbered >= 2 and exercises.count("<details>") == exercises.count("</details>") == numbered
    # A fold shows Markdown only after an empty line.
    assert len(re.findall(r"<summary>Solution</summary>\n\n", exercises)) == numbered


def test_every_lab_of_the_readme_has_a_page() -> None:
    assert {page.stem for page in LABS} == set(re.findall(r"\(docs/labs/(\w+)\.md\)", ENGLISH.read_text()))
