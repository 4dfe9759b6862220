#!/usr/bin/env python3
"""Runs `trailkeeper check`, Prowler and Checkov on the same accounts, and writes docs/comparison.md.

Prowler and ours look at the simulated AWS; Checkov reads the same state as Terraform. A tool is only asked about topics that it
has a check for (src/rules/data/tools.csv). See README.md here for how to run it.
"""

import argparse
import csv
import json
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml

from aws import REGION, Account, merge
from terraform import write

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
# Prowler's checks that look at a trail, its bucket and its key, by service.
PROWLER_SERVICES = ["cloudtrail", "s3", "kms"]
# Topics that the cases hold no truth of: matters of choice, or of the whole account.
# Metric filters are left out: Prowler and ours are compared on them by the corpus of tests/rules.
OUT = {"bucket-mfa-delete", "bucket-object-lock", "bucket-replication", "bucket-notifications", "account-bpa", "trail-organization", "bucket-sse", "bucket-acl-off", "data-lambda", "data-bedrock", "trail-composite"}


def known_ids(tool):
    """Ids of a tool by topic, without the marks of generic checks. Threat detection judges events, not settings."""
    found = {}
    for row in csv.DictReader(open(ROOT / "src/rules/data/tools.csv")):
        if row["tool"] == tool and not row["topic"].startswith(("td-", "mf-")):
            for name in re.findall(r"[A-Za-z0-9_]+", row["ids"].replace("(g:", "")):
                found.setdefault(name, set()).add(row["topic"])
    return found


def environment(endpoint, number):
    return {
        "PATH": os.environ["PATH"], "HOME": tempfile.gettempdir(), "AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": number,
        "AWS_SECRET_ACCESS_KEY": "any", "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION, "NO_COLOR": "1",
    }


def by_topic(verdicts, ids):
    """The worst verdict of each topic that a tool judged."""
    topics = {}
    for name, failed in verdicts:
        for topic in ids.get(name, ()):
            topics[topic] = topics.get(topic, False) or failed
    return topics


def prowler(account, endpoint, ids, folder):
    checks = sorted(name for name in ids if name.split("_")[0] in PROWLER_SERVICES)
    command = [os.environ["PROWLER"], "aws", "--check", *checks, "-f", REGION, "-M", "json-ocsf", "-o", folder, "-F", account.number, "-b"]
    subprocess.run(command, env=environment(endpoint, account.number), capture_output=True, check=False)
    findings = json.loads((Path(folder) / f"{account.number}.ocsf.json").read_text())
    verdicts = []
    for finding in findings:
        of = " ".join(resource.get("uid", "") for resource in finding["resources"])
        if finding["status_code"] in ("PASS", "FAIL") and account.other not in of:
            verdicts.append((finding["metadata"]["event_code"], finding["status_code"] == "FAIL"))
    return by_topic(verdicts, ids)


def checkov(account, ids, folder):
    source = Path(folder) / account.number
    source.mkdir()
    (source / "main.tf").write_text(write(account))
    run = subprocess.run([os.environ["CHECKOV"], "-d", str(source), "--framework", "terraform", "-o", "json", "--compact"], capture_output=True, text=True, env={**os.environ, "LOG_LEVEL": "ERROR"}, check=False)
    results = json.loads(run.stdout)["results"]
    named = [(found["check_id"], failed, found["resource"]) for failed, key in ((True, "failed_checks"), (False, "passed_checks")) for found in results[key]]
    return by_topic([(name, failed) for name, failed, resource in named if not resource.endswith(".other")], ids)


def ours(account, endpoint, rules):
    command = [os.environ["TRAILKEEPER"], "check", "--region", REGION, "--output", "json"]
    run = subprocess.run(command, env=environment(endpoint, account.number), capture_output=True, text=True, check=False)
    if run.returncode not in (0, 2):
        sys.exit(f"{' '.join(command)}: {run.stderr}")
    topics, named = {}, {}
    for finding in json.loads(run.stdout)["findings"]:
        failed = finding["result"].lower() == "fail"
        named[finding["rule"]] = named.get(finding["rule"], False) or failed
        for topic in rules.get(finding["rule"], []):
            topics[topic] = topics.get(topic, False) or failed
    return {**topics, **named}


def judge(case, topics):
    """Found, missed and false alarms of one tool, and what it did not look at."""
    faults, found = set(case.get("faults", {})), {topic for topic, failed in topics.items() if failed}
    return {"found": faults & found, "missed": {fault for fault in faults if topics.get(fault) is False}, "silent": {fault for fault in faults if fault not in topics}, "false": {topic for topic in found - faults - set(case.get("follows", [])) if topic not in OUT and not topic.startswith(("TK-", "mf-"))}}


def text(names):
    return ", ".join(f"`{name}`" for name in sorted(names)) or "–"


def page(cases, verdicts, versions):
    tools = ["Trailkeeper", "Prowler", "Checkov"]
    total = {tool: {kind: sum(len(verdicts[case["name"]][tool][kind]) for case in cases) for kind in ("found", "missed", "silent", "false")} for tool in tools}
    faults = sum(len(case.get("faults", {})) for case in cases)
    lines = [
        "# Compared with Prowler and Checkov", "",
        f"Written by `tests/compare/compare.py` from {len(cases)} accounts with {faults} faults, each judged by all three. Prowler ({versions['Prowler']}) and `trailkeeper check`",
        f"looked at the same simulated AWS; Checkov ({versions['Checkov']}) read the same state as Terraform. *Missed*: it has a check, and the check passed.",
        f"Prowler was asked about {REGION} alone: its multi-Region check judges Region by Region, and would fail in the others; a key that waits for its deletion is nothing that Terraform, and so Checkov, can see. "
        "*No check*: it says nothing of that fault. *False alarm*: it finds fault where there is none. Matters of choice (" + ", ".join(sorted(OUT)) + ") are left out.", "",
        "| tool | found | missed | no check | false alarms |", "|---|---|---|---|---|",
    ]
    lines += [f"| {tool} | {total[tool]['found']} | {total[tool]['missed']} | {total[tool]['silent']} | {total[tool]['false']} |" for tool in tools]
    lines += ["", "| case | true faults | tool | found | missed | no check | false alarms |", "|---|---|---|---|---|---|---|"]
    for case in cases:
        for index, tool in enumerate(tools):
            verdict = verdicts[case["name"]][tool]
            head = (case["name"], text(case.get("faults", {}))) if index == 0 else ("", "")
            lines.append(f"| {head[0]} | {head[1]} | {tool} | {text(verdict['found'])} | {text(verdict['missed'])} | {text(verdict['silent'])} | {text(verdict['false'])} |")
    lines += ["", "## What decides", ""]
    for case in cases:
        for topic, reason in {**case.get("faults", {}), **case.get("fine", {})}.items():
            disagreed = any(topic in verdicts[case["name"]][tool][kind] for tool in tools for kind in ("missed", "false"))
            if disagreed:
                verdict = "is a fault" if topic in case.get("faults", {}) else "is none"
                lines.append(f"- **{case['name']}**: `{topic}` {verdict}: {reason}")
    unexplained = [(case["name"], tool, topic) for case in cases for tool in tools for topic in verdicts[case["name"]][tool]["false"] if topic not in case.get("fine", {}) and topic not in NOTES]
    seen = sorted({topic for case in cases for tool in tools for topic in verdicts[case["name"]][tool]["false"] if topic in NOTES})
    lines += [f"- `{topic}`, in any case: {NOTES[topic]}" for topic in seen]
    return "\n".join(lines) + "\n", unexplained


# Why what a tool finds fault with in every case is none.
NOTES = {}


def version(command, pattern):
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    return re.search(pattern, run.stdout + run.stderr).group(0)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--endpoint", required=True, help="the simulated AWS")
    arguments.add_argument("--out", default=str(ROOT / "docs/comparison.md"))
    options = arguments.parse_args()
    data = yaml.safe_load((HERE / "cases.yaml").read_text())
    catalogue = json.loads(subprocess.run([os.environ["TRAILKEEPER"], "explain", "--output", "json"], capture_output=True, text=True, check=True).stdout)
    rules = {rule["id"]: rule["topics"] for rule in catalogue}
    prowler_ids, checkov_ids = known_ids("Prowler"), known_ids("Checkov")
    verdicts = {}
    with tempfile.TemporaryDirectory() as folder:
        def one(index):
            case = data["cases"][index]
            account = Account(f"{500000000000 + index}", options.endpoint, merge(data["base"], case["change"]))
            account.make()
            found = {"Trailkeeper": ours(account, options.endpoint, rules), "Prowler": prowler(account, options.endpoint, prowler_ids, folder), "Checkov": checkov(account, checkov_ids, folder)}
            print(f"{case['name']}: done", file=sys.stderr, flush=True)
            return case["name"], {tool: judge(case, topics) for tool, topics in found.items()}

        with ThreadPoolExecutor(2) as pool:
            verdicts = dict(pool.map(one, range(len(data["cases"]))))
    versions = {"Prowler": version([os.environ["PROWLER"], "--version"], r"\d+\.\d+\.\d+"), "Checkov": version([os.environ["CHECKOV"], "--version"], r"\d+\.\d+\.\d+")}
    written, unexplained = page(data["cases"], verdicts, versions)
    Path(options.out).write_text(written)
    for name, tool, topic in unexplained:
        print(f"not explained: {name}: {tool} finds fault with {topic}", file=sys.stderr)
    return 1 if unexplained or any(verdicts[case["name"]]["Trailkeeper"][kind] for case in data["cases"] for kind in ("missed", "silent", "false")) else 0


if __name__ == "__main__":
    sys.exit(main())
