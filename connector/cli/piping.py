"""`connector pipelines …`: what each feed's items pass, and what a pipeline makes of a diagram."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from connector.cli.options import ConfigFile, read_settings
from connector.cli.running import BAD_USAGE, fail, or_fail

pipelines_app = typer.Typer(
    invoke_without_command=True, help="Draw what each feed's items pass; try a pipeline."
)

TRY_HELP = """Let a marble diagram pass a pipeline in virtual time; draw what comes out under it.

\b
connector pipelines try price 'min_move(bps=5) | distinct' '-a-b-c-|'

In a diagram - is a tick, a letter an item, | the end, # an error, (ab) two
at once and, between spaces, 2s that time passes. Prices begin at a = 100.00
and, of another symbol, A = 200.00, and rise by 0.10 a letter; of candles
a to z form the first minutes, and A to Z close them.
"""


@pipelines_app.callback()
def draw(context: typer.Context, config: ConfigFile = None) -> None:
    """Draw each feed's pipeline with its options, and list the stages that there are."""
    if context.invoked_subcommand is not None:
        return
    from connector.pipelines import drawn, usage
    from connector.plugins import pipelines_of

    settings = read_settings(config)
    pipelines = or_fail(lambda: pipelines_of(settings))
    for feed, before, given, after in drawn(settings.feeds, pipelines):
        print(f"{feed:<10} {before}")
        for stage in given:
            print(f"{'feeds.' + feed + '.stages' if stage is given[0] else '':>24} > {stage}")
        print(f"{'':<10} {after}\n")
    print("stages that feeds.*.stages, and x-pipeline in a stream's metadata, may name:\n")
    for stage in pipelines.registry:
        print(f"{usage(stage)}\n    {stage.about}\n    fits {', '.join(stage.feeds)}")


# a diagram may begin with -a, so that nothing here has a short form
@pipelines_app.command(
    "try",
    help=TRY_HELP,
    context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]},
)
def try_out(
    feed: Annotated[str, typer.Argument(help="price, klines, funding, account, positions, orders")],
    pipeline: Annotated[str, typer.Argument(help="Stages, separated by |.")],
    diagram: Annotated[str, typer.Argument(help="What comes in.")],
    tick_ms: Annotated[int, typer.Option(help="How long a tick is.", min=1, max=60_000)] = 10,
    config: Annotated[Path | None, typer.Option("--config", help="TOML file.")] = None,
) -> None:
    """Let a marble diagram pass a pipeline."""
    from connector.errors import InvalidRequest
    from connector.pipelines import tried
    from connector.plugins import pipelines_of

    settings = read_settings(config)
    pipelines = or_fail(lambda: pipelines_of(settings))
    try:
        given, seen, *words = tried(
            pipelines, feed, pipeline, diagram, timedelta(milliseconds=tick_ms)
        )
    except InvalidRequest as error:
        fail(str(error), BAD_USAGE)
    print(f"{given}\n{pipeline}\n{seen}\n")
    print("\n".join(words))
