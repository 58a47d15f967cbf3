"""Python expressions as text that a formatter leaves alone, on one line or one argument a line."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from odegraph._errors import EmitError

WIDTH = 88
"""The narrower of the two line lengths that generated source is stable at (88 and 100)."""

ATOM, POWER, UNARY, PRODUCT, SUM, SHIFT, AND, XOR, OR, COMPARISON = range(10, 0, -1)
"""How tightly an expression binds, as in the grammar of Python."""

BINARY: Mapping[Any, tuple[str, int]] = {
    operator.add: ("+", SUM),
    operator.sub: ("-", SUM),
    operator.mul: ("*", PRODUCT),
    operator.truediv: ("/", PRODUCT),
    operator.floordiv: ("//", PRODUCT),
    operator.mod: ("%", PRODUCT),
    operator.matmul: ("@", PRODUCT),
    operator.lshift: ("<<", SHIFT),
    operator.rshift: (">>", SHIFT),
    operator.and_: ("&", AND),
    operator.xor: ("^", XOR),
    operator.or_: ("|", OR),
    operator.eq: ("==", COMPARISON),
    operator.ne: ("!=", COMPARISON),
    operator.lt: ("<", COMPARISON),
    operator.le: ("<=", COMPARISON),
    operator.gt: (">", COMPARISON),
    operator.ge: (">=", COMPARISON),
}
PREFIX: Mapping[Any, str] = {operator.neg: "-", operator.pos: "+", operator.invert: "~"}


@dataclass(frozen=True)
class Expression:
    """Source of a value. What has `items` can be written one item a line between head and tail."""

    text: str
    binding: int = ATOM
    depth: int = 0
    is_simple: bool = False
    head: str = ""
    items: tuple[Expression, ...] = ()
    tail: str = ""

    def within(self, binding: int) -> str:
        """The text as an operand of something that binds like `binding`."""
        return self.text if self.binding >= binding else f"({self.text})"

    def lines(self, *, indent: str, prefix: str = "", suffix: str = "") -> list[str]:
        """One line where it fits, else one item a line with the comma that keeps it so."""
        line = f"{indent}{prefix}{self.text}{suffix}"
        if len(line) <= WIDTH or not self.items:
            return [line]
        inner = [
            line for item in self.items for line in item.lines(indent=indent + "    ", suffix=",")
        ]
        return [f"{indent}{prefix}{self.head}", *inner, f"{indent}{self.tail}{suffix}"]


def name(text: str) -> Expression:
    """A variable."""
    return Expression(text, is_simple=True)


def call(function: str, arguments: Sequence[Expression], *, depth: int = 0) -> Expression:
    """function(arguments); `depth` is that of the value a method is called on."""
    inner = max([a.depth for a in arguments], default=0)
    text = f"{function}({', '.join(a.text for a in arguments)})"
    head = f"{function}("
    return Expression(
        text, depth=max(depth, inner + 1), head=head, items=tuple(arguments), tail=")"
    )


def keyword(key: str, value: Expression) -> Expression:
    """key=value in a call."""
    head = f"{key}={value.head}"
    return Expression(
        f"{key}={value.text}", depth=value.depth, head=head, items=value.items, tail=value.tail
    )


def binary(symbol: str, binding: int, left: Expression, right: Expression) -> Expression:
    """Left-associative, so that the order of floating-point operations is the graph's."""
    text = f"{left.within(binding + (binding == COMPARISON))} {symbol} {right.within(binding + 1)}"
    return Expression(text, binding, depth=max(left.depth, right.depth))


def power(base: Expression, exponent: Expression) -> Expression:
    """base**exponent, hugged where both are simple: the formatter's rule."""
    is_hugged = base.is_simple and base.binding == ATOM and exponent.is_simple
    symbol = "**" if is_hugged else " ** "
    text = f"{base.within(ATOM)}{symbol}{exponent.within(UNARY if exponent.is_simple else ATOM)}"
    return Expression(text, POWER, depth=max(base.depth, exponent.depth))


def prefix(symbol: str, operand: Expression) -> Expression:
    """A unary operator; the formatter wants -(a**2) for -a**2."""
    return Expression(f"{symbol}{operand.within(ATOM)}", UNARY, depth=operand.depth)


def sequence(brackets: str, items: Sequence[Expression]) -> Expression:
    """A list or tuple."""
    comma = "," if brackets == "()" and len(items) == 1 else ""
    text = f"{brackets[0]}{', '.join(i.text for i in items)}{comma}{brackets[1]}"
    depth = max([i.depth for i in items], default=0)
    return Expression(text, depth=depth, head=brackets[0], items=tuple(items), tail=brackets[1])


def unbracketed(value: Expression) -> Expression:
    """What a function returns: brackets only where the line breaks."""
    return replace(value, text=", ".join(item.text for item in value.items), binding=0)


def subscript(value: Expression, index: Expression) -> Expression:
    """value[index]."""
    inner = index.text
    if index.head == "(" and len(index.items) > 1:
        inner = inner[1:-1]
    return Expression(f"{value.within(ATOM)}[{inner}]", depth=max(value.depth, index.depth))


def slice_expression(bounds: Sequence[Expression | None]) -> Expression:
    """start:stop:step; the formatter puts spaces around the colon of what is not simple."""
    start, stop, step = bounds
    simple = all(b is None or b.is_simple for b in bounds)
    colon = ":" if simple else " : "
    text = colon.join(["" if b is None else b.text for b in (start, stop)])
    if step is not None:
        text += colon + step.text
    return Expression(text.strip())


def constant(value: Any) -> Expression:
    """A constant that can be written down exactly; anything else is refused."""
    match value:
        case None | bool():
            return Expression(repr(value))
        case int():
            return _number(int.__repr__(value), negative=value < 0)
        case float():
            return _float(value)
        case complex():
            return call("complex", [constant(value.real), constant(value.imag)])
        case str():
            return Expression(json.dumps(value))
        case torch.device():
            return call("torch.device", [constant(str(value))])
        case torch.dtype() | torch.layout() | torch.memory_format():
            return Expression(str(value))
    if value is Ellipsis:
        return Expression("...")
    raise EmitError(
        f"The unit uses the constant `{value!r}`, which cannot be written as Python source. Use "
        "numbers, strings, dtypes, or register a tensor with `register_buffer`."
    )


def _number(text: str, *, negative: bool) -> Expression:
    return Expression(text, UNARY if negative else ATOM, is_simple=True)


def _float(value: float) -> Expression:
    text = float.__repr__(value)
    if text in ("inf", "-inf", "nan"):
        return call("float", [Expression(json.dumps(text))])
    text = text.replace("e+", "e")
    return _number(text, negative=text.startswith("-"))


Render = Callable[[Any], Expression]


def structure(value: Any, render: Render) -> Expression:
    """Lists, tuples, slices and constants, with `render` for what they hold."""
    match value:
        case list():
            return sequence("[]", [render(v) for v in value])
        case tuple():
            return sequence("()", [render(v) for v in value])
        case slice():
            bounds = (value.start, value.stop, value.step)
            return slice_expression([None if b is None else render(b) for b in bounds])
    return constant(value)
