"""What a release needs besides the binary: the list of its packages, the notices of their authors, an archive that has the
same bytes every time, and checksums. Reads `cargo metadata` and Cargo.lock; needs only python3 and cargo.

    release.py sbom TARGET        the packages as CycloneDX 1.6 (JSON), to standard output
    release.py notices TARGET     the licence texts of the packages, to standard output
    release.py pack FOLDER NAME   FOLDER/NAME as a .tar.gz, to standard output
    release.py wheel WHEEL TREE SBOM FOLDER    the wheel with what TREE, an unpacked archive, holds besides the binary
    release.py formula FOLDER REPOSITORY       the Homebrew formula for the archives in FOLDER, to standard output
    release.py sums FOLDER        writes FOLDER/SHA256SUMS
    release.py notes TAG          what CHANGELOG.md says about this version; fails when tag, version and changelog do not agree
"""

import base64
import csv
import gzip
import hashlib
import io
import json
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import time
import uuid
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Licence files of the package, in whatever folder its author put them; other files, as in `src/`, only mention licences.
NOTICE = re.compile(r"(LICEN[CS]E|COPYING|COPYRIGHT|NOTICE|UNLICENSE)([-._].*)?", re.IGNORECASE)


def locked():
    """Checksums of Cargo.lock by name and version."""
    found = {}
    for package in (ROOT / "Cargo.lock").read_text().split("[[package]]")[1:]:
        fields = dict(re.findall(r'^(name|version|checksum) = "(.*)"$', package, re.MULTILINE))
        found[fields["name"], fields["version"]] = fields.get("checksum")
    return found


def tree(target, edges):
    """What cargo compiles for the program, as (depth, (name, version)). `cargo metadata` would also name what no feature uses."""
    command = ["cargo", "tree", "--locked", "--prefix", "depth", "--format", "\t{p}", "--target", target, "--edges", edges]
    printed = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    for line in printed.splitlines():
        depth, package = line.split("\t")
        name, version = package.split(" ")[:2]
        yield int(depth), (name, version.removeprefix("v"))


def built_from(target):
    """The root, every package that is compiled for it, the names of those that are in the binary, and who needs whom."""
    command = ["cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", target]
    data = json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)
    packages = {(package["name"], package["version"]): package for package in data["packages"]}
    edges, above = {}, []
    for depth, package in tree(target, "normal,build"):
        edges.setdefault(package, set())
        if depth:
            edges[above[depth - 1]].add(package)
        above[depth:] = [package]
    # The rest, including procedural macros, only runs during the build.
    inside = {package for _, package in tree(target, "normal,no-proc-macro")}
    root, rest = above[0], sorted(set(edges) - {above[0]})
    return packages[root], [packages[key] for key in rest], inside, edges


def key(package):
    return package["name"], package["version"]


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
    # Older packages say `MIT/Apache-2.0`, which is not an SPDX expression.
    made["licenses"] = [{"expression": (package["license"] or "NOASSERTION").replace("/", " OR ")}]
    made["purl"] = purl(package)
    if package["repository"]:
        made["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    return made


def sbom(target):
    root, rest, inside, edges = built_from(target)
    checksums = locked()
    by_key = {key(package): package for package in [root, *rest]}
    lock = hashlib.sha256((ROOT / "Cargo.lock").read_bytes()).hexdigest()
    made = time.gmtime(int(os.environ["SOURCE_DATE_EPOCH"]))
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        # The same packages give the same number, so that files can be compared.
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
                "required" if key(package) in inside else "excluded",
                checksums[key(package)],
            )
            for package in rest
        ],
        "dependencies": [
            {"ref": purl(by_key[package]), "dependsOn": sorted(purl(by_key[needed]) for needed in needs)}
            for package, needs in sorted(edges.items())
        ],
    }
    json.dump(document, sys.stdout, indent=1, ensure_ascii=False)
    print()


def notices(target):
    _, rest, inside, _ = built_from(target)
    print("telform contains the work of others. Their licences, and the notices that the licences require:\n")
    for package in rest:
        if key(package) not in inside:
            continue
        print(f"{'=' * 80}\n{package['name']} {package['version']}: {package['license']}")
        folder = pathlib.Path(package["manifest_path"]).parent
        files = sorted(path for path in folder.rglob("*") if path.is_file() and NOTICE.fullmatch(path.name))
        if not files:
            print(f"by {', '.join(package['authors']) or 'its authors'}; the package has no licence file")
        for path in files:
            print(f"\n--- {path.relative_to(folder).as_posix()}\n\n{path.read_text(errors='replace').strip()}")
        print()


def pack(folder, name):
    """Sorted names and one timestamp; independent of user, umask and file system."""
    made = int(os.environ["SOURCE_DATE_EPOCH"])
    base = pathlib.Path(folder)
    with gzip.GzipFile("", "wb", 6, sys.stdout.buffer, mtime=made) as packed:
        with tarfile.open(mode="w|", fileobj=packed, format=tarfile.USTAR_FORMAT) as archive:
            for path in sorted([base / name, *(base / name).rglob("*")]):
                entry = archive.gettarinfo(path, path.relative_to(base).as_posix())
                entry.uid = entry.gid = 0
                entry.uname = entry.gname = ""
                entry.mtime = made
                entry.mode = 0o755 if path.is_dir() or path.name == "telform" else 0o644
                with open(os.devnull if path.is_dir() else path, "rb") as content:
                    archive.addfile(entry, content)


# Where `pip` puts the files of an archive, below the prefix of the environment.
SHARED = {
    "man/": "share/man/man1/",
    "completions/telform.bash": "share/bash-completion/completions/telform",
    "completions/_telform": "share/zsh/site-functions/_telform",
    "completions/telform.fish": "share/fish/vendor_completions.d/telform.fish",
    "completions/": "share/telform/completions/",
    "schemas/": "share/telform/schemas/",
    "THIRD-PARTY.txt": "share/doc/telform/THIRD-PARTY.txt",
}


def shared(tree):
    """Path in the prefix and content of each file of the archive that a wheel has beside its binary."""
    for path in sorted(path for path in tree.rglob("*") if path.is_file()):
        name = path.relative_to(tree).as_posix()
        start = next((start for start in SHARED if name == start or start.endswith("/") and name.startswith(start)), None)
        if start:
            yield SHARED[start] + name.removeprefix(start), path.read_bytes()


def wheel(made, tree, bill, folder):
    """maturin makes a wheel of the binary, the metadata and the licences; this adds the rest, in an order and with a timestamp
    that depend on nothing else."""
    tree, made = pathlib.Path(tree), pathlib.Path(made)
    package = "-".join(made.name.split("-")[:2])
    with zipfile.ZipFile(made) as archive:
        files = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    record, binary = f"{package}.dist-info/RECORD", f"{package}.data/scripts/telform"
    if files[binary] != (tree / "telform").read_bytes():
        sys.exit("the wheel holds another binary than the archive")
    del files[record]
    files |= {f"{package}.data/data/{path}": content for path, content in shared(tree)}
    files[f"{package}.dist-info/sboms/telform.cyclonedx.json"] = pathlib.Path(bill).read_bytes()
    rows = io.StringIO()
    table = csv.writer(rows, lineterminator="\n")
    for path, content in sorted(files.items()):
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        table.writerow([path, f"sha256={digest}", len(content)])
    table.writerow([record, "", ""])
    ordered = [*sorted(files.items()), (record, rows.getvalue().encode())]
    when = time.gmtime(int(os.environ["SOURCE_DATE_EPOCH"]))[:6]
    with zipfile.ZipFile(pathlib.Path(folder) / made.name, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in ordered:
            entry = zipfile.ZipInfo(path, when)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o100755 if path == binary else 0o100644) << 16
            archive.writestr(entry, content)


# The archives that Homebrew installs, by the conditions of the formula.
BREWED = [
    ("macos", "arm", "aarch64-apple-darwin"),
    ("linux", "arm", "aarch64-unknown-linux-musl"),
    ("linux", "intel", "x86_64-unknown-linux-musl"),
]


def formula(folder, repository):
    version = stated_version()
    home = f"https://github.com/{repository}"
    print(f"""# Made by .ci/release/release.py with the release v{version}.
class Telform < Formula
  desc "Plan and apply for telephony"
  homepage "{home}"
  version "{version}"
  license any_of: ["MIT", "Apache-2.0"]
""")
    for system in ("macos", "linux"):
        print(f"  on_{system} do")
        for of, processor, target in BREWED:
            if of != system:
                continue
            name = f"telform-{version}-{target}.tar.gz"
            digest = hashlib.sha256((pathlib.Path(folder) / name).read_bytes()).hexdigest()
            print(f"    on_{processor} do")
            print(f'      url "{home}/releases/download/v{version}/{name}"')
            print(f'      sha256 "{digest}"')
            print("    end")
        print("  end\n")
    print("""  def install
    bin.install "telform"
    man1.install Dir["man/*.1"]
    bash_completion.install "completions/telform.bash" => "telform"
    zsh_completion.install "completions/_telform"
    fish_completion.install "completions/telform.fish"
    pkgshare.install "schemas"
    doc.install "THIRD-PARTY.txt"
  end

  test do
    assert_equal "telform #{version}", shell_output("#{bin}/telform --version").strip
    system bin/"telform", "init", "--quickstart"
  end
end""")


def sums(folder):
    base = pathlib.Path(folder)
    published = (".tar.gz", ".cdx.json", ".oci.tar", ".whl", ".tgz", ".rb")
    files = sorted(path for path in base.iterdir() if path.name.endswith(published))
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (base / "SHA256SUMS").write_text("".join(lines))
    print("".join(lines), end="")


def stated_version():
    return re.search(r'^version = "(.*)"$', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)[1]


def notes(tag):
    version = stated_version()
    if tag != f"v{version}":
        sys.exit(f"the tag is {tag}, but Cargo.toml says {version}")
    heading = rf"^## {re.escape(version)} - \d{{4}}-\d\d-\d\d\n(.*?)(?=^## |\Z)"
    section = re.search(heading, (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE | re.DOTALL)
    if not section or not section[1].strip():
        sys.exit(f"CHANGELOG.md has no `## {version} - YEAR-MONTH-DAY` with text below it")
    print(section[1].strip())


if __name__ == "__main__":
    commands = {"sbom": sbom, "notices": notices, "pack": pack, "wheel": wheel, "formula": formula, "sums": sums, "notes": notes}
    commands[sys.argv[1]](*sys.argv[2:])
