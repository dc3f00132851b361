"""The `constrain` command as a person and as a program uses it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from typer.testing import CliRunner, Result

from constrain.cli import app

RUNNER = CliRunner()
NUMBER = '{"type": "integer", "minimum": 1, "maximum": 6}'
COMMAND = [sys.executable, "-c", "from constrain.cli import main; main()"]


def _run(*arguments: str, stdin: str | None = None) -> Result:
    return RUNNER.invoke(app, list(arguments), input=stdin)


def _json(result: Result) -> Any:
    assert result.stderr == ""
    return json.loads(result.stdout)


def test_json_writes_a_valid_value_to_stdout_and_the_rest_to_stderr():
    result = _run("json", "person", "--seed", "1")
    assert result.exit_code == 0, result.output
    schema = json.loads(Path("schemas/person.json").read_text("utf-8"))
    jsonschema.validate(json.loads(result.stdout), schema)
    assert "valid, as jsonschema confirms" in result.stderr
    assert re.search(r"\d+ tokens, \d+ of them forced, in \d+\.\d\d s", result.stderr)
    assert result.stderr.endswith("; seed 1\n")


def test_json_writes_n_values_one_a_line_and_the_seed_decides():
    first, second, other = (_run("json", NUMBER, "-n", "8", "-s", seed) for seed in "112")
    values = [json.loads(line) for line in first.stdout.splitlines()]
    assert len(values) == 8
    assert set(values) <= set(range(1, 7))
    assert first.stdout == second.stdout != other.stdout


@pytest.mark.parametrize("how", ["stdin", "path", "text", "sample file name"])
def test_schema_comes_from_anywhere(how: str, tmp_path: Path):
    path = tmp_path / "die.json"
    path.write_text(NUMBER)
    argument = {"stdin": "-", "path": str(path), "text": NUMBER, "sample file name": "person.json"}
    result = _run("json", argument[how], stdin=NUMBER if how == "stdin" else None)
    assert result.exit_code == 0, result.output


def test_json_for_programs():
    report = _json(_run("json", NUMBER, "-n", "2", "--seed", "3", "--json"))
    assert report["ok"] is True
    assert len(report["results"]) == 2
    for result in report["results"]:
        assert result["value"] == json.loads(result["text"])
        assert result["tokens"] >= 1
    assert report["seconds"].keys() == {"load", "compile", "generate", "masks", "sampler"}


def test_drafts_change_nothing_but_the_time():
    person = {"name": {"maxLength": 12}, "city": {"enum": ["Lisbon", "Porto"]}}
    items = {"type": "object", "properties": person, "required": [*person]}
    items["additionalProperties"] = False
    schema = json.dumps({"type": "array", "items": items, "minItems": 6, "maxItems": 6})
    plain = _run("json", schema, "--seed", "4")
    ahead = _run("json", schema, "--seed", "4", "--draft", "auto")
    assert ahead.stdout == plain.stdout
    pattern = r"(\d+) questions in (\d+) calls of the model.*came true: .*recycling \d+ of \d+"
    told = re.search(pattern, ahead.stderr)
    assert told
    assert int(told[1]) > int(told[2])
    assert re.search(r"model [\d.]+ s, drafts [\d.]+ s, sampler [\d.]+ s", ahead.stderr)
    # As deep as the target, so that none of its guesses is worth a call.
    report = _json(_run("regex", "[ab]{9}", "--draft", "bundled", "--seed", "1", "--json"))
    assert "model" not in report["speculation"]["drafters"]
    assert report["speculation"]["questions"] >= report["speculation"]["calls"] > 0


def test_regex_writes_a_match():
    result = _run("regex", r"[A-Z]{2}-\d{4}", "-n", "3", "--seed", "1")
    lines = result.stdout.splitlines()
    assert len(lines) == 3
    assert all(re.fullmatch(r"[A-Z]{2}-\d{4}", line) for line in lines)


def test_grammar_writes_a_text_and_tells_the_lexer(tmp_path: Path):
    path = tmp_path / "sum.lark"
    path.write_text('total: NUMBER ("+" NUMBER)*\n%import common.INT -> NUMBER\n%ignore " "')
    result = _run("grammar", str(path), "--start", "total", "--seed", "1", "--max-tokens", "20")
    assert re.fullmatch(r" *\d+ *(\+ *\d+ *)*\n", result.stdout)
    assert "lexer: contextual" in result.stderr
    assert "Lark confirms" in result.stderr


def test_grammar_with_indentation(tmp_path: Path):
    path = tmp_path / "blocks.lark"
    path.write_text(
        'start: "a" _NEWLINE | "b" _NEWLINE _INDENT start+ _DEDENT\n'
        "_NEWLINE: /\\n[ ]*/\n%declare _INDENT _DEDENT\n"
    )
    result = _run("grammar", str(path), "--seed", "1", "--max-tokens", "20")
    assert result.exit_code == 0
    assert result.stdout.endswith("a\n\n")
    result = _run("grammar", str(path), "--lexer", "dynamic")
    assert "_INDENT" in result.stderr


def test_grammar_takes_the_name_of_a_ready_made_one():
    result = _run("grammar", "iso_dates", "--seed", "1")
    assert re.match(r"\d{4}-\d\d-\d\d", result.stdout)
    assert "Lark confirms" in result.stderr


def test_grammar_in_gbnf_is_known_by_its_ending(tmp_path: Path):
    text = 'root ::= "O-O" "-O"?'
    (tmp_path / "castle.gbnf").write_text(text)
    for arguments in ([str(tmp_path / "castle.gbnf")], ["-", "--syntax", "gbnf"]):
        result = _run("grammar", *arguments, "--seed", "1", stdin=text)
        assert result.stdout in ("O-O\n", "O-O-O\n")
        assert "confirms" not in result.stderr


def test_grammar_tells_where_a_mistake_is(tmp_path: Path):
    path = tmp_path / "bad.lark"
    path.write_text('start: "a"\n  | b')
    report = _json(_run("grammar", str(path), "--json"))
    error = report["error"]
    assert (error["file"], error["line"], error["column"]) == (str(path), 2, 5)
    result = _run("grammar", str(path))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.endswith("    | b\n      ^\n")


def test_grammar_tells_once_what_it_leaves_out(tmp_path: Path):
    path = tmp_path / "odd.lark"
    path.write_text('start: "a" | b\nb: b "c"')
    result = _run("grammar", str(path), "--seed", "1")
    assert result.stdout == "a\n"
    assert result.stderr.count("rule 'b' stands for no text and is left out") == 1
    assert "GrammarWarning" not in result.stderr
    report = _json(_run("grammar", str(path), "--seed", "1", "--json"))
    assert [(x["line"], x["column"]) for x in report["ignored"]] == [(2, 1)]


def test_grammar_with_tokens_by_number(tmp_path: Path):
    path = tmp_path / "thought.gbnf"
    path.write_text('root ::= <[99999]> "a"')
    result = _run("grammar", str(path))
    assert result.exit_code == 2
    assert "no token <[99999]>" in result.stderr


def test_check_accepts(tmp_path: Path):
    path = tmp_path / "die.json"
    path.write_text(" 4\n")
    result = _run("check", NUMBER, str(path))
    assert (result.exit_code, result.stdout) == (0, "accepted\n")


def test_check_tells_place_path_and_what_was_allowed():
    schema = '{"type": "object", "properties": {"colour": {"enum": ["red", "green"]}}}'
    result = _run("check", schema, '{"colour": "grey"}')
    assert result.exit_code == 1
    assert "refused at byte 15 (line 1, column 16)" in result.stdout
    assert re.search(r"path +/colour\n", result.stdout)
    assert re.search(r'found +"grey"\n', result.stdout)
    assert re.search(r'expected +"green"   "red"\n', result.stdout)
    assert re.search(r'because +"grey" is not "red".*/properties/colour/enum\n', result.stdout)


def test_check_tells_what_the_branches_have_against_a_value():
    schema = '{"properties": {"a": {"anyOf": [{"type": "null"}, {"minLength": 9}]}}}'
    lines = _run("check", schema, '{"a": "x", "b": 1}').stdout.splitlines()
    assert lines[4:] == [
        '  because   "x" satisfies none of 2 schemas  /properties/a/anyOf',
        '              - "x" is a string, not null  /properties/a/anyOf/0/type',
        '              - "x" has 1 character, fewer than 9  /properties/a/anyOf/1/minLength',
    ]


def test_lenient_ignores_and_tells():
    schema = '{"type": "any", "properties": {"a": {"required": true, "type": "null"}}}'
    assert _run("check", schema, '{"a": null}').exit_code == 2
    result = _run("check", schema, '{"a": null}', "--lenient")
    assert (result.exit_code, result.stdout) == (0, "accepted\n")
    assert "ignored 'type' at /type" in result.stderr
    assert "ignored 'required' at /properties/a/required" in result.stderr
    refused = _json(_run("check", schema, '{"a": 1}', "--lenient", "--json"))
    assert [ignored["pointer"] for ignored in refused["ignored"]] == [
        "/type",
        "/properties/a/required",
    ]


def test_lenient_writes(tmp_path: Path):
    schema = '{"type": "integer", "minimum": 3, "maximum": "9"}'
    result = _run("json", schema, "--lenient", "--seed", "1", "--json")
    written = _json(result)
    assert written["results"][0]["value"] >= 3
    assert [ignored["keyword"] for ignored in written["ignored"]] == ["maximum"]


def test_check_for_programs():
    assert _json(_run("check", NUMBER, "4", "--json")) == {"ok": True, "accepted": True}
    result = _run("check", NUMBER, "-", "--json", stdin="9")
    assert result.exit_code == 1
    verdict = _json(result)
    assert verdict["accepted"] is False
    assert (verdict["position"], verdict["pointer"], verdict["found"]) == (0, "", "9")
    assert verdict["reasons"] == [
        {
            "keyword": "maximum",
            "schema": "/maximum",
            "pointer": "",
            "message": "9 is greater than 6",
            "because": [],
        }
    ]


def test_check_knows_both_languages():
    schema = '{"type": "object", "properties": {"a": {"const": 1}, "b": {"const": 2}}}'
    swapped = '{"b": 2, "a": 1}'
    assert _run("check", schema, swapped).exit_code == 0
    assert _run("check", schema, swapped, "--language", "generation").exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "kind", "said"),
    [
        (["json", "persn"], "InputError", "no file 'persn'"),
        (["json", "{"], "InvalidSchemaError", "not JSON"),
        (["json", "[1]"], "InvalidSchemaError", ""),
        (["json", '{"$ref": "#/$defs/no"}'], "InvalidSchemaError", "$ref"),
        (
            ["json", '{"minimum": 2, "maximum": 1, "type": "integer"}'],
            "UnsatisfiableSchemaError",
            "",
        ),
        (["regex", "(a"], "RegexSyntaxError", "position"),
        (["check", "-", "-"], "InputError", "only one"),
        (["json", NUMBER, "--model", "/no/such/model"], "InputError", "cannot load the model"),
    ],
)
def test_bad_input_is_one_clear_line_and_exit_code_2(arguments: list[str], kind: str, said: str):
    result = _run(*arguments)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    assert said in result.stderr
    report = _json(_run(*arguments, "--json"))
    assert (report["ok"], report["exit_code"], report["error"]["type"]) == (False, 2, kind)


def test_errors_keep_their_data():
    schema = '{"properties": {"a": {"$dynamicRef": "#x"}}}'
    error = _json(_run("json", schema, "--json"))["error"]
    assert error["pointer"].startswith("/properties/a")


def test_no_room_for_the_shortest_output_is_exit_code_3():
    result = _run("json", '{"const": "a long enough text"}', "--max-tokens", "2")
    assert result.exit_code == 3
    assert result.stderr.startswith("error: ")


def test_wrong_usage_is_exit_code_2():
    assert _run("json").exit_code == 2
    assert _run("json", NUMBER, "-n", "0").exit_code == 2
    assert _run("nonsense").exit_code == 2


def test_interrupts_are_exit_code_130(monkeypatch: pytest.MonkeyPatch):
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("constrain.cli.writing.read_schema", interrupt)
    result = _run("json", NUMBER)
    assert (result.exit_code, result.stderr) == (130, "error: interrupted\n")


def test_bugs_are_exit_code_70(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("constrain.cli.writing.read_schema", lambda _: 1 / 0)
    result = _run("json", NUMBER)
    assert result.exit_code == 70
    assert "ZeroDivisionError" in result.stderr
    assert "please report" in result.stderr


def test_warmup_says_how_long_it_took():
    result = _run("warmup")
    assert result.exit_code == 0, result.output
    assert re.fullmatch(r"kernels ready after \d+\.\d s\n", result.stdout)


def test_bench_passes_its_arguments_on():
    result = _run("bench", "jsonschema", "--help")
    assert result.exit_code == 0
    assert "--sample" in result.output


@pytest.mark.parametrize("command", [[], ["json"], ["regex"], ["check"], ["warmup"], ["bench"]])
def test_help_names_the_exit_codes(command: list[str]):
    result = _run(*command, "--help")
    assert result.exit_code == 0
    assert command == ["bench"] or "Exit codes" in result.stdout


def test_help_answers_at_once():
    code = f"import sys, time; sys.argv = ['constrain', '--help']; {COMMAND[2]}"
    timed = f"import atexit, time; atexit.register(lambda: print(time.process_time())); {code}"
    out = subprocess.run([sys.executable, "-c", timed], capture_output=True, text=True, check=True)
    *shown, seconds = out.stdout.splitlines()
    assert "Usage" in "".join(shown)
    assert float(seconds) < 0.5


def test_version():
    out = subprocess.run([*COMMAND, "--version"], capture_output=True, text=True, check=True)
    assert re.fullmatch(r"constrain \d+\.\d+\.\d+\n", out.stdout)


@pytest.mark.parametrize(
    ("sampler", "said"),
    [
        ("masked", r"\d of 2 done"),
        ("smc", r"\d+ of 16 texts ended, effective sample size \d+\.\d"),
        ("cars", r"\d of 2 done, \d+\.\d% of \d+ texts accepted"),
    ],
)
def test_a_person_sees_how_far_a_sampler_is(
    sampler: str, said: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("FORCE_COLOR", "1")
    arguments = ("--sampler", sampler, "-n", "2", "-s", "1")
    result = _run("regex", "[0-9a-f]{1,4}", "--max-tokens", "6", *arguments)
    assert result.exit_code == 0, result.output
    assert re.search(said, result.stderr)
    assert sampler == "masked" or re.search(r"effective sample size \d", result.stderr)


@pytest.mark.parametrize("suffix", ["svg", "html"])
def test_a_sampler_draws_its_run(suffix: str, tmp_path: Path):
    picture = tmp_path / f"run.{suffix}"
    arguments = ("--sampler", "smc", "--particles", "3", "-s", "1", "--report", str(picture))
    report = _json(_run("json", NUMBER, *arguments, "--json"))
    assert 1 <= report["results"][0]["value"] <= 6
    assert report["sampling"]["attempts"] == 3
    assert "3 particles" in picture.read_text("utf-8")


def test_a_run_that_dies_is_drawn_and_told(tmp_path: Path):
    picture = tmp_path / "run.svg"
    dying = ("regex", "x|[a-w]{60,90}", "--max-tokens", "4", "-s", "1", "--particles", "3")
    result = _run(*dying, "--sampler", "smc", "--report", str(picture))
    assert (result.exit_code, result.stdout) == (3, "")
    assert "3 x max_tokens reached" in result.stderr
    assert "run.svg" in result.stderr
    assert "3 died" in picture.read_text("utf-8")
    for sampler in ("smc", "asap"):
        report = _json(_run(*dying, "--sampler", sampler, "--json"))
        assert (report["exit_code"], report["error"]["type"]) == (3, "ExtinctionError")


@pytest.mark.parametrize(
    ("arguments", "confirmed"),
    [
        (("json", '{"multipleOf": 0.01, "minimum": 0.05, "maximum": 0.3}', "-n", "8"), True),
        (("json", '{"type": "array", "items": [{"const": 1}], "minItems": 1}'), False),
        (("json", '{"enum": ["Ab"], "pattern": "^\\\\p{Lu}"}'), False),
    ],
)
def test_a_judge_that_cannot_read_a_schema_takes_nothing_away(
    arguments: tuple[str, ...], confirmed: bool
):
    result = _run(*arguments, "-s", "1")
    assert result.exit_code == 0, result.output
    assert [json.loads(line) for line in result.stdout.splitlines()]
    assert ("jsonschema confirms" if confirmed else "not confirmed") in result.stderr
    assert _json(_run(*arguments, "-s", "1", "--json"))["confirmed"] is confirmed


def test_a_judge_that_refuses_is_heard(monkeypatch: pytest.MonkeyPatch):
    from constrain.cli import judges

    monkeypatch.setattr(judges.JSONJudge, "complaint", lambda self, text: "no")
    result = _run("json", NUMBER)
    assert result.exit_code == 70
    assert json.loads(result.stdout) in range(1, 7)
    assert "jsonschema refuses what was written: no" in result.stderr


def test_grammars_that_lark_cannot_read_are_not_confirmed():
    result = _run("grammar", "-", stdin='start: "a" %json {"const": 1}\n')
    assert (result.exit_code, result.stdout) == (0, "a1\n")
    assert "not confirmed" in result.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="of a shell")
def test_output_that_nobody_reads_or_that_has_no_room():
    lines = [*COMMAND, "json", '{"const": "%s"}' % ("x" * 300), "-n", "400"]
    closed = subprocess.Popen(lines, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert closed.stdout is not None and closed.stderr is not None
    closed.stdout.close()
    assert (closed.wait(), "bug" in closed.stderr.read()) == (141, False)
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*COMMAND, "check", "{}", "1"], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 2
    assert done.stderr.endswith("error: cannot write to stdout: No space left on device\n")


def test_output_in_an_encoding_with_few_letters():
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    lines = [*COMMAND, "json", '{"const": "\\u65e5"}']
    done = subprocess.run(lines, capture_output=True, text=True, env=environment)
    assert (done.returncode, json.loads(done.stdout)) == (0, "日"), done.stderr


def test_texts_that_are_nearly_json():
    deep = _run("json", "-", stdin='{"items":' * 100_000 + "{}" + "}" * 100_000)
    assert (deep.exit_code, "nested too deeply" in deep.stderr) == (2, True)
    marked = _run("check", NUMBER, "-", stdin="\ufeff4")
    assert (marked.exit_code, "byte order mark" in marked.stderr) == (2, True)


def test_what_was_accepted_is_not_lost(monkeypatch: pytest.MonkeyPatch):
    from constrain.sampling import Sample
    from constrain.sampling.rejection import RejectionSampler

    def give_up(self: RejectionSampler, *_: object) -> None:
        raise self.give_up("no", [Sample((1,), "a", 0.0, -1.0, True)])

    monkeypatch.setattr(RejectionSampler, "sample", give_up)
    result = _run("regex", "a+", "--sampler", "rejection", "-n", "2")
    assert (result.exit_code, result.stdout) == (3, "a\n")
    report = _json(_run("regex", "a+", "--sampler", "rejection", "-n", "2", "--json"))
    assert (report["exit_code"], report["error"]["samples"]) == (3, ["a"])


def test_settings_of_other_samplers_are_refused():
    for sampler in ("masked", "cars", "rejection"):
        result = _run("regex", "a", "--sampler", sampler, "--particles", "4")
        assert result.exit_code == 2
        assert "--particles is of the samplers that weigh texts" in result.stderr
    result = _run("regex", "a", "--sampler", "smc", "--particles", "4", "-n", "9")
    assert result.exit_code == 2
    assert "-n 9 texts are to be drawn from --particles 4" in result.stderr


def test_only_runs_of_smc_are_drawn(tmp_path: Path):
    for arguments in (("--sampler", "awrs"), ("--sampler", "smc")):
        result = _run("regex", "a", *arguments, "--report", str(tmp_path / "run.png"))
        assert result.exit_code == 2
        assert "--report" in result.stderr
    result = _run("regex", "a", "--sampler", "smc", "--report", str(tmp_path / "no" / "run.svg"))
    assert (result.exit_code, result.stdout) == (2, "")
    assert "there is no folder" in result.stderr
