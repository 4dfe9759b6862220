#!/usr/bin/env bash
# Fuzzes every target for a while: fuzz/run.sh [SECONDS each, default 60]. New inputs that reach new code go to fuzz/found; an
# input that breaks a check is kept in fuzz/artifacts: fix, then move it to fuzz/corpus, where `cargo test` replays it.
#
# The flags are those of `cargo fuzz --sanitizer none`, which needs neither nightly nor cargo-fuzz; `cargo +nightly fuzz run
# digest` works too, with AddressSanitizer.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

seconds=${1:-60}
target=$(rustc -vV | sed -n 's/^host: //p')
coverage=(-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters
  -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 --cfg fuzzing)
RUSTFLAGS="${coverage[*]}" cargo build --locked --release --target "$target"
mkdir -p artifacts
for fuzzer in digest content; do
  mkdir -p "found/$fuzzer"
  "target/$target/release/$fuzzer" -max_total_time="$seconds" -max_len=65536 -print_final_stats=1 "-artifact_prefix=artifacts/$fuzzer-" "found/$fuzzer" "corpus/$fuzzer"
done
