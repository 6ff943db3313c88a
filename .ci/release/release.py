"""What a release needs beside the binary: the list of what it is made of, the notices of its authors, an archive that is the
same bytes every time, and checksums. Reads `cargo metadata` and Cargo.lock; needs nothing but python3 and cargo.

    release.py sbom TARGET        the packages as CycloneDX 1.6 (JSON), to standard output
    release.py notices TARGET     the licence texts of the packages, to standard output
    release.py pack FOLDER NAME   FOLDER/NAME as a .tar.gz, to standard output
    release.py sums FOLDER        writes FOLDER/SHA256SUMS
"""

import gzip
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import time
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
# A licence of the package, wherever its author has put it; `src/` and the like hold other people's words about licences.
NOTICE = re.compile(r"(LICEN[CS]E|COPYING|COPYRIGHT|NOTICE|UNLICENSE)([-._].*)?", re.IGNORECASE)


def locked():
    """Checksums of Cargo.lock by name and version."""
    found = {}
    for package in (ROOT / "Cargo.lock").read_text().split("[[package]]")[1:]:
        fields = dict(re.findall(r'^(name|version|checksum) = "(.*)"$', package, re.MULTILINE))
        found[fields["name"], fields["version"]] = fields.get("checksum")
    return found


def built_from(target):
    """The root, and every package that is compiled for it: without those that only tests use."""
    command = ["cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", target]
    data = json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)
    packages = {package["id"]: package for package in data["packages"]}
    nodes = {node["id"]: node for node in data["resolve"]["nodes"]}

    def reach(kinds, into):
        seen, wanted = set(), [data["resolve"]["root"]]
        while wanted:
            at = wanted.pop()
            if at in seen:
                continue
            seen.add(at)
            for dep in nodes[at]["deps"]:
                if {kind["kind"] for kind in dep["dep_kinds"]} & kinds and into(packages[dep["pkg"]]):
                    wanted.append(dep["pkg"])
        return seen

    def macro(package):
        return any("proc-macro" in part["kind"] for part in package["targets"])

    everything = reach({None, "build"}, lambda package: True)
    # What is in the binary; the rest only runs while it is built.
    inside = reach({None}, lambda package: not macro(package))
    edges = {
        id: sorted(dep["pkg"] for dep in nodes[id]["deps"] if {kind["kind"] for kind in dep["dep_kinds"]} & {None, "build"})
        for id in everything
    }
    rest = sorted((packages[id] for id in everything - {data["resolve"]["root"]}), key=lambda it: (it["name"], it["version"]))
    return packages[data["resolve"]["root"]], rest, inside, edges


def purl(package):
    return f"pkg:cargo/{package['name']}@{package['version']}"


def component(package, kind, scope=None, checksum=None):
    made = {"type": kind, "bom-ref": purl(package), "name": package["name"], "version": package["version"]}
    if package["description"]:
        made["description"] = " ".join(package["description"].split())
    if scope:
        made["scope"] = scope
    if checksum:
        made["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    # Older packages say `MIT/Apache-2.0`, which is no SPDX.
    made["licenses"] = [{"expression": (package["license"] or "NOASSERTION").replace("/", " OR ")}]
    made["purl"] = purl(package)
    if package["repository"]:
        made["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    return made


def sbom(target):
    root, rest, inside, edges = built_from(target)
    sums = locked()
    by_id = {package["id"]: package for package in [root, *rest]}
    lock = hashlib.sha256((ROOT / "Cargo.lock").read_bytes()).hexdigest()
    made = time.gmtime(int(os.environ["SOURCE_DATE_EPOCH"]))
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        # The same for the same packages, so that the file can be compared.
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{purl(root)}/{target}/{lock}')}",
        "version": 1,
        "metadata": {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", made),
            "component": component(root, "application"),
            "properties": [{"name": "cargo:target", "value": target}, {"name": "cargo:lock-sha256", "value": lock}],
        },
        "components": [
            component(
                package,
                "library",
                "required" if package["id"] in inside else "excluded",
                sums[package["name"], package["version"]],
            )
            for package in rest
        ],
        "dependencies": [
            {"ref": purl(by_id[id]), "dependsOn": sorted(purl(by_id[dep]) for dep in deps)}
            for id, deps in sorted(edges.items(), key=lambda it: purl(by_id[it[0]]))
        ],
    }
    json.dump(document, sys.stdout, indent=1, ensure_ascii=False)
    print()


def notices(target):
    _, rest, inside, _ = built_from(target)
    print("telform contains the work of others. Their licences, and the notices that these ask for:\n")
    for package in rest:
        if package["id"] not in inside:
            continue
        print(f"{'=' * 80}\n{package['name']} {package['version']}: {package['license']}")
        folder = pathlib.Path(package["manifest_path"]).parent
        files = sorted(path for path in folder.rglob("*") if path.is_file() and NOTICE.fullmatch(path.name))
        if not files:
            print(f"by {', '.join(package['authors']) or 'its authors'}; the package has no file with the text")
        for path in files:
            print(f"\n--- {path.relative_to(folder).as_posix()}\n\n{path.read_text(errors='replace').strip()}")
        print()


def pack(folder, name):
    """Names in order; one time; nobody's user, umask or file system."""
    made = int(os.environ["SOURCE_DATE_EPOCH"])
    base = pathlib.Path(folder)
    with gzip.GzipFile("", "wb", 9, sys.stdout.buffer, mtime=made) as packed:
        with tarfile.open(mode="w|", fileobj=packed, format=tarfile.USTAR_FORMAT) as archive:
            for path in sorted([base / name, *(base / name).rglob("*")]):
                entry = archive.gettarinfo(path, path.relative_to(base).as_posix())
                entry.uid = entry.gid = 0
                entry.uname = entry.gname = ""
                entry.mtime = made
                entry.mode = 0o755 if path.is_dir() or path.name == "telform" else 0o644
                with open(os.devnull if path.is_dir() else path, "rb") as content:
                    archive.addfile(entry, content)


def sums(folder):
    base = pathlib.Path(folder)
    files = sorted(path for path in base.iterdir() if path.name.endswith((".tar.gz", ".cdx.json")))
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (base / "SHA256SUMS").write_text("".join(lines))
    print("".join(lines), end="")


if __name__ == "__main__":
    {"sbom": sbom, "notices": notices, "pack": pack, "sums": sums}[sys.argv[1]](*sys.argv[2:])
