"""A reader of the DOT text that odegraph writes, apart from the code that writes it."""

import re
from dataclasses import dataclass

QUOTED = r'"((?:[^"\\]|\\.)*)"'
NODE = re.compile(rf"^\s*{QUOTED} \[(.*)\];$")
EDGE = re.compile(rf"^\s*{QUOTED} -> {QUOTED} \[(.*)\];$")
ATTRIBUTE = re.compile(rf"(\w+)={QUOTED}")
REGION = re.compile(rf"^\s*subgraph {QUOTED} {{$")
TITLE = re.compile(rf"^\s*graph \[.*\blabel={QUOTED}")

Attributes = dict[str, str]


@dataclass(frozen=True)
class Dot:
    nodes: list[tuple[str, Attributes]]
    edges: list[tuple[str, str, Attributes]]
    titles: list[str]

    def label(self, name: str) -> str:
        (found,) = (attributes["label"] for node, attributes in self.nodes if node == name)
        return found


def read_dot(text: str) -> Dot:
    dot = Dot([], [], [])
    for line in text.split("\n"):
        if match := EDGE.match(line):
            dot.edges.append((match[1], match[2], attributes_of(match[3])))
        elif match := NODE.match(line):
            dot.nodes.append((match[1], attributes_of(match[2])))
        elif match := TITLE.match(line):
            dot.titles.append(match[1])
    return dot


def attributes_of(text: str) -> Attributes:
    return {name: value.replace("\\n", "\n") for name, value in ATTRIBUTE.findall(text)}
