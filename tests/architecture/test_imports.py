"""What import-linter cannot say: which single modules may touch Google's packages, sockets and the sandbox."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BACKEND = ROOT / "backend"

# Who may import Google's packages or gRPC, beside the sandbox. `google.protobuf` alone is a plain data library.
GOOGLE = {
    "integrations/googleads/client.py",
    "integrations/googleads/errors.py",
    "integrations/googleads/requests.py",
    "integrations/googleads/gaql/catalogue.py",
}
ROWS = {f"integrations/googleads/rows/{name}.py" for name in ("convert", "descriptor", "values")}
PROTOBUF = GOOGLE | ROWS
# Who may speak HTTP or open sockets: the vendors' package, the fetcher of images, the commands, the sandbox.
NETWORK = ("integrations/", "core/fetch.py", "core/cut_off.py", "cli/", "sandbox/")
HOST_NAMES = {("jobs/engine.py", "socket")}  # it asks for the machine's own name
NETWORK_LIBRARIES = {"requests", "urllib3", "httpx", "socket", "http.client", "urllib.request", "requests_oauthlib"}


def imports() -> Iterator[tuple[str, str]]:
    """Every import in the package: (file below backend/, module with the name that is taken from it)."""
    for path in BACKEND.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from ((path.relative_to(BACKEND).as_posix(), alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
                yield from ((path.relative_to(BACKEND).as_posix(), f"{node.module}.{it.name}") for it in node.names)


def belongs(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def test_googles_packages_are_imported_at_the_vendors_edge_only() -> None:
    found = {
        file
        for file, module in imports()
        if (belongs(module, "google") and not belongs(module, "google.protobuf")) or belongs(module, "grpc")
        if not file.startswith("sandbox/")
    }
    assert found <= GOOGLE


def test_protobuf_is_known_where_rows_and_requests_are_made() -> None:
    found = {file for file, module in imports() if belongs(module, "google.protobuf")}
    assert {file for file in found if not file.startswith("sandbox/")} <= PROTOBUF


def test_the_sandbox_is_started_by_the_commands_and_imported_by_nobody() -> None:
    foreign = {file for file, module in imports() if belongs(module, "backend.sandbox")}
    assert {file for file in foreign if not file.startswith(("sandbox/", "cli/"))} == set()


def test_what_the_sandbox_takes_from_the_product() -> None:
    taken = {module for file, module in imports() if file.startswith("sandbox/") and belongs(module, "backend")}
    allowed = (
        "backend.sandbox",
        "backend.integrations.googleads.gaql",
        "backend.integrations.googleads.resource_names",
    )
    assert {module for module in taken if not any(belongs(module, name) for name in allowed)} == set()


def test_no_socket_to_a_vendor_is_opened_elsewhere() -> None:
    found = {
        (file, module)
        for file, module in imports()
        if any(belongs(module, library) for library in NETWORK_LIBRARIES) and not file.startswith(NETWORK)
    }
    assert found <= HOST_NAMES


def test_no_file_grows_without_end() -> None:
    """A file of 700 lines is a defect: it does more than one thing."""
    files = [*BACKEND.rglob("*.py"), *(ROOT / "tests").rglob("*.py"), ROOT / "config.py", ROOT / "run.py"]
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert {path.relative_to(ROOT).as_posix(): length for path, length in lengths.items() if length >= 700} == {}
