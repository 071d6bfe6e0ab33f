"""For those who write operators: marble diagrams in RxJS's notation, played in virtual time."""

from connector.testing.diagrams import MalformedDiagram
from connector.testing.explain import explain, pytest_assertrepr_compare
from connector.testing.marbles import Boom, Marbles
from connector.testing.sources import Clock, Cold, Hot, InTurn, Source
from connector.testing.timeline import Event, Lives, Timeline

__all__ = [
    "Boom",
    "Clock",
    "Cold",
    "Event",
    "Hot",
    "InTurn",
    "Lives",
    "MalformedDiagram",
    "Marbles",
    "Source",
    "Timeline",
    "explain",
    "pytest_assertrepr_compare",
]
