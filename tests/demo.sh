#!/usr/bin/env bash
# The demo: a real API server, a simulated AWS and the operator; a trail becomes Ready, is tampered with, and is repaired.
# Run it by `make demo`. Everything it starts ends with it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
target=${CARGO_TARGET_DIR:-target}/debug
tools=${TRAILKEEPER_TOOLS:-${TRAILKEEPER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/trailkeeper}/tools}
state=$(mktemp -d)

bold='' dim='' plain=''
if [[ -t 1 && -z ${NO_COLOR:-} ]]; then bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'; fi
say() { printf '\n%s==> %s%s\n' "$bold" "$*" "$plain"; }
show() { printf '%s$ %s%s\n' "$dim" "$*" "$plain"; "$@"; }

operator=''
finish() {
  [[ -z $operator ]] || { kill -TERM "$operator" 2>/dev/null && wait "$operator" 2>/dev/null; } || true
  exec 8>&- 2>/dev/null || true # the lab stops when this, its standard input, closes
  [[ -z ${lab:-} ]] || wait "$lab" 2>/dev/null || true
  rm -rf "$state"
}
trap finish EXIT

say "Starting a Kubernetes API server and a simulated AWS"
mkfifo "$state/stdin"
"$target/lab" up --state-dir "$state/lab" <"$state/stdin" >"$state/lab.json" &
lab=$!
exec 8>"$state/stdin"
for _ in $(seq 600); do
  [[ -s $state/lab.json ]] && break
  kill -0 "$lab" 2>/dev/null || { echo "the lab did not start" >&2; exit 1; }
  sleep 0.1
done
field() { python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$state/lab.json" "$1"; }
endpoint=$(field sim_endpoint)

# Nothing of the caller's environment may lead to a real cluster or a real AWS.
clean=(env -i "PATH=$PATH" "HOME=$state" "KUBECONFIG=$(field kubeconfig)" "AWS_ENDPOINT_URL=$endpoint" AWS_REGION=eu-central-1 AWS_DEFAULT_REGION=eu-central-1 AWS_SECRET_ACCESS_KEY=any)
kubectl() { "${clean[@]}" "$tools/bin/kubectl" "$@"; }
# Mallory is a user of the account with more rights than sense.
aws() { "${clean[@]}" AWS_ACCESS_KEY_ID=111111111111-mallory "$tools/venv/bin/aws" "$@"; }
pass_now() { kubectl annotate --overwrite "$@" "trailkeeper.dev/requestedAt=$(date +%s.%N)" >/dev/null; }
events_of() { kubectl get events.events.k8s.io -o jsonpath="{range .items[?(@.reason==\"$1\")]}{.regarding.name}: {.note}{\"\n\"}{end}"; }
await_event() { # reason, text in its note
  for _ in $(seq 300); do
    if events_of "$1" | grep -qF -- "$2"; then return; fi
    sleep 0.1
  done
  echo "no event $1 that says: $2" >&2
  tail -5 "$state/operator.log" >&2
  exit 1
}

say "Starting the operator"
kubectl apply --server-side -f crds/ >/dev/null
kubectl wait --for=condition=Established --timeout=30s crd --all >/dev/null
"${clean[@]}" AWS_ACCESS_KEY_ID=111111111111 "$target/trailkeeper" run --admin-address 127.0.0.1:0 2>"$state/operator.log" &
operator=$!

say "Applying the examples: an account, a log archive, a trail"
show kubectl apply -f examples/
kubectl wait --for=condition=Ready --timeout=60s awsaccount/production logarchive/audit-logs trail/audit >/dev/null
# CloudTrail delivers in batches; the first log file makes the trail's last-delivery time.
for _ in $(seq 300); do
  pass_now trail/audit
  [[ -n $(kubectl get trail audit -o jsonpath='{.status.lastDeliveryTime}') ]] && break
  sleep 0.2
done
show kubectl get trailkeeper

say "Mallory stops the trail and opens the bucket"
show aws cloudtrail stop-logging --name audit
show aws s3api delete-public-access-block --bucket acme-audit-logs
show aws cloudtrail get-trail-status --name audit --query IsLogging

say "The operator comes by (every 10 minutes, or when asked) and tells what it found"
pass_now trail/audit
pass_now logarchive/audit-logs
await_event DriftCorrected logging.enabled
await_event DriftCorrected publicAccessBlock.restrictPublicBuckets
show kubectl get events.events.k8s.io --sort-by=.eventTime -o custom-columns=TYPE:.type,REASON:.reason,OBJECT:.regarding.name,NOTE:.note

say "And it has put things right"
kubectl wait --for=condition=Ready --timeout=60s logarchive/audit-logs trail/audit >/dev/null
show aws cloudtrail get-trail-status --name audit --query IsLogging
show aws s3api get-public-access-block --bucket acme-audit-logs --output text
show kubectl get trail audit -o jsonpath='{.status.gaps}{"\n"}'
show kubectl get trailkeeper
echo "The gap stays on record, as the digest chain is broken there."

say "Somebody makes a trail of his own, and an auditor looks: check judges what the account has, managed or not"
aws s3api create-bucket --bucket mallorys-logs --create-bucket-configuration LocationConstraint=eu-central-1 >/dev/null
aws s3api put-bucket-policy --bucket mallorys-logs --policy '{"Version":"2012-10-17","Statement":[
  {"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"s3:GetBucketAcl","Resource":"arn:aws:s3:::mallorys-logs"},
  {"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::mallorys-logs/AWSLogs/*"}]}'
show aws cloudtrail create-trail --name mallorys --s3-bucket-name mallorys-logs --no-is-multi-region-trail --query TrailARN
trailkeeper() { "${clean[@]}" AWS_ACCESS_KEY_ID=111111111111 "$target/trailkeeper" "$@"; }
code=0
show trailkeeper check --severity high || code=$?
[[ $code -eq 2 ]] || { echo "check found nothing, or failed: exit code $code" >&2; exit 1; }
aws cloudtrail delete-trail --name mallorys

say "A whole organization, in one apply: a management account, an account for the logs, two members"
# What examples/organization/README.md asks for: the organization, and a role in each account. The operator's identity is in 111111111111.
role() { # account, role, who may assume it, further parts of the statement
  local trust="{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"sts:AssumeRole\",\"Principal\":{\"AWS\":\"$3\"}${4:-}}]}"
  "${clean[@]}" "AWS_ACCESS_KEY_ID=$1-mallory" "$tools/venv/bin/aws" iam create-role --role-name "$2" --assume-role-policy-document "$trust" >/dev/null
}
"${clean[@]}" python3 - "$endpoint/_sim/organizations" <<'ORGANIZATION'
import json, sys, urllib.request
body = {"id": "o-demoexample", "management_account": "111111111111", "members": [n * 12 for n in "2345"], "all_features": True,
        "trusted_services": [], "cloudtrail_admins": [], "suspended": []}
urllib.request.urlopen(urllib.request.Request(sys.argv[1], json.dumps(body).encode(), {"content-type": "application/json"})).read()
ORGANIZATION
role 555555555555 trailkeeper-hub arn:aws:iam::111111111111:root
for member in 111111111111:management 222222222222:log-archive 333333333333:payments 444444444444:research; do
  role "${member%%:*}" trailkeeper arn:aws:iam::555555555555:role/trailkeeper-hub \
    ",\"Condition\":{\"StringEquals\":{\"sts:ExternalId\":\"trailkeeper-${member#*:}\"}}"
done
show kubectl apply -k examples/organization
kubectl wait --for=condition=Ready --timeout=90s awsaccount/management awsaccount/log-archive awsaccount/payments awsaccount/research >/dev/null
kubectl wait -n audit --for=condition=Ready --timeout=90s logarchive/central trail/organization trail/payments-objects >/dev/null
show kubectl get -n audit trailkeeper
say "Is the archive what CloudTrail delivered? Digests prove it: signed, chained, with the hash of every log file"
# CloudTrail signs a digest an hour; here one every few seconds, up to now, and then none, so that nothing moves while we look.
"${clean[@]}" python3 - "$endpoint/_sim" <<'DIGESTS'
import json, sys, urllib.request
def ask(method, path, body=None):
    data = json.dumps(body).encode() if body is not None else b""
    request = urllib.request.Request(f"{sys.argv[1]}/{path}", data if method != "GET" else None, {"content-type": "application/json"}, method=method)
    return urllib.request.urlopen(request).read()
ask("PUT", "settings", json.loads(ask("GET", "settings")) | {"digest_interval_seconds": 3, "delivery_interval_ms": 0})
ask("POST", "deliver")
ask("POST", "clock", {"action": "advance", "seconds": 5})
ask("POST", "deliver")
DIGESTS
objects() { aws s3api list-objects-v2 --bucket acme-audit-logs --prefix "AWSLogs/111111111111/$1/eu-central-1/" --query "Contents[].Key" --output text | tr '\t' '\n'; }
verify() { trailkeeper verify -f examples/account.yaml -f examples/archive.yaml "$@"; }
show verify

say "Mallory empties a log file and deletes a digest"
log=$(objects CloudTrail | head -1)
digest=$(objects CloudTrail-Digest | sed -n 3p)
printf '{"Records":[]}' | gzip >"$state/empty.json.gz"
show aws s3api put-object --bucket acme-audit-logs --key "$log" --body "$state/empty.json.gz" --query VersionId
show aws s3api delete-object --bucket acme-audit-logs --key "$digest" --query DeleteMarker
code=0
show verify --region eu-central-1 || code=$?
[[ $code -eq 2 ]] || { echo "verify did not say that the archive is not intact: exit code $code" >&2; exit 1; }

say "The operator can do that every hour: spec.integrity"
show kubectl patch logarchive audit-logs --type merge --patch '{"spec":{"integrity":{"interval":"1h"}}}'
await_event LogTampered "$log"
await_event DigestMissing "$digest"
for reason in LogTampered DigestMissing; do printf '%s %s' "$reason" "$(events_of "$reason" | sed -n 1p)" && echo; done
show kubectl get logarchive audit-logs -o wide
say "That was the demo; everything is stopped now."
