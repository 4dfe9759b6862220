//! What our HTML pages share: one look, a table that is read on a telephone and on paper, and times. Self-contained; nothing runs.

use jiff::Timestamp;
use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = include_str!("style.css");

/// A part of a page: anchor, title, content.
pub type Section = (&'static str, &'static str, Markup);

/// The whole page.
pub fn page(title: &str, body: &Markup) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { (body) }
        }
    }
    .into_string()
}

pub fn navigation(sections: &[Section]) -> Markup {
    html! { nav aria-label="Sections" { ul { @for (anchor, title, _) in sections { li { a href={"#" (anchor)} { (title) } } } } } }
}

pub fn sections_of(sections: &[Section]) -> Markup {
    html! {
        @for (anchor, title, content) in sections {
            section id=(anchor) aria-labelledby={(anchor) "-title"} { h2 id={(anchor) "-title"} { (title) } (content) }
        }
    }
}

/// A table that scrolls within itself and, on a narrow screen, stacks its rows.
pub fn table(caption: &str, header: &[&str], rows: impl Iterator<Item = Vec<Markup>>) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(caption) {
            table.stack {
                caption { (caption) }
                thead { tr { @for title in header { th scope="col" { (title) } } } }
                tbody { @for row in rows { tr { @for (cell, label) in row.iter().zip(header) { td data-label=(label) { (cell) } } } } }
            }
        }
    }
}

pub fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

pub fn day(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d").to_string()
}

pub fn time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M UTC").to_string()
}
