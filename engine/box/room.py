"""What a function sees of the machine: the system's programs and libraries, Python, boto3, its code and its layers."""

import os
import shutil
import stat
import sys
from dataclasses import dataclass, field
from functools import cache
from importlib import util
from pathlib import Path
from typing import Any

#: AWS's runtimes bring boto3 and what it needs (Lambda Developer Guide, "Runtime-included SDK versions").
PACKAGES = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3")
DEVICES = tuple(f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom"))
#: For reading: programs, libraries, time zones and certificates. Nothing of a user, and no settings but these.
SYSTEM = (
    *("/usr/bin", "/usr/lib", "/usr/lib64", "/usr/share/zoneinfo", "/usr/share/ca-certificates"),
    *("/etc/ssl", "/etc/pki", "/etc/ld.so.cache", "/etc/alternatives"),
)
#: A link into /usr on most systems, a folder on others.
TOP = ("/bin", "/sbin", "/lib", "/lib64")
SETTINGS = ("/etc/hosts", "/etc/resolv.conf", "/etc/nsswitch.conf")
HIDDEN = ("/usr/lib/python3/dist-packages", "/etc/ssl/private")
PASSWD = "sbx_user1051:x:993:990::/home/sbx_user1051:/sbin/nologin\n"
#: Lambda quotas: processes and threads, open files; and no core dumps.
PROCESSES, OPEN_FILES = 1024, 1024
#: What a Python may reserve beyond what it uses: ten threads and their arenas alone take 600 MB.
RESERVED_MB = 512
#: Lambda Developer Guide, "Defined runtime environment variables".
ENVIRONMENT = {
    "PATH": "/var/lang/bin:/usr/local/bin:/usr/bin:/bin:/opt/bin",
    "LANG": "en_US.UTF-8",
    "TZ": ":UTC",
    "LAMBDA_RUNTIME_DIR": "/var/runtime",
    "PYTHONPATH": "/var/runtime",
    "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
}
#: What the engine tells a function; everything else of the engine's environment is its own.
TOLD = (
    *("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
    *("AWS_ENDPOINT_URL", "AWS_DISABLE_HOST_PREFIX_INJECTION", "AWS_LAMBDA_RUNTIME_API"),
    *("AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION"),
    *("AWS_LAMBDA_LOG_STREAM_NAME",),
)
SITE_PACKAGES = f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"


@dataclass(frozen=True)
class Program:
    """What runs in a box. Without `command` it is Python's runtime.

    A `speaking` program answers the engine with lines of JSON, in which also its end is told.
    """

    code: str | None = None
    layers: list[str] = field(default_factory=list)
    memory_mb: int = 128
    tmp_mb: int = 512
    command: tuple[str, ...] = ()
    #: Further files, by their places in the box.
    files: dict[str, str] = field(default_factory=dict)
    speaking: bool = True


def spec(program: Program, confinement: str, folder: Path) -> dict[str, Any]:
    """What `launcher` is told. `folder`, empty and on the machine, is for what the box itself needs."""
    if program.code:
        _make_readable(Path(program.code))
    places = _box(program, folder) if confinement == "box" else _open(program, folder)
    limits = {"RLIMIT_NOFILE": OPEN_FILES, "RLIMIT_CORE": 0}
    if confinement == "box":  # elsewhere all processes of the user would count
        limits["RLIMIT_NPROC"] = PROCESSES
    if not program.command:  # others reserve far more than they take
        limits["RLIMIT_DATA"] = (program.memory_mb + RESERVED_MB) << 20
    told = {"confinement": confinement, "limits": limits, "speaking": program.speaking, "memory_mb": program.memory_mb}
    return {**told, **places}


def memory_file(folder: Path) -> Path:
    """Where a box leaves the most memory that it has had, in KB."""
    return folder / "memory"


def environment(engine: dict[str, str], function: dict[str, Any], places: dict[str, Any]) -> dict[str, str]:
    """A function's variables: AWS's, the engine's and those of its stack; nothing of the user's."""
    name = function.get("FunctionName", "")
    group = (function.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{name}"
    return {
        **ENVIRONMENT,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.get('Runtime', '')}",
        "AWS_LAMBDA_LOG_GROUP_NAME": group,
        "NODE_PATH": f"{places['opt']}/nodejs/node_modules:{places['opt']}/nodejs",
        **({"TMPDIR": places["tmp"]} if places["tmp"] != "/tmp" else {}),
        **(function.get("Environment") or {}).get("Variables", {}),
        **{name: engine[name] for name in TOLD if engine.get(name)},
        "_HANDLER": function.get("Handler", ""),
        "LAMBDA_TASK_ROOT": places["code"],
    }


def _box(program: Program, folder: Path) -> dict[str, Any]:
    """A root of its own, in which everything stands where AWS has it."""
    (folder / "root").mkdir()
    opt = _merged(program.layers, folder / "opt")
    links = {path: os.readlink(path) for path in TOP if os.path.islink(path)} | {"/var/lang": sys.base_prefix}
    system = [path for path in (*TOP, *SYSTEM, *DEVICES) if os.path.exists(path) and path not in links]
    binds = {path: os.path.realpath(path) for path in system}
    if sys.base_prefix != "/usr":
        binds[sys.base_prefix] = sys.base_prefix
    binds |= {f"/var/runtime/{name}": source for name, source in _packages().items()}
    binds |= {place: source for place, source in (("/var/task", program.code), ("/opt", opt)) if source}
    return {
        "root": str(folder / "root"),
        "memory_file": str(memory_file(folder)),
        "tmp_mb": program.tmp_mb,
        "binds": binds | program.files,
        "texts": {path: Path(path).read_text() for path in SETTINGS if os.path.exists(path)} | {"/etc/passwd": PASSWD},
        "links": links,
        "hidden": [*HIDDEN, f"{sys.base_prefix}/{SITE_PACKAGES}"],
        "command": program.command,
        "code": "/var/task",
        "opt": "/opt",
        "tmp": "/tmp",
        "path": ["/var/task", *_of_layer(opt, "/opt"), "/var/runtime"],
    }


def _open(program: Program, folder: Path) -> dict[str, Any]:
    """The machine's own root, of which Landlock leaves what is readable and writable."""
    opt = _merged(program.layers, folder / "opt")
    runtime, tmp = folder / "runtime", folder / "tmp"
    runtime.mkdir()
    tmp.mkdir()
    for name, source in _packages().items():
        (runtime / name).symlink_to(source)
    code = program.code or str(runtime)
    of_python = [sys.base_prefix, str(runtime), *_packages().values()]
    files = program.files | {"/var/task/bootstrap": f"{code}/bootstrap"}
    return {
        "readable": [
            *TOP,
            *SYSTEM,
            *SETTINGS,
            "/proc",
            *of_python,
            code,
            *program.files.values(),
            *([opt] if opt else []),
        ],
        "writable": [str(tmp)],
        "own": [os.path.dirname(__file__)],
        "devices": DEVICES,
        "command": [files.get(word, word) for word in program.command],
        "code": code,
        "opt": opt or "/opt",
        "tmp": str(tmp),
        "path": [code, *_of_layer(opt, opt or ""), str(runtime)],
    }


@cache
def _packages() -> dict[str, str]:
    """The names and places of what a runtime brings, as far as it is installed; looked for once, not at each start."""
    places = {}
    for name in PACKAGES:
        found = util.find_spec(name)
        if found and found.origin:
            source = os.path.dirname(found.origin) if found.submodule_search_locations else found.origin
            places[os.path.basename(source)] = source
    return places


def _of_layer(opt: str | None, place: str) -> list[str]:
    """Where Python finds the modules of layers (Lambda Developer Guide, "Packaging your layer content")."""
    if not opt:
        return []
    versions = sorted(Path(opt, "python", "lib").glob("python*/site-packages"))
    return [f"{place}/{found.relative_to(opt)}" for found in versions] + [f"{place}/python", place]


def _merged(layers: list[str], into: Path) -> str | None:
    """/opt holds all layers, a later one over an earlier."""
    if len(layers) < 2:
        return layers[0] if layers else None
    for layer in layers:
        shutil.copytree(layer, into, symlinks=True, dirs_exist_ok=True)
    return str(into)


def _make_readable(code: Path) -> None:
    """Let anybody read the code: in the box it is nobody's, whatever this user's umask is."""
    if code.stat().st_mode & 0o005 == 0o005:
        return
    for path in [code, *code.rglob("*")]:
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o055 if stat.S_ISDIR(mode) or mode & 0o100 else 0o044))
