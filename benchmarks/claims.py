"""Measures the check with claims whose truth is known: `python -m benchmarks.claims`.

The program checks each claim against its document, or, for FOLDERs, in one library of all files, as a user would. These
are the sets:

- `own` was written for `benchmarks/data` by people who had not read the code.
- `later` was written in the same way afterwards, about the sample documents and files of `../shared`.
- `flat` was again written in the same way. Half of its claims are short ("X is in Y"), with words that stand near each
  other in the document.
- `hand` has other handwritten claims, `scifact` and `climate` have public claims with human labels. These three are in
  the folder of the public sets. Of `scifact`, only the quarter is used that the verifier was not trained on.
- `wice` has the first 100 claims of the test part of WiCE (github.com/ryokamoi/wice, in `data/entailment_retrieval`),
  each with the web page that Wikipedia cites for it; `factcheck` has the pairs of a short claim and a web passage of
  Factcheck-GPT (github.com/yuxiaw/Factcheck-GPT, `subtasks/subtask3_claim_evidence_stance.jsonl`). Both have human
  labels; nothing was ever chosen on them. `--public` names the folder with `wice.jsonl` and `factcheck.jsonl`.

FOLDERs replace these sets. Each has `files/`, which make one library, and `*.jsonl` with claims about them by people
who had not read the code: `file`, `set`, `kind`, `claim`, and `label`, `s` if the file says so, `c` if it says the
contrary, `n` if it does neither. `benchmarks/data/unseen/claims-*` has such claims, and says where their files are
from.

For each category the program prints the share of claims that are supported (word for word or otherwise), perhaps
supported and contradicted, then those of each set.

`--verifier off` disables the learned verifier; `--split` uses one half of `own`; `--misses` shows the errors.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.machine import report
from index import Library
from index.settings import Settings
from training.sources import scifact_claims

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from index.records import Statement

DATA = Path(__file__).parent / "data"
EVAL = Path(__file__).parents[1].parent / "shared" / "eval"
TRUE_LABELS = ("SUPPORT", "SUPPORTS", True)
WRAPPED = ("wrapped", "denied", "hedge")
"""Categories in which the source contains the words, but their context takes them back."""
TOGETHER = ("genre", "fluent", "draft")
"""Sets of strangers' claims as people write them; the others ask for one difficulty."""


WICE_CLAIMS = 100


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim, its document, and whether the document supports it."""

    set: str
    category: str
    follows: bool | None
    """None if the human label says that there is not enough information."""
    document: str
    text: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """A claim with the result of its check."""

    claim: Claim
    statement: Statement
    milliseconds: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER")
    parser.add_argument("--eval", type=Path, default=EVAL, help="the folder of the public sets")
    parser.add_argument("--public", type=Path, help="the folder of WiCE and Factcheck-GPT")
    parser.add_argument(
        "--only", action="append", choices=(*SETS, *PUBLIC), help="a set; repeatable; all sets by default"
    )
    parser.add_argument("--split", choices=("dev", "test"), help="one half of `own`")
    parser.add_argument("--verifier", help="a value of PINCITE_VERIFIER: `off`, or another model")
    parser.add_argument("--misses", action="store_true", help="show the claims with a wrong verdict")
    parser.add_argument("--json")
    options = parser.parse_args()
    judged: list[Judgement] = []
    for folder in options.folders:
        documents, claims = read_folder(folder)
        judged += _judge(documents, list(claims), options.verifier, everywhere=True)
    if not options.public and set(options.only or ()) & set(PUBLIC):
        parser.error("wice and factcheck need --public FOLDER.")
    sets = {**SETS, **(PUBLIC if options.public else {})}
    for name in () if options.folders else options.only or sets:
        documents, claims = sets[name](options)
        judged += _judge(documents, list(claims), options.verifier)
    for judgement in judged if options.misses else ():
        _show(judgement)
    report("Claims, by category", list(_categories(judged)), options.json)
    report("Claims, by set", [*_minimums(judged), *_together(judged)], None)


def read_folder(folder: Path) -> tuple[dict[str, str | Path], Iterator[Claim]]:
    """Return the documents of a FOLDER by their names, and the claims about them."""
    documents: dict[str, str | Path] = {path.name: path for path in sorted((folder / "files").iterdir())}
    rows = [row for path in sorted(folder.glob("*.jsonl")) for row in _rows(path) if "claim" in row]
    labels = {"s": True, "c": False, "n": False}
    return documents, (Claim(row["set"], row["kind"], labels[row["label"]], row["file"], row["claim"]) for row in rows)


def _own(options: argparse.Namespace) -> tuple[dict[str, str | Path], Iterator[Claim]]:
    rows = [row for row in _rows(DATA / "claims.jsonl") if options.split in (None, row["split"])]
    documents: dict[str, str | Path] = {path.stem: path for path in sorted((DATA / "documents").glob("*.txt"))}
    return documents, (Claim("own", row["category"], row["follows"], row["document"], row["claim"]) for row in rows)


def _later(options: argparse.Namespace) -> tuple[dict[str, str | Path], Iterator[Claim]]:
    return _on_files("later", options.eval.parent)


def _flat(options: argparse.Namespace) -> tuple[dict[str, str | Path], Iterator[Claim]]:
    return _on_files("flat", options.eval.parent)


def _on_files(name: str, shared: Path) -> tuple[dict[str, str | Path], Iterator[Claim]]:
    """Return claims about files of the repository and of `../shared`, with their documents."""
    rows, own = _rows(DATA / f"{name}_claims.jsonl"), Path(__file__).parents[1]
    roots = {"benchmarks": own, "seeds": own, "files": shared, "eval": shared}
    documents: dict[str, str | Path] = {
        row["document"]: roots[row["document"].split("/")[0]] / row["document"] for row in rows
    }
    return documents, (Claim(name, row["category"], row["follows"], row["document"], row["claim"]) for row in rows)


def _hand(options: argparse.Namespace) -> tuple[dict[str, str | Path], Iterator[Claim]]:
    folder, shared = options.eval / "claims", options.eval.parent
    documents: dict[str, str | Path] = {path.stem: path for path in sorted((folder / "documents").iterdir())}
    documents["gabuev"] = next((shared / "seeds").glob("*.txt"))
    documents["norwich"] = next((shared / "files").rglob("norwich-city.txt"))
    rows = _rows(folder / "handwritten.jsonl")
    return documents, (Claim("hand", row["category"], row["follows"], row["document"], row["claim"]) for row in rows)


def _scifact(options: argparse.Namespace) -> tuple[dict[str, str | Path], Iterator[Claim]]:
    _, rows = scifact_claims(options.eval)
    cited = {row["doc_id"] for row in rows}
    corpus = _rows(options.eval / "scifact" / "corpus.jsonl")
    documents: dict[str, str | Path] = {row["id"]: row["text"] for row in corpus if row["id"] in cited}
    return documents, (
        Claim("scifact", row["label"], row["label"] in TRUE_LABELS, row["doc_id"], row["claim"]) for row in rows
    )


def _climate(options: argparse.Namespace) -> tuple[dict[str, str | Path], Iterator[Claim]]:
    rows = _rows(options.eval / "claims" / "climate_fever.jsonl")
    documents: dict[str, str | Path] = {
        row["id"]: "\n\n".join(evidence["text"] for evidence in row["evidences"]) for row in rows
    }
    known: dict[str, bool] = {"SUPPORTS": True, "REFUTES": False}
    return documents, (Claim("climate", row["label"], known.get(row["label"]), row["id"], row["claim"]) for row in rows)


def _wice(options: argparse.Namespace) -> tuple[dict[str, str | Path], Iterator[Claim]]:
    rows = _rows(options.public / "wice.jsonl")[:WICE_CLAIMS]
    documents: dict[str, str | Path] = {row["meta"]["id"]: "\n\n".join(row["evidence"]) for row in rows}
    return documents, (
        Claim("wice", row["label"], row["label"] == "supported", row["meta"]["id"], row["claim"]) for row in rows
    )


def _factcheck(options: argparse.Namespace) -> tuple[dict[str, str | Path], Iterator[Claim]]:
    rows = {(row["claim"], row["evidence"]): row for row in _rows(options.public / "factcheck.jsonl")}.values()
    documents: dict[str, str | Path] = {_digest(row["evidence"]): row["evidence"] for row in rows}
    return documents, (
        Claim("factcheck", row["stance"], row["stance"] == "completely-support", _digest(row["evidence"]), row["claim"])
        for row in rows
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


SETS: dict[str, Callable[[argparse.Namespace], tuple[dict[str, str | Path], Iterator[Claim]]]] = {
    "own": _own,
    "later": _later,
    "flat": _flat,
    "hand": _hand,
    "scifact": _scifact,
    "climate": _climate,
}
PUBLIC = {"wice": _wice, "factcheck": _factcheck}
"""Sets that `--public` adds."""


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _judge(
    documents: dict[str, str | Path], claims: Sequence[Claim], verifier: str | None, *, everywhere: bool = False
) -> Iterator[Judgement]:
    with tempfile.TemporaryDirectory() as folder:
        yield from judge(Path(folder), documents, claims, verifier, everywhere=everywhere)


def judge(
    folder: Path,
    documents: dict[str, str | Path],
    claims: Sequence[Claim],
    verifier: str | None,
    *,
    everywhere: bool = False,
) -> Iterator[Judgement]:
    """Check each claim against its document or `everywhere`, in a library of all documents in this folder."""
    settings = Settings() if verifier is None else Settings(verifier=verifier)
    paths = {name: _file(folder / "documents", name, document) for name, document in documents.items()}
    with Library.open(folder / "library", settings=settings) as library:
        refused = {failure.source for failure in library.add([str(path) for path in paths.values()]).failed}
        ids = {
            name: hashlib.sha256(path.read_bytes()).hexdigest()
            for name, path in paths.items()
            if str(path) not in refused
        }
        if refused:
            print(f"Documents that the library cannot read, left out with their claims: {len(refused)}.")
        claims = [claim for claim in claims if claim.document in ids]
        library.check(claims[0].text, documents=[ids[claims[0].document]])  # loads the models before the timing starts
        for claim in claims:
            started = time.perf_counter()
            check = library.check(claim.text, documents=None if everywhere else [ids[claim.document]])
            milliseconds = 1000 * (time.perf_counter() - started)
            yield Judgement(claim, _weakest(check.statements), milliseconds)


def _file(folder: Path, name: str, document: str | Path) -> Path:
    if isinstance(document, Path):
        return document
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.txt"
    if not path.exists():
        path.write_text(document, encoding="utf-8")
    return path


def _weakest(statements: Sequence[Statement]) -> Statement:
    """Return the first unsupported statement, because it decides about a claim of several sentences."""
    return next((statement for statement in statements if not statement.is_supported), statements[0])


def _categories(judged: Sequence[Judgement]) -> Iterator[dict[str, object]]:
    keys = dict.fromkeys(
        (judgement.claim.set, judgement.claim.category, judgement.claim.follows) for judgement in judged
    )
    for key in keys:
        own = [
            judgement
            for judgement in judged
            if (judgement.claim.set, judgement.claim.category, judgement.claim.follows) == key
        ]
        follows = {True: "yes", False: "no", None: "unknown"}[key[2]]
        yield {"set": key[0], "category": key[1], "follows": follows, **_shares(own)}


def _shares(judged: Sequence[Judgement]) -> dict[str, object]:
    return {
        "n": len(judged),
        "supported": _share(judged, lambda judgement: judgement.statement.is_supported),
        "verbatim": _share(judged, lambda judgement: judgement.statement.verdict == "verbatim"),
        "perhaps": _share(judged, lambda judgement: judgement.statement.verdict == "perhaps"),
        "contradicted": _share(judged, lambda judgement: judgement.statement.verdict == "contradicted"),
    }


def _share(judged: Sequence[Judgement], test: Callable[[Judgement], bool]) -> float:
    return round(statistics.mean(map(test, judged)), 3)


def _together(judged: Sequence[Judgement]) -> Iterator[dict[str, object]]:
    """Yield the shares of the true and of the false claims in the sets TOGETHER, as one set."""
    for follows, label in ((False, "false"), (True, "true")):
        own = [found for found in judged if found.claim.set in TOGETHER and found.claim.follows is follows]
        if own:
            yield {"set": ", ".join(TOGETHER), "claims": label, **_shares(own)}


def _minimums(judged: Sequence[Judgement]) -> Iterator[dict[str, object]]:
    for name in dict.fromkeys(judgement.claim.set for judgement in judged):
        for follows, label in ((False, "false"), (True, "true"), (None, "unknown")):
            own = [
                judgement for judgement in judged if judgement.claim.set == name and judgement.claim.follows is follows
            ]
            if own:
                yield {"set": name, "claims": label, **_shares(own)}
        wrapped = [
            judgement for judgement in judged if judgement.claim.set == name and judgement.claim.category in WRAPPED
        ]
        if wrapped:
            yield {"set": name, "claims": "wrapped", **_shares(wrapped)}
        times = [judgement.milliseconds for judgement in judged if judgement.claim.set == name]
        print(f"{name}: {statistics.median(times):.0f} ms per claim at the median, {max(times):.0f} at most")


def _show(judgement: Judgement) -> None:
    claim, statement = judgement.claim, judgement.statement
    if claim.follows is not None and (claim.follows is not statement.is_supported):
        print(f"{claim.set}, {claim.category}: {statement.verdict}. {statement.detail}\n  {claim.text}")


if __name__ == "__main__":
    main()
