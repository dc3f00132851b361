"""Running a generation, with its progress, and showing what comes out."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from constrain.cli.inputs import load_model
from constrain.cli.judges import judged
from constrain.errors import AcceptanceError, ExtinctionError
from constrain.terminal import InputError, Terminal

if TYPE_CHECKING:
    from constrain.sampling import Progress, Run
    from constrain.sampling.outcome import Outcome
    from constrain.speculation import Statistics
    from constrain.writing import Timings

_WEIGHING, _TRYING = ("asap", "awrs", "smc"), ("rejection", "cars")
_PARTICLES = 16
_PLACES_SHOWN = 6
"""Most places of a draft of which a person is told the share of guesses that came true."""


def write_and_show(
    terminal: Terminal,
    function: str,
    target: Any,
    model_name: str,
    *,
    n: int,
    draft: str,
    particles: int | None,
    report: Path | None,
    **settings: Any,
) -> None:
    """Run one of the functions of `constrain.generation` and show what comes out."""
    sampler = settings["sampler"]
    if report and (sampler != "smc" or report.suffix not in (".svg", ".html")):
        raise InputError("--report draws a run of --sampler smc into a file that is .svg or .html")
    if report and not report.parent.is_dir():
        raise InputError(f"cannot write {report}: there is no folder {report.parent}")
    if particles is None:
        particles = _PARTICLES
    elif sampler not in _WEIGHING:
        raise InputError(
            f"--particles is of the samplers that weigh texts ({', '.join(_WEIGHING)}), and "
            f"--sampler is {sampler}; -n says how many to write"
        )
    elif particles < n:
        raise InputError(
            f"-n {n} texts are to be drawn from --particles {particles}; weigh at least as many"
        )
    started = time.perf_counter()
    with terminal.busy(f"loading the kernels and the model {model_name}"):
        from constrain.engine import warmup

        warmup()
        model = load_model(model_name)
        drafts = {"none": None, "auto": "auto"}
        drafting = drafts[draft] if draft in drafts else load_model(draft)
    loaded = time.perf_counter()
    most, tries = settings["max_tokens"], sampler in _TRYING
    what = f"writing {n} of at most {most} tokens"
    with terminal.watching(what, n if tries else most) as show:
        from constrain import generation

        def observe(progress: Progress) -> None:
            done, of = progress.finished, progress.attempts
            if tries:
                show(done, f"{done} of {n} done, {done / of:.1%} of {of} texts accepted")
            elif sampler in _WEIGHING:
                remark = f"{done} of {of} texts ended, effective sample size"
                show(progress.tokens, f"{remark} {progress.effective:.1f}")
            else:
                show(progress.tokens, f"{done} of {n} done")

        try:
            results = getattr(generation, function)(
                target,
                model,
                n=n,
                draft=drafting,
                particles=particles,
                observe=observe,
                return_details=True,
                **settings,
            )
        except ExtinctionError as error:
            if report:
                _draw(terminal, error.run, report)
            raise
        except AcceptanceError as error:
            for sample in () if terminal.as_json else error.samples:
                terminal.line(sample.text)  # what was accepted before
            raise
    finished = time.perf_counter()
    results = results if n > 1 else [results]
    outcome, ahead = results[0].outcome, results[0].speculation
    verdict = None
    if not terminal.ignored:
        verdict = judged(function, target, [r.text for r in results], settings)
    if terminal.as_json:
        terminal.document(
            {
                "ok": True,
                "confirmed": bool(verdict and not verdict.complaint and not verdict.unread),
                "results": [
                    {
                        "value": r.value,
                        "text": r.text,
                        "tokens": len(r.token_ids),
                        "forced_tokens": r.forced_tokens,
                        "model_calls": r.model_calls,
                        "seed": r.seed,
                    }
                    for r in results
                ],
                **({"sampling": _told(outcome)} if outcome else {}),
                **({"speculation": asdict(ahead)} if ahead else {}),
                **terminal.told,
                "seconds": {
                    "load": loaded - started,
                    "compile": results[0].timings.compile,
                    "generate": finished - loaded,
                    "masks": results[0].timings.masks,
                    "sampler": results[0].timings.sampler,
                },
            }
        )
    else:
        is_json = function == "generate_json"
        for result in results:
            terminal.document(result.value) if is_json else terminal.line(result.value)
    if report:
        _draw(terminal, outcome.run, report)
    tokens = sum(len(r.token_ids) for r in results)
    forced = sum(r.forced_tokens for r in results)
    if verdict and verdict.complaint:
        raise AssertionError(f"{verdict.judge} refuses what was written: {verdict.complaint}")
    if verdict and verdict.unread:
        why = escape(f"{verdict.judge} has failed with {verdict.unread}")
        terminal.note(f"[yellow]not confirmed[/]: {why}")
    elif verdict:
        terminal.note(f"[green]valid[/], as {verdict.judge} confirms")
    if outcome:
        terminal.note(
            f"[dim]{outcome.sampler}: {outcome.attempts} texts, {outcome.acceptance_rate:.0%} "
            f"valid, effective sample size {outcome.effective:.1f}, log evidence "
            f"{outcome.log_evidence:.2f}[/]"
        )
    if ahead:
        _show_speculation(terminal, ahead, results[0].timings)
    terminal.note(
        f"[dim]{tokens} tokens, {forced} of them forced, in {finished - loaded:.2f} s; "
        f"compiled in {results[0].timings.compile * 1000:.1f} ms; "
        f"loaded in {loaded - started:.2f} s; seed {results[0].seed}[/]"
    )


def _draw(terminal: Terminal, run: Run, report: Path) -> None:
    """Draw a run into a file."""
    from constrain.sampling import picture

    draw = picture.svg if report.suffix == ".svg" else picture.html
    try:
        report.write_text(draw(run), "utf-8")
    except OSError as error:
        raise InputError(f"cannot write {report}: {error.strerror}") from error
    terminal.note(f"[dim]what the particles went through is drawn in {escape(str(report))}[/]")


def _show_speculation(terminal: Terminal, ahead: Statistics, timings: Timings) -> None:
    """Say what came of looking ahead, and where the time went."""
    guesses = ", ".join(f"{name} {a.accepted} of {a.sent}" for name, a in ahead.drafters.items())
    places = ", ".join(f"{a.rate:.0%}" for a in list(ahead.places.values())[:_PLACES_SHOWN])
    terminal.note(
        f"[dim]{ahead.questions} questions in {ahead.calls} calls of the model, "
        f"{ahead.per_call:.2f} a call; guesses that came true: {guesses or 'none'}"
        + (f"; by place {places}" if places else "")
        + "[/]"
    )
    terminal.note(
        f"[dim]model {ahead.target_seconds:.2f} s, drafts {ahead.draft_seconds:.2f} s, sampler "
        f"{timings.sampler:.2f} s; {timings.masks * 1000:.0f} ms of the last two in masks[/]"
    )


def _told(outcome: Outcome) -> dict[str, Any]:
    """What programs are told of a sampler's run."""
    names = ("sampler", "attempts", "acceptance_rate", "effective", "log_evidence")
    told = {name: getattr(outcome, name) for name in names}
    return {**told, "posterior": outcome.run.posterior()} if outcome.run else told
