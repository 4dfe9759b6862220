//! Which module may know what, held by reading the sources.
//!
//! | folder | may not name |
//! |---|---|
//! | `facets`, `status`, `report`, `rules` | a Kubernetes client or runtime, an AWS crate, `crate::aws`, `crate::controller`, `crate::cli` |
//! | `engine`, `integrity` | the same: the one knows facets and no service, the other evidence and no S3 |
//! | `api` | the same |
//! | `aws` | a Kubernetes client or runtime, `crate::controller`, `crate::cli` |
//!
//! Of kube, pure code may use the types and accessors that need no connection: `kube::core` and `kube::ResourceExt`; `api`
//! also the derives that make the CRDs. Comments and what follows `#[cfg(test)]` do not count.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Modules that hold a client, or stand on one that does.
const PARTS_OF_OURS: [&str; 3] = ["crate::aws", "crate::controller", "crate::cli"];

/// How the names of the AWS crates begin. Modules of ours may begin with `aws_` too.
const AWS_CRATES: [&str; 7] =
    ["aws_sdk_", "aws_smithy_", "aws_config::", "aws_credential_types::", "aws_runtime::", "aws_sigv4::", "aws_types::"];

/// Kube items that need no connection.
const PURE_KUBE: [&str; 7] =
    ["core", "ResourceExt", "CustomResource", "CustomResourceExt", "KubeSchema", "Resource", "error::ErrorResponse"];

/// Longer files change for more than one reason.
const MOST_LINES: usize = 420;

/// The rules for one folder of `src`.
struct Layer {
    folder: &'static str,
    aws_allowed: bool,
}

const LAYERS: [Layer; 8] = [
    Layer { folder: "api", aws_allowed: false },
    Layer { folder: "facets", aws_allowed: false },
    Layer { folder: "engine", aws_allowed: false },
    Layer { folder: "rules", aws_allowed: false },
    Layer { folder: "status", aws_allowed: false },
    Layer { folder: "report", aws_allowed: false },
    Layer { folder: "integrity", aws_allowed: false },
    Layer { folder: "aws", aws_allowed: true },
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every Rust file below `folder`, sorted.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return found };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The code that is shipped: without comments, and up to the tests, which close a file.
fn shipped(source: &str) -> String {
    source.lines().take_while(|line| line.trim() != "#[cfg(test)]").map(|line| line.split_once("//").map_or(line, |(code, _)| code)).fold(
        String::new(),
        |mut code, line| {
            let _ = writeln!(code, "{line}");
            code
        },
    )
}

/// `use a::{b, c::d}` as `a::b`, `a::c::d`; other code as it stands.
fn expanded(code: &str) -> String {
    let mut out = String::new();
    let mut rest = code;
    while let Some(at) = rest.find("::{") {
        let start = rest[..at].rfind(|char: char| !(char.is_alphanumeric() || char == '_' || char == ':')).map_or(0, |found| found + 1);
        let (prefix, body) = (&rest[start..at], &rest[at + 3..]);
        let end = closing(body);
        out.push_str(&rest[..start]);
        for item in split_items(&body[..end]) {
            out.push_str(&expanded(&format!("{prefix}::{} ", item.trim())));
        }
        rest = body.get(end + 1..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// Where the brace that was opened before `body` closes.
fn closing(body: &str) -> usize {
    let mut depth = 1;
    for (at, char) in body.char_indices() {
        depth += i32::from(char == '{') - i32::from(char == '}');
        if depth == 0 {
            return at;
        }
    }
    body.len()
}

/// The items between the commas of this level.
fn split_items(body: &str) -> Vec<&str> {
    let (mut items, mut depth, mut from) = (Vec::new(), 0, 0);
    for (at, char) in body.char_indices() {
        depth += i32::from(char == '{') - i32::from(char == '}');
        if char == ',' && depth == 0 {
            items.push(&body[from..at]);
            from = at + 1;
        }
    }
    items.push(&body[from..]);
    items
}

/// Paths in `code` that begin with `prefix`, at a word boundary.
fn paths<'a>(code: &'a str, prefix: &str) -> Vec<&'a str> {
    let is_path = |char: char| char.is_alphanumeric() || char == '_' || char == ':';
    code.match_indices(prefix)
        .filter(|(at, _)| !code[..*at].ends_with(|char: char| is_path(char)))
        .map(|(at, _)| code[at..].split(|char: char| !is_path(char)).next().unwrap_or_default())
        .collect()
}

/// What `source` names and may not.
fn offences(source: &str, layer: &Layer) -> Vec<String> {
    let code = expanded(&shipped(source));
    let parts = PARTS_OF_OURS.iter().filter(|part| !(layer.aws_allowed && **part == "crate::aws")).flat_map(|part| {
        paths(&code, part).into_iter().filter(move |path| path[part.len()..].is_empty() || path[part.len()..].starts_with("::"))
    });
    let kube = paths(&code, "kube::").into_iter().filter(|path| {
        let item = path.trim_start_matches("kube::");
        !PURE_KUBE.iter().any(|pure| item == *pure || item.starts_with(&format!("{pure}::")))
    });
    let clients = ["kube_client", "kube_runtime"].into_iter().flat_map(|name| paths(&code, name));
    let sdk = AWS_CRATES.iter().filter(|_| !layer.aws_allowed).flat_map(|name| paths(&code, name));
    parts.chain(kube).chain(clients).chain(sdk).map(str::to_owned).collect()
}

fn name(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().display().to_string()
}

#[test]
fn pure_code_stays_pure() {
    let mut found = Vec::new();
    for layer in LAYERS {
        let files = sources(&root().join(layer.folder));
        assert!(!files.is_empty() || layer.folder == "rules", "src/{} is gone: correct this test", layer.folder);
        for path in files {
            let source = std::fs::read_to_string(&path).unwrap();
            found.extend(offences(&source, &layer).into_iter().map(|offence| format!("src/{}: {offence}", name(&path))));
        }
    }
    assert!(found.is_empty(), "these may not be named here (see the head of tests/layering.rs):\n{}", found.join("\n"));
}

#[test]
fn every_module_says_what_it_is_for() {
    let silent: Vec<String> = sources(&root())
        .into_iter()
        .filter(|path| !std::fs::read_to_string(path).unwrap().starts_with("//! "))
        .map(|path| name(&path))
        .collect();
    assert!(silent.is_empty(), "these do not open with `//! `: {silent:?}");
}

#[test]
fn files_stay_short() {
    let long: Vec<String> = sources(&root())
        .into_iter()
        .map(|path| (shipped(&std::fs::read_to_string(&path).unwrap()).lines().count(), name(&path)))
        .filter(|(lines, _)| *lines > MOST_LINES)
        .map(|(lines, name)| format!("{name}: {lines}"))
        .collect();
    assert!(long.is_empty(), "more than {MOST_LINES} lines, tests not counted: {long:?}");
}

#[test]
fn the_check_finds_what_it_looks_for() {
    let pure = Layer { folder: "facets", aws_allowed: false };
    let table = [
        ("use kube::Client;", "kube::Client"),
        ("use kube::{ResourceExt, Api};", "kube::Api"),
        ("use kube::{\n    core::Duration,\n    runtime::{Controller, watcher},\n};", "kube::runtime::watcher"),
        ("fn f(client: &kube::Client) {}", "kube::Client"),
        ("use aws_sdk_s3::types as sdk;", "aws_sdk_s3::types"),
        ("let t = aws_smithy_types::DateTime::from_secs(1);", "aws_smithy_types::DateTime::from_secs"),
        ("use crate::aws::Cloud;", "crate::aws::Cloud"),
        ("use crate::{aws, facets::Facet};", "crate::aws"),
        ("use crate::{facets::{Facet, step::Step}, controller::run};", "crate::controller::run"),
        ("crate::cli::main()", "crate::cli::main"),
        ("use kube_runtime::watcher;", "kube_runtime::watcher"),
    ];
    for (source, offence) in table {
        assert!(offences(source, &pure).iter().any(|found| found == offence), "{source}: {:?}", offences(source, &pure));
    }
    let innocent = [
        "use kube::{ResourceExt, core::Duration};",
        "// use kube::Client;\n/// See `crate::aws`.",
        "pub mod aws_account;\npub use aws_account::{AwsAccount, AwsAccountSpec};",
        "use crate::api::aws_account::{Organization, Partition};",
        "use crate::{api::aws_account, facets::{Facet, step::Step}};",
        "fn f(aws_time: u8) { crate::awsome(); crate::client::x() }",
        "fn f() {}\n#[cfg(test)]\nmod tests {\n    use kube::Client;\n}",
    ];
    for source in innocent {
        assert_eq!(offences(source, &pure), Vec::<String>::new(), "{source}");
    }
    let aws = Layer { folder: "aws", aws_allowed: true };
    assert_eq!(offences("use aws_sdk_s3::Client; use crate::aws::Cloud;", &aws), Vec::<String>::new());
    assert_eq!(offences("use kube::Client;", &aws), ["kube::Client"]);
    assert_eq!(shipped("a\n#[cfg(test)]\nb\n"), "a\n");
}
