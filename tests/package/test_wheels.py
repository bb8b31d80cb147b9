"""The packages fit the runtime. Chalice does not report a missing wheel, or one for another glibc."""

from __future__ import annotations

import re
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerNeedSection
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from common.paths import ROOT
from infra.errors import PackageError
from infra.packaging import application, job, runtime, wheels
from infra.packaging.layer import build as layer
from infra.packaging.packages import Packages

MACHINE, PAGE = "EM_X86_64", 4096


def pinned(requirements: Path) -> dict[str, str]:
    """Return the version of each package in a requirements file."""
    lines = [line.rstrip(" \\") for line in requirements.read_text().splitlines() if re.match(r"\w", line)]
    requirements_of_file = [Requirement(line) for line in lines]
    return {canonicalize_name(one.name): str(one.specifier).removeprefix("==") for one in requirements_of_file}


def contents(zipped: Path) -> dict[str, str]:
    """Return the version of each package in a zip file."""
    with zipfile.ZipFile(zipped) as opened:
        names = {Path(name).parent.name for name in opened.namelist() if name.endswith(".dist-info/METADATA")}
    pairs = [name.removesuffix(".dist-info").rsplit("-", 1) for name in names]
    return {canonicalize_name(name): version for name, version in pairs}


def libraries(zipped: Path) -> dict[str, ELFFile]:
    """Return the compiled libraries in a zip file."""
    with zipfile.ZipFile(zipped) as opened:
        return {name: ELFFile(BytesIO(opened.read(name))) for name in opened.namelist() if ".so" in Path(name).suffixes}


def newest_glibc(library: ELFFile) -> tuple[int, ...]:
    """Return the newest version of glibc that a library requires."""
    versions: list[tuple[int, ...]] = [(0, 0)]
    for section in library.iter_sections():
        if isinstance(section, GNUVerNeedSection):
            names = [entry.name for _, entries in section.iter_versions() for entry in entries]
            versions += [tuple(map(int, name[6:].split("."))) for name in names if re.fullmatch(r"GLIBC_[\d.]+", name)]
    return max(versions)


def test_the_layer_has_every_pinned_package(built: Packages):
    assert contents(built.layer) == pinned(layer.REQUIREMENTS)


def test_the_function_has_every_pinned_package(function_zip: Path):
    assert contents(function_zip) == pinned(ROOT / application.REQUIREMENTS)


def test_the_jobs_wheels_are_every_pinned_package(built: Packages):
    names = [wheel.name.split("-")[:2] for wheel in built.job.wheels]

    assert {canonicalize_name(name): version for name, version in names} == pinned(job.REQUIREMENTS)
    wheels.check_compatible(built.job.wheels, "x86_64")


def test_packages_have_the_versions_of_the_development_environment():
    development = pinned(ROOT / "requirements-dev.txt")

    function = ROOT / application.REQUIREMENTS
    for requirements in (layer.REQUIREMENTS, job.REQUIREMENTS, function, ROOT / "requirements.txt"):
        assert pinned(requirements).items() <= development.items(), requirements


def test_every_library_is_for_the_machine_and_the_glibc_of_lambda(built: Packages, function_zip: Path):
    for zipped, least in ((built.layer, 100), (function_zip, 1), *((wheel, 0) for wheel in built.job.wheels)):
        compiled = libraries(zipped)
        assert len(compiled) >= least
        for name, library in compiled.items():
            assert library["e_machine"] == MACHINE, name
            assert newest_glibc(library) <= runtime.GLIBC, name
            # The loader requires this alignment. `strip` can break it.
            for segment in library.iter_segments("PT_LOAD"):
                assert segment["p_offset"] % PAGE == segment["p_vaddr"] % PAGE, name


@pytest.mark.parametrize(
    "wheel",
    [
        "numpy-2.4.4-cp313-cp313-manylinux_2_39_x86_64.whl",
        "numpy-2.4.4-cp313-cp313-musllinux_1_2_x86_64.whl",
        "numpy-2.4.4-cp313-cp313-manylinux_2_28_aarch64.whl",
        "numpy-2.4.4-cp312-cp312-manylinux_2_28_x86_64.whl",
        "numpy-2.4.4-cp313-cp313-macosx_14_0_arm64.whl",
    ],
)
def test_an_incompatible_wheel_is_an_error(wheel: str):
    with pytest.raises(PackageError, match=rf"{re.escape(wheel)}: allowed: Python 3\.13, x86_64, glibc 2\.34 or older"):
        wheels.check_compatible([Path(wheel)], "x86_64")


def test_a_wheel_with_another_hash_is_an_error(tmp_path: Path):
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(f"six==1.17.0 --hash=sha256:{'0' * 64}\n")

    with pytest.raises(PackageError, match="pip download failed"):
        wheels.fetch(requirements, tmp_path / "wheels", "x86_64")
