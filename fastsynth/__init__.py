"""Fast starts for cdktf programs that use a prebuilt provider from Python; the output stays the same.

Stock, a program of five resources spends nearly all its time on loading what it does not use. Measured
with cdktf 0.21.0 and cdktf-cdktf-provider-aws 20.1.0 on 2 cores, Python 3.11, Node 20 (medians of whole
processes; peak is the largest process):

                                  first start          without the warm-up        after it
    python main.py                17.5 s, 1,440 MiB    (makes the index itself)    12.9 s, 578 MiB
    python -m fastsynth main.py    5.5 s,   691 MiB     1.6 s, 691 MiB              0.6 s, 143 MiB

How (each module says more):

- lazy_python: a provider's 2,135 submodules are imported when the program names them;
- lazy_node, lazy-provider.cjs: Node loads the provider through its own lazy index;
- one_node: jsii's Node starts while Python imports, and without the second Node that jsii puts before it;
- load_ahead: Python builds a package's classes while Node loads its JavaScript;
- type_hints: the types of a construct's arguments are worked out once for each class;
- warm_up: jsii's index of the provider, which a fast program never lives long enough to get, is made once.

Use:

- `"app": "python -m fastsynth main.py"` in cdktf.json, or `fastsynth.enable()` before `import cdktf`;
- `python -m fastsynth --warm-up` once after installing or upgrading;
- FASTSYNTH=off in the environment brings the stock behaviour back (bytecode: what that needs and may lack).

Whatever is not as expected takes the stock path and says so in one line on stderr. To use it in another
project, copy this folder; it needs nothing but the standard library and what cdktf brings along.
"""

_enabled = False


def enable() -> None:
    """Make what cdktf imports and starts from now on fast; call it before `import cdktf`.

    Calling it again does nothing. With FASTSYNTH=off in the environment it changes nothing; it only compiles what a
    stock program imports, if that was not done.
    """
    # Imported here so that `import fastsynth` costs nothing to a program that is switched off.
    from . import lazy_node, lazy_python, switch, type_hints

    global _enabled
    if _enabled:
        return
    _enabled = True
    if switch.is_off():
        from . import bytecode

        bytecode.compile_providers()
        return
    lazy_python.enable()
    lazy_node.enable()
    type_hints.enable()
