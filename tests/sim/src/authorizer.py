"""Says whether IAM policies allow an AWS request: MiniStack's request parsing and policy evaluation behind one POST.

The simulated AWS asks it for sessions of the roles that a test put under enforcement, so that the policies which
`trailkeeper iam-policy` prints are judged by somebody else's code. It knows requests and policies, no state.
"""

import base64
import json
import os
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

from ministack.core.iam_actions import extract_iam_action, extract_resource_arn, request_tag_context
from ministack.core.iam_evaluator import EvalContext, evaluate, parse_policy_document

# MiniStack names CloudTrail's resource by Name and TrailName only.
CLOUDTRAIL_ARN = re.compile(rb'"(arn:aws[a-z-]*:cloudtrail:[a-z0-9-]+:[0-9]{12}:(?:trail|eventdatastore)/[^"]+)"')
# Actions that take no resource (Service Authorization Reference), whatever their parameters say.
WITHOUT_RESOURCE = {"cloudtrail:DescribeTrails", "cloudtrail:ListTrails", "cloudtrail:LookupEvents", "kms:CreateKey", "kms:ListKeys"}


def resources_of(action, request, body, query):
    """What the call is judged on: the policies must allow the action on each of these."""
    if action in WITHOUT_RESOURCE:
        return ["*"]
    region, account = request["region"], request["account"]
    if action.startswith("cloudtrail:"):
        named = CLOUDTRAIL_ARN.findall(body)
        if named:
            return [arn.decode() for arn in named]
    if action.startswith("kms:") and action.endswith("Alias"):
        # KMS Developer Guide, "Controlling access to aliases": the alias and the key, each by its own ARN.
        asked = json.loads(body)
        alias = f"arn:aws:kms:{region}:{account}:{asked['AliasName']}"
        key = asked.get("TargetKeyId")
        return [alias] + ([key if key.startswith("arn:") else f"arn:aws:kms:{region}:{account}:key/{key}"] if key else [])
    resource = extract_resource_arn(
        request["service"], request["method"], request["path"], request["headers"], body, query, region, account)
    # The same page: elsewhere a key that is named by its alias is judged by the key's ARN.
    return [resource.replace(":alias/", ":key/behind-alias-") if action.startswith("kms:") else resource]


def judge(request):
    body = base64.b64decode(request["body"])
    query = dict(parse_qsl(request["query"], keep_blank_values=True))
    if "x-www-form-urlencoded" in request["headers"].get("content-type", ""):
        query.update(parse_qsl(body.decode(), keep_blank_values=True))
    action = extract_iam_action(request["service"], request["method"], request["path"], request["headers"], body, query)
    if action is None:
        return {"allowed": False, "action": f"{request['service']}:?", "resource": "*"}
    context = {key.lower(): value for key, value in request_tag_context(request["service"], action, body, query).items()}
    context.setdefault("aws:tagkeys", None)
    policies = [parse_policy_document(policy) for policy in request["policies"]]
    for resource in resources_of(action, request, body, query):
        asked = EvalContext(
            principal_arn=request["principal"], principal_type="AssumedRole", principal_account=request["account"],
            action=action, resource_arn=resource, region=request["region"], service_context=context)
        if evaluate(asked, policies).decision != "Allow":
            return {"allowed": False, "action": action, "resource": resource}
    return {"allowed": True, "action": action, "resource": "*"}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        answer = json.dumps(judge(json.loads(self.rfile.read(int(self.headers["content-length"]))))).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


# Ends when the simulation does, however it ends: only then does standard input close.
threading.Thread(target=lambda: (sys.stdin.buffer.read(), os._exit(0)), daemon=True).start()
server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(json.dumps({"endpoint": f"http://127.0.0.1:{server.server_address[1]}"}), flush=True)
server.serve_forever()
