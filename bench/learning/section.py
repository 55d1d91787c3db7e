# SPDX-License-Identifier: MIT
"""The section "Learning" of docs/performance.md. Run as a program: measures and puts it into the page.

    section.py BUILD-FOLDER PAGE [CORPUS]
"""
import os
import subprocess
import sys
from pathlib import Path

HEAD = "## Learning\n"
ROOT = Path(__file__).resolve().parent.parent.parent
TEXT = """
`bench/learning/run [CORPUS]`: captures of real devices, up to 20 set-ups each (IoT Sentinel, ICDCS 2017). The first ten
set-ups of a device are learned, the proposed policy is tried on the rest with the reference model of the gate, names
resolved by the DNS answers in the capture that is judged. Benign: flows that the device opened or answered. Foreign:
such flows of the other devices, without DNS, mDNS, SSDP, NTP, DHCP, ICMP. Goals: at most 2 % blocked, at most 7 %
admitted, a median of at most 16 rules. One chatty device makes up two thirds of the flows, hence also the mean over
devices.

"""


def default_corpus():
    return Path(os.environ.get("TOLLGATE_CORPUS", ROOT.parent / "shared/corpus"))


def measured(programs, corpus):
    """The section, or None if there is no corpus."""
    devices = Path(corpus) / "devices"
    if not devices.is_dir():
        return None
    run = subprocess.run([programs / "learning/learning", devices], stdout=subprocess.PIPE, text=True, check=False)
    if run.returncode == 2:
        raise SystemExit("the learning benchmark did not run")
    return HEAD + TEXT + run.stdout


def kept(page):
    """The section as the page has it, or nothing."""
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    begin = text.find(HEAD)
    return text[begin:] if begin >= 0 else ""


def main():
    build, page = Path(sys.argv[1]), Path(sys.argv[2])
    corpus = Path(sys.argv[3]) if len(sys.argv) > 3 else default_corpus()
    section = measured(build / "bench", corpus)
    if section is None:
        raise SystemExit(f"no captures in {corpus}/devices; give the corpus as an argument")
    text = page.read_text(encoding="utf-8")
    rest = text[:text.find(HEAD)] if HEAD in text else text + "\n"
    page.write_text(rest + section, encoding="utf-8")
    print(section[len(HEAD + TEXT):], end="")


if __name__ == "__main__":
    main()
