"""`connector config`: what holds."""

import json

from connector.cli.options import ConfigFile, read_settings
from connector.cli.running import or_fail


def show_config(config: ConfigFile = None) -> None:
    """Print the configuration that holds as JSON, secrets masked."""
    from connector.plugins import pipelines_of

    settings = read_settings(config)
    or_fail(lambda: pipelines_of(settings))
    if settings.exchange.embedded:
        from connector.embedded import simulator_config

        or_fail(lambda: simulator_config(settings))
    shown = settings.model_dump(mode="json")
    shown["exchange"]["name"] = settings.shown_name
    print(json.dumps(shown, indent=2, sort_keys=True))
