"""Every directive of the schedule has a section in docs/directives.md, and the loop nests there are what srcc prints.

directives.py DIRECTIVES.md SCHEDOPS.TD: a section has a block of directives, those it explains marked with "+", and two
blocks of loops: a part of the nest without the marked ones, a part of the nest with them. Where both are equal the
section says that "The nest stays the same"."""
import re
import subprocess
import sys
import tempfile


def blocks(text, kind):
    return re.findall(rf"^```{kind}\n(.*?)^```", text, re.M | re.S)


def nest(pipeline, directives):
    name = re.search(r"sched\.pipeline (@\w+)", pipeline)[1]
    body = "".join(f"  sched.{line}\n" for line in directives)
    with tempfile.NamedTemporaryFile("w", suffix=".mlir") as file:
        file.write(f"{pipeline}sched.schedule {name} {{\n{body}}}\n")
        file.flush()
        run = subprocess.run(["srcc", file.name, "--print-loop-nest", "--target=pocl-cpu"],
                             capture_output=True, text=True, check=False)
    if run.returncode:
        sys.exit(f"srcc refuses the example: {run.stderr}\n{body}")
    return run.stdout


def main():
    doc, dialect = (open(path, encoding="utf-8").read() for path in sys.argv[1:])
    intro, *sections = re.split(r"^## ", doc, flags=re.M)
    (pipeline,) = blocks(intro, "mlir")
    explained = set()
    wrong = []
    for section in sections:
        title = section.splitlines()[0]
        (schedule,) = blocks(section, "schedule")
        before, after = blocks(section, "loops")
        lines = schedule.splitlines()
        new = [line[1:].strip() for line in lines if line.startswith("+")]
        explained.update(line.split()[0] for line in new)
        for shown, printed in ((before, nest(pipeline, [line for line in lines if not line.startswith("+")])),
                               (after, nest(pipeline, [line.lstrip("+ ") for line in lines]))):
            if not shown or f"\n{shown}" not in f"\n{printed}":
                wrong.append(f"## {title}\nshown:\n{shown}\nprinted:\n{printed}")
        if (before == after) != ("The nest stays the same" in section):
            wrong.append(f"## {title}: before and after are the same without a word, or said to be and are not")
    directives = set(re.findall(r"Sched_(?:Loops?)?Directive<\"(\w+)\">", dialect))
    if missing := directives - explained:
        wrong.append(f"no section: {', '.join(sorted(missing))}")
    if not directives or wrong:
        sys.exit("\n".join(wrong) or "no directives found")
    print(f"{len(sections)} sections, {len(directives)} directives")


main()
