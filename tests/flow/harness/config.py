"""Configuration files of the daemons, written from Python values.

A dict of items; a value that is a dict is a section, one that is a Titled is
a group of titled sections."""


class Titled(dict):
    """title -> items"""


def _value(v):
    if isinstance(v, bool):
        return "true" if v else "false"
    if isinstance(v, int):
        return str(v)
    if isinstance(v, (list, tuple)):
        return "{" + ", ".join(_value(x) for x in v) + "}"
    return '"' + str(v).replace("\\", "\\\\").replace('"', '\\"') + '"'


def write(items, indent=""):
    out = []
    for key, v in items.items():
        if isinstance(v, Titled):
            for title, sub in v.items():
                out += [f'{indent}{key} "{title}" {{',
                        write(sub, indent + "\t"), indent + "}"]
        elif isinstance(v, dict):
            out += [f"{indent}{key} {{", write(v, indent + "\t"),
                    indent + "}"]
        elif v is not None:
            out.append(f"{indent}{key} = {_value(v)}")
    return "\n".join(out)


def merge(base, over):
    """base with over laid on it, section by section; None takes away."""
    out = type(base)(base)
    for k, v in over.items():
        if isinstance(v, dict) and isinstance(out.get(k), dict):
            out[k] = merge(out[k], v)
        else:
            out[k] = v
    return out
