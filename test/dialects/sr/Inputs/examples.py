"""Prints the examples of a dialect's .td files as modules that srcc-opt parses.

usage: examples.py DIALECT FILE.td... > EXAMPLES.mlir

Every operation defined in the files must have an example of its own. An example that is no module
becomes the body of a function whose arguments are the values it uses without defining them.
"""
import re
import sys
import textwrap


def split(text):
    """Splits at the commas outside of brackets."""
    parts, depth, start = [], 0, 0
    for i, char in enumerate(text):
        depth += char in "<([{"
        depth -= char in ">)]}"
        if char == "," and depth == 0:
            parts.append(text[start:i])
            start = i + 1
    return [part.strip() for part in parts + [text[start:]] if part.strip()]


def wrap(example):
    if example.lstrip().startswith(("module", "#")):
        return example
    defined, arguments = set(), {}
    for statement in re.split(r"\n(?=%)", example.strip()):
        results, rest = statement.split(" = ", 1)
        operands = re.findall(r"%\w+", rest)
        types = re.split(r"\s:\s", rest)[-1].split("->")[0].strip()
        types = split(types[1:-1] if types.startswith("(") else types)
        for name, kind in zip(operands, types):
            if name not in defined:
                arguments[name] = kind
        defined.update(name.split(":")[0] for name in split(results))
    listed = ", ".join(f"{name}: {kind}" for name, kind in arguments.items())
    return f"func.func @example({listed}) {{\n{example}\nreturn\n}}"


dialect, modules = sys.argv[1], []
for path in sys.argv[2:]:
    text = open(path, encoding="utf-8").read()
    starts = [m.start() for m in re.finditer(r"^(def|class) ", text, re.M)] + [len(text)]
    for begin, end in zip(starts, starts[1:]):
        definition = text[begin:end]
        examples = [textwrap.dedent(e) for e in re.findall(r"```mlir\n(.*?)```", definition, re.S)]
        modules += [wrap(example) for example in examples]
        mnemonic = re.match(r'def \w+Op : \w+<"(\w+)"', definition)
        if mnemonic and not any(f"{dialect}.{mnemonic[1]}" in example for example in examples):
            sys.exit(f"{path}: {mnemonic[1]} has no example")
print("\n// -----\n".join(modules))
