"""The `constrain` command.

Nothing heavy is imported before a command needs it, so that `--help` answers at once.
"""

from __future__ import annotations

import json
import re
import sys
import time
from dataclasses import asdict
from functools import cache, partial
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.markup import escape

from constrain import __version__, grammars
from constrain.errors import InvalidSchemaError
from constrain.terminal import ExitCode, InputError, Terminal

if TYPE_CHECKING:
    from constrain.explain import Refusal
    from constrain.generation import Timings
    from constrain.models import LanguageModel
    from constrain.reasons import Reason
    from constrain.sampling import Progress
    from constrain.sampling.outcome import Outcome
    from constrain.speculation import Statistics

EXIT_CODES = """Exit codes: **0** done, **1** the instance is refused, **2** bad input or usage,
**3** generation failed, **70** a bug, **130** interrupted."""

_JUDGES = {
    "generate_json": "jsonschema",
    "generate_regex": "Python's re",
    "generate_grammar": "Lark",
}
_PLACES_SHOWN = 6
"""Most places of a draft of which a person is told the share of guesses that came true."""
_REASONS_SHOWN = 4
"""Most reasons that a person is told, at each level; programs are told all."""

app = typer.Typer(
    name="constrain",
    help="Structured generation: what a language model writes obeys a schema, grammar or pattern.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)

bench_app = typer.Typer(
    help="Run a benchmark; needs a checkout of the source.",
    epilog="""Examples:

- `constrain bench jsonschema --sample 400`
- `constrain bench suite --drafts draft2020-12`
- `constrain bench walks --sample 300`
- `constrain bench sampling distortion`
- `constrain bench speculation`
- `constrain bench grammars --grammars json,sql`
- `constrain bench jsonschema --help`""",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
app.add_typer(bench_app, name="bench")


def _sample_names() -> list[str]:
    folder = files("constrain.schemas")
    return sorted(f.name[: -len(".json")] for f in folder.iterdir() if f.name.endswith(".json"))


SchemaArgument = Annotated[
    str,
    typer.Argument(
        metavar="SCHEMA",
        show_default=False,
        help="A JSON Schema: a path, - for stdin, the JSON itself, or the name of a sample "
        f"({', '.join(_sample_names())}).",
    ),
]
JSONFlag = Annotated[bool, typer.Option("--json", help="Write one JSON object for programs.")]
Model = Annotated[
    str,
    typer.Option(
        "--model",
        "-m",
        help="A Hugging Face model id or path; `bundled` is the small demo model.",
    ),
]
Prompt = Annotated[
    str | None, typer.Option("--prompt", "-p", help="What to write about.", show_default=False)
]
Count = Annotated[int, typer.Option("-n", min=1, help="How many to write.")]
Seed = Annotated[
    int | None,
    typer.Option("--seed", "-s", help="Same seed, same output.", show_default="random"),
]
MaxTokens = Annotated[
    int, typer.Option("--max-tokens", min=1, help="Every output ends, valid, within so many.")
]
Temperature = Annotated[
    float, typer.Option("--temperature", "-t", min=0.0, help="0 takes the likeliest token.")
]
TopK = Annotated[
    int | None, typer.Option("--top-k", min=1, help="Sample from the k likeliest tokens.")
]
TopP = Annotated[
    float | None,
    typer.Option("--top-p", min=0.0, max=1.0, help="Sample from the likeliest tokens of mass p."),
]
MinP = Annotated[
    float | None,
    typer.Option("--min-p", min=0.0, max=1.0, help="Drop tokens below p times the likeliest."),
]
Sampler = Annotated[
    Literal["masked", "rejection", "asap", "cars", "awrs", "smc"],
    typer.Option(
        help="masked is fast; the others keep the model's own distribution given the constraint: "
        "rejection and cars exactly, asap, awrs and smc by weighing several texts."
    ),
]
Particles = Annotated[
    int, typer.Option("--particles", min=1, help="Texts to weigh (asap, awrs, smc).")
]
Draft = Annotated[
    str,
    typer.Option(
        "--draft",
        help="Guess tokens, so that one call of the model scores several; the output is the same. "
        "`auto` needs no second model; an id or a path is that of a smaller model with the same "
        "tokenizer; `none` guesses nothing.",
    ),
]
Report = Annotated[
    Path | None,
    typer.Option(
        "--report",
        help="Draw the run of smc into this file, .svg or .html.",
        show_default=False,
    ),
]
Lenient = Annotated[
    bool,
    typer.Option(
        "--lenient", help="Ignore what is not understood in the schema, each with a warning."
    ),
]


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
) -> None:
    if version:
        sys.stdout.write(f"constrain {__version__}\n")
        raise typer.Exit


@app.command(
    "json",
    epilog=f"""Examples:

- `constrain json person`
- `constrain json person -n 3 --seed 1 --prompt "Nurses from Lisbon."`
- `constrain json person --sampler smc --particles 32 --report run.html`
- `constrain json '{{"enum": ["yes", "no"]}}' --prompt "Is the sky green?" -m HF_MODEL_ID`
- `constrain json order.json --json | jq .results[0].value`

The values go to stdout, one a line where a program reads it, and all else to stderr.

{EXIT_CODES}""",
)
def json_command(
    schema: SchemaArgument,
    prompt: Prompt = None,
    model: Model = "bundled",
    n: Count = 1,
    seed: Seed = None,
    max_tokens: MaxTokens = 512,
    temperature: Temperature = 1.0,
    top_k: TopK = None,
    top_p: TopP = None,
    min_p: MinP = None,
    sampler: Sampler = "masked",
    particles: Particles = 16,
    draft: Draft = "none",
    report: Report = None,
    lenient: Lenient = False,
    as_json: JSONFlag = False,
) -> None:
    """Write JSON that is valid against a schema."""
    terminal = Terminal(as_json=as_json)
    with terminal.reporting():
        parsed = _read_schema(schema)

        from constrain.schema import JSONOptions, schema_control

        # What is wrong is said before a model is loaded.
        schema_control(parsed, JSONOptions(), lenient=lenient)
        _generate(
            terminal,
            "generate_json",
            parsed,
            model,
            prompt=prompt,
            n=n,
            seed=seed,
            max_tokens=max_tokens,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            min_p=min_p,
            sampler=sampler,
            particles=particles,
            draft=draft,
            report=report,
            lenient=lenient,
        )


@app.command(
    "regex",
    epilog=f"""Examples:

- `constrain regex '[A-Z]{{2}}-\\d{{4}}'`
- `constrain regex '(yes|no)' --prompt "Is the sky green?" -m HF_MODEL_ID`

{EXIT_CODES}""",
)
def regex_command(
    pattern: Annotated[
        str, typer.Argument(metavar="PATTERN", help="A regular expression, Python's syntax.")
    ],
    prompt: Prompt = None,
    model: Model = "bundled",
    n: Count = 1,
    seed: Seed = None,
    max_tokens: MaxTokens = 128,
    temperature: Temperature = 1.0,
    top_k: TopK = None,
    top_p: TopP = None,
    min_p: MinP = None,
    sampler: Sampler = "masked",
    particles: Particles = 16,
    draft: Draft = "none",
    report: Report = None,
    as_json: JSONFlag = False,
) -> None:
    """Write text that a regular expression matches in full."""
    terminal = Terminal(as_json=as_json)
    with terminal.reporting():
        from constrain.lexing.syntax import parse

        parse(pattern, "python")
        _generate(
            terminal,
            "generate_regex",
            pattern,
            model,
            prompt=prompt,
            n=n,
            seed=seed,
            max_tokens=max_tokens,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            min_p=min_p,
            sampler=sampler,
            particles=particles,
            draft=draft,
            report=report,
        )


@app.command(
    "grammar",
    epilog=f"""Examples:

- `constrain grammar arithmetic --prompt "Half of ten."`
- `constrain grammar dates.lark --start date -n 3`
- `constrain grammar chess.gbnf`

{EXIT_CODES}""",
)
def grammar_command(
    file: Annotated[
        str,
        typer.Argument(
            metavar="GRAMMAR",
            show_default=False,
            help="A grammar: a path, - for stdin, or the name of a ready-made one "
            f"({', '.join(grammars.names())}).",
        ),
    ],
    syntax: Annotated[
        Literal["lark", "gbnf"] | None,
        typer.Option(
            help="Its language: Lark's, or GBNF of llama.cpp.",
            show_default="gbnf for files that end in .gbnf, else lark",
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            help="The rule that stands for whole texts.", show_default="start, in GBNF root"
        ),
    ] = None,
    lexer: Annotated[
        Literal["dynamic", "contextual"] | None,
        typer.Option(help="How a text is divided into terminals.", show_default="what fits"),
    ] = None,
    prompt: Prompt = None,
    model: Model = "bundled",
    n: Count = 1,
    seed: Seed = None,
    max_tokens: MaxTokens = 512,
    temperature: Temperature = 1.0,
    top_k: TopK = None,
    top_p: TopP = None,
    min_p: MinP = None,
    sampler: Sampler = "masked",
    particles: Particles = 16,
    draft: Draft = "none",
    report: Report = None,
    as_json: JSONFlag = False,
) -> None:
    """Write text of a context-free grammar."""
    terminal = Terminal(as_json=as_json)
    with terminal.reporting():
        from constrain.grammar.compile import grammar_control

        ready = file in grammars.names() and not Path(file).exists()
        path = None if file == "-" or ready else file
        text = grammars.load(file) if ready else _read_text(file)
        if syntax is None:
            syntax = "gbnf" if file.endswith(".gbnf") else "lark"
        control = grammar_control(text, syntax, start, lexer, path)
        fitting = control.lexer
        terminal.note(f"[dim]lexer: {fitting}[/]")
        _generate(
            terminal,
            "generate_grammar",
            text,
            model,
            syntax=syntax,
            start=start,
            lexer=fitting,
            path=path,
            indentation=getattr(control, "indentation", None),
            prompt=prompt,
            n=n,
            seed=seed,
            max_tokens=max_tokens,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            min_p=min_p,
            sampler=sampler,
            particles=particles,
            draft=draft,
            report=report,
        )


@app.command(
    "check",
    epilog=f"""Examples:

- `constrain check person me.json`
- `constrain check person '{{"first_name": 1}}'`
- `cat me.json | constrain check schema.json - --json`

{EXIT_CODES}""",
)
def check_command(
    schema: SchemaArgument,
    instance: Annotated[
        str,
        typer.Argument(
            metavar="INSTANCE",
            show_default=False,
            help="The JSON text: a path, - for stdin, or the JSON itself.",
        ),
    ],
    language: Annotated[
        Literal["specification", "generation"],
        typer.Option(
            help="All that the JSON Schema specification allows, or the spellings that models are "
            "held to: properties in schema order, bounded white space, no needless escapes. "
            "Formats are asserted in both."
        ),
    ] = "specification",
    lenient: Lenient = False,
    as_json: JSONFlag = False,
) -> None:
    """Say whether a JSON text is valid, or the byte where it fails and what was allowed there."""
    terminal = Terminal(as_json=as_json)
    with terminal.reporting():
        if schema == "-" and instance == "-":
            raise InputError("only one of SCHEMA and INSTANCE can be read from stdin")
        parsed, text = _read_schema(schema), _read(instance).rstrip(b" \t\r\n")

        from constrain import JSONOptions, compile_json_schema
        from constrain.explain import byte_vocabulary, explain
        from constrain.reasons import reasons

        compiled = cache(partial(compile_json_schema, parsed, byte_vocabulary(), lenient=lenient))
        wide = JSONOptions.specification(format="assert")
        options = wide if language == "specification" else JSONOptions()
        with terminal.busy("following the text"):
            refusal = explain(compiled(options), text)
            why = reasons(compiled, options, text, refusal) if refusal else []
        _show_verdict(terminal, refusal, why)
    if refusal is not None:
        raise typer.Exit(ExitCode.REFUSED)


@app.command("warmup", epilog=EXIT_CODES)
def warmup_command(as_json: JSONFlag = False) -> None:
    """Compile the kernels now and keep them on disk, so that no first use has to wait."""
    terminal = Terminal(as_json=as_json)
    with terminal.reporting():
        with terminal.busy("compiling the kernels, once; this takes up to a minute"):
            from constrain.engine import warmup

            seconds = warmup()
        if as_json:
            terminal.document({"ok": True, "seconds": round(seconds, 3)})
        else:
            terminal.line(f"kernels ready after {seconds:.1f} s")


_PASSED_ON = {
    "allow_extra_args": True,
    "ignore_unknown_options": True,
    "help_option_names": [],
}


@bench_app.command("jsonschema", context_settings=_PASSED_ON)
def bench_jsonschema_command(context: typer.Context) -> None:
    """Engines on JSONSchemaBench: time per mask, wrong accepts, wrong rejects."""
    _run_benchmark("jsonschemabench", context.args)


@bench_app.command("suite", context_settings=_PASSED_ON)
def bench_suite_command(context: typer.Context) -> None:
    """Engines on the official JSON-Schema-Test-Suite: which tests they decide rightly."""
    _run_benchmark("jsonschema_suite", context.args)


@bench_app.command("library", context_settings=_PASSED_ON)
def bench_library_command(context: typer.Context) -> None:
    """Python's own library under Lark's grammar of Python, file by file."""
    _run_benchmark("python_library", context.args)


@bench_app.command("walks", context_settings=_PASSED_ON)
def bench_walks_command(context: typer.Context) -> None:
    """Random allowed tokens to the end: whether every walk ends, and in a valid text."""
    _run_benchmark("random_walks", context.args)


@bench_app.command("sampling", context_settings=_PASSED_ON)
def bench_sampling_command(context: typer.Context) -> None:
    """Samplers: how far from the model's distribution, and what AWRS and SMC cost."""
    _run_benchmark("sampling", context.args)


@bench_app.command("speculation", context_settings=_PASSED_ON)
def bench_speculation_command(context: typer.Context) -> None:
    """Drafters and verification rules: tokens for each call of the model, and time."""
    _run_benchmark("speculation", context.args)


@bench_app.command("grammars", context_settings=_PASSED_ON)
def bench_grammars_command(context: typer.Context) -> None:
    """Grammars: time per mask beside other engines, long texts, random walks."""
    _run_benchmark("grammars", context.args)


def _run_benchmark(module: str, arguments: list[str]) -> None:
    with Terminal(as_json=False).reporting():
        root = Path(__file__).resolve().parent.parent
        if not (root / "bench" / f"{module}.py").is_file():
            raise InputError(
                "the benchmarks are not part of the installed package; clone the source and run "
                f"`python -m bench.{module}` there"
            )
        sys.path.insert(0, str(root))
        code = import_module(f"bench.{module}").main(arguments)
    raise typer.Exit(code)


def main() -> None:
    """Run the command; the entry point of the installed script."""
    app()


def _read_schema(argument: str) -> Any:
    """Return the schema that an argument means: stdin, JSON, a path, or a sample's name."""
    name = argument.removesuffix(".json")
    if name in _sample_names() and not Path(argument).exists():
        text = files("constrain.schemas").joinpath(f"{name}.json").read_bytes()
    else:
        text = _read(argument, "; the samples are " + ", ".join(_sample_names()))
    try:
        return json.loads(text)
    except ValueError as error:
        raise InvalidSchemaError("", f"not JSON: {error}") from error


def _read(argument: str, hint: str = "") -> bytes:
    """Return the JSON text that an argument means: stdin, the text itself, or a file's content."""
    if argument == "-":
        return sys.stdin.buffer.read()
    path = Path(argument)
    try:
        if path.is_file():
            return path.read_bytes()
    except OSError as error:  # unreadable; or, as a text, too long for a path
        if error.filename is not None and not _is_json(argument):
            raise InputError(f"cannot read {argument}: {error.strerror}") from error
    if _is_json(argument):
        return argument.encode()
    raise InputError(f"no file {argument!r}, and it is not JSON{hint}")


def _read_text(file: str) -> str:
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {file}: {error.strerror}") from error
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise InputError(f"{file} is not UTF-8: {error.reason}") from error


def _is_json(text: str) -> bool:
    if text.lstrip().startswith(("{", "[", '"')):
        return True  # meant as JSON, even where broken
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _load_model(name: str) -> LanguageModel:
    from transformers.utils.logging import disable_progress_bar

    from constrain.models import BundledModel, HFModel

    disable_progress_bar()  # type: ignore[no-untyped-call]

    if name == "bundled":
        return BundledModel()
    try:
        return HFModel(name)
    except (OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise InputError(f"cannot load the model {name!r}: {reason}") from error


def _generate(
    terminal: Terminal,
    function: str,
    target: Any,
    model_name: str,
    *,
    n: int,
    draft: str,
    report: Path | None,
    **settings: Any,
) -> None:
    """Run one of the functions of `constrain.generation` and show what comes out."""
    if report and (settings["sampler"] != "smc" or report.suffix not in (".svg", ".html")):
        raise InputError("--report draws a run of --sampler smc into a file that is .svg or .html")
    started = time.perf_counter()
    with terminal.busy(f"loading the kernels and the model {model_name}"):
        from constrain.engine import warmup

        warmup()
        model = _load_model(model_name)
        drafts = {"none": None, "auto": "auto"}
        drafting = drafts[draft] if draft in drafts else _load_model(draft)
    loaded = time.perf_counter()
    most = settings["max_tokens"]
    with terminal.watching(f"writing {n} of at most {most} tokens", most) as show:
        from constrain import generation

        def observe(progress: Progress) -> None:
            rate = progress.finished / progress.attempts
            remark = f"{progress.finished} of {progress.attempts} done ({rate:.0%})"
            show(progress.tokens, f"{remark}, effective {progress.effective:.1f}")

        results = getattr(generation, function)(
            target,
            model,
            n=n,
            draft=drafting,
            observe=observe,
            return_details=True,
            **settings,
        )
    finished = time.perf_counter()
    results = results if n > 1 else [results]
    outcome, ahead = results[0].outcome, results[0].speculation
    if report:
        from constrain.sampling import picture

        draw = picture.svg if report.suffix == ".svg" else picture.html
        try:
            report.write_text(draw(outcome.run), "utf-8")
        except OSError as error:
            raise InputError(f"cannot write {report}: {error.strerror}") from error
    is_json = function == "generate_json"
    values = [r.value for r in results]
    judge = None if terminal.ignored else _JUDGES.get(function)
    if settings.get("syntax") == "gbnf":
        judge = None  # llama.cpp's own reader comes with no package
    elif function == "generate_grammar":
        names = ("start", "lexer", "path", "indentation")
        _check_grammar(target, values, **{name: settings[name] for name in names})
    elif judge:
        checker = _check_json if is_json else _check_regex
        checker(target, values)
    if terminal.as_json:
        terminal.document(
            {
                "ok": True,
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
                },
            }
        )
        return
    for result in results:
        terminal.document(result.value) if is_json else terminal.line(result.value)
    tokens = sum(len(r.token_ids) for r in results)
    forced = sum(r.forced_tokens for r in results)
    if judge:
        terminal.note(f"[green]valid[/], as {judge} confirms")
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


def _show_speculation(terminal: Terminal, ahead: Statistics, timings: Timings) -> None:
    """Say what came of looking ahead, and where the time went."""
    guesses = ", ".join(f"{name} {a.accepted} of {a.sent}" for name, a in ahead.drafters.items())
    places = ", ".join(f"{a.rate:.0%}" for a in list(ahead.places.values())[:_PLACES_SHOWN])
    sampler = timings.total - timings.compile - ahead.target_seconds - ahead.draft_seconds
    terminal.note(
        f"[dim]{ahead.questions} questions in {ahead.calls} calls of the model, "
        f"{ahead.per_call:.2f} a call; guesses that came true: {guesses or 'none'}"
        + (f"; by place {places}" if places else "")
        + "[/]"
    )
    terminal.note(
        f"[dim]model {ahead.target_seconds:.2f} s, drafts {ahead.draft_seconds:.2f} s, sampler "
        f"{sampler:.2f} s; {timings.masks * 1000:.0f} ms of the last two in masks[/]"
    )


def _told(outcome: Outcome) -> dict[str, Any]:
    """What programs are told of a sampler's run."""
    names = ("sampler", "attempts", "acceptance_rate", "effective", "log_evidence")
    return {name: getattr(outcome, name) for name in names}


def _check_json(schema: Any, values: list[Any]) -> None:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match
    from jsonschema.validators import validator_for

    kind = validator_for(schema, default=Draft202012Validator)
    judge = kind(schema, format_checker=kind.FORMAT_CHECKER)
    for value in values:
        error = best_match(judge.iter_errors(value))
        if error is not None:
            raise AssertionError(f"jsonschema refuses what was written: {error.message}")


def _check_regex(pattern: str, values: list[str]) -> None:
    for value in values:
        if not re.fullmatch(pattern, value):
            raise AssertionError(f"Python's re refuses {value!r}")


def _check_grammar(
    grammar: str,
    values: list[str],
    *,
    start: str | None,
    lexer: str,
    path: str | None,
    indentation: object,
) -> None:
    from lark import Lark
    from lark.exceptions import LarkError
    from lark.indenter import PythonIndenter

    parser: dict[str, Any] = {"parser": "lalr", "lexer": "contextual"}
    if lexer == "dynamic":
        parser = {"parser": "earley", "lexer": "dynamic_complete", "ambiguity": "forest"}
    if indentation is not None:
        parser["postlex"] = PythonIndenter()
    judge = Lark(grammar, start=start or "start", source_path=path, **parser)
    for value in values:
        try:
            judge.parse(value)
        except LarkError as error:
            raise AssertionError(f"Lark refuses {value!r}") from error


def _show_verdict(terminal: Terminal, refusal: Refusal | None, why: list[Reason]) -> None:
    if terminal.as_json:
        verdict = {} if refusal is None else {**asdict(refusal), "reasons": list(map(asdict, why))}
        terminal.document({"ok": True, "accepted": refusal is None, **verdict, **terminal.told})
        return
    if refusal is None:
        terminal.styled("[bold green]accepted[/]")
        return
    after = f"[dim]after[/] {escape(refusal.after)} [dim]:[/]  " if refusal.after else ""
    terminal.styled(
        f"[bold red]refused[/] at byte {refusal.position} "
        f"(line {refusal.line}, column {refusal.column})"
    )
    terminal.styled(f"  [bold]path[/]      {escape(refusal.pointer) or '(root)'}")
    terminal.styled(f"  [bold]found[/]     {escape(refusal.found) or 'the end of the text'}")
    terminal.styled(f"  [bold]expected[/]  {after}{escape('   '.join(refusal.expected))}")
    label = "[bold]because[/]   "
    for reason in why[:_REASONS_SHOWN]:
        _show_reason(terminal, reason, refusal.pointer, f"  {label}")
        label = " " * 10
    if len(why) > _REASONS_SHOWN:
        terminal.styled(f"  {label}[dim]and {len(why) - _REASONS_SHOWN} more[/]")


def _show_reason(
    terminal: Terminal, reason: Reason, place: str, label: str, depth: int = 0
) -> None:
    """Write a reason, below it its own reasons; its place where it is another than `place`."""
    at = f"[dim]at[/] {escape(reason.pointer) or '(root)'}: " if reason.pointer != place else ""
    schema = f"  [dim]{escape(reason.schema)}[/]" if reason.schema else ""
    terminal.styled(f"{label}{at}{escape(reason.message)}{schema}")
    for inner in reason.because[:_REASONS_SHOWN]:
        indent = " " * (14 + 2 * depth)
        _show_reason(terminal, inner, reason.pointer, f"{indent}[dim]-[/] ", depth + 1)


import constrain.cli_code  # noqa: E402, F401  # its command is one of `app`
