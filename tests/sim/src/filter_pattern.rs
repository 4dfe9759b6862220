//! Whether an event matches a metric filter's JSON pattern (CloudWatch Logs User Guide, "Filter pattern syntax"). Pure.
//! `&&` binds more tightly than `||`; `*` in a value stands for anything. No regular expressions, no numbers, no arrays.

use serde_json::Value;

/// None where the pattern is not understood.
pub fn matches(pattern: &str, event: &Value) -> Option<bool> {
    let inside = pattern.trim().strip_prefix('{')?.strip_suffix('}')?;
    let mut tokens = tokens(inside)?.into_iter().peekable();
    let truth = any(&mut tokens, event)?;
    tokens.next().is_none().then_some(truth)
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Sign(&'static str),
    Word(String),
}

type Tokens = std::iter::Peekable<std::vec::IntoIter<Token>>;

const SIGNS: [&str; 6] = ["&&", "||", "!=", "=", "(", ")"];

fn tokens(mut text: &str) -> Option<Vec<Token>> {
    let mut found = Vec::new();
    loop {
        text = text.trim_start();
        if text.is_empty() {
            return Some(found);
        }
        if let Some(sign) = SIGNS.into_iter().find(|sign| text.starts_with(sign)) {
            found.push(Token::Sign(sign));
            text = text.get(sign.len()..)?;
        } else if let Some(quoted) = text.strip_prefix('"') {
            let (word, rest) = quoted.split_once('"')?;
            found.push(Token::Word(word.to_owned()));
            text = rest;
        } else {
            let end = text.find(|at: char| at.is_whitespace() || "&|!=()\"".contains(at)).unwrap_or(text.len());
            let (word, rest) = text.split_at_checked(end).filter(|(word, _)| !word.is_empty())?;
            found.push(Token::Word(word.to_owned()));
            text = rest;
        }
    }
}

fn any(tokens: &mut Tokens, event: &Value) -> Option<bool> {
    let mut truth = all(tokens, event)?;
    while tokens.next_if_eq(&Token::Sign("||")).is_some() {
        truth |= all(tokens, event)?;
    }
    Some(truth)
}

fn all(tokens: &mut Tokens, event: &Value) -> Option<bool> {
    let mut truth = one(tokens, event)?;
    while tokens.next_if_eq(&Token::Sign("&&")).is_some() {
        truth &= one(tokens, event)?;
    }
    Some(truth)
}

fn one(tokens: &mut Tokens, event: &Value) -> Option<bool> {
    if tokens.next_if_eq(&Token::Sign("(")).is_some() {
        let truth = any(tokens, event)?;
        return (tokens.next()? == Token::Sign(")")).then_some(truth);
    }
    let Token::Word(selector) = tokens.next()? else { return None };
    let field = selector.strip_prefix("$.")?.split('.').try_fold(event, |at, name| at.get(name)).filter(|field| !field.is_null());
    match tokens.next()? {
        Token::Sign(sign @ ("=" | "!=")) => {
            let Token::Word(wanted) = tokens.next()? else { return None };
            let equal = field.and_then(Value::as_str).is_some_and(|text| is_like(text, &wanted));
            Some(equal == (sign == "="))
        }
        Token::Word(word) if word == "EXISTS" => Some(field.is_some()),
        Token::Word(word) if word == "NOT" => (tokens.next()? == Token::Word("EXISTS".to_owned())).then_some(field.is_none()),
        _ => None,
    }
}

fn is_like(text: &str, wanted: &str) -> bool {
    let Some((head, tail)) = wanted.split_once('*') else { return text == wanted };
    text.strip_prefix(head).is_some_and(|rest| (0..=rest.len()).any(|at| rest.get(at..).is_some_and(|rest| is_like(rest, tail))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn events_match_by_their_fields() {
        let event = json!({"eventName": "StopLogging", "errorCode": "AccessDeniedException", "userIdentity": {"type": "Root"}});
        for (pattern, wanted) in [
            ("{ $.eventName = StopLogging }", Some(true)),
            ("{($.eventName=CreateTrail)||($.eventName=\"StopLogging\")}", Some(true)),
            ("{ $.userIdentity.type = Root && $.userIdentity.invokedBy NOT EXISTS && $.eventType != AwsServiceEvent }", Some(true)),
            ("{ $.errorCode = *UnauthorizedOperation || $.errorCode = AccessDenied* && $.eventName != StopLogging }", Some(false)),
            ("{ ($.eventName = StopLogging || $.eventName = X) && $.userIdentity.type = IAMUser }", Some(false)),
            ("{ $.eventName EXISTS }", Some(true)),
            ("{ $.eventName = X", None),
            ("{ $.size > 5 }", None),
            ("ERROR", None),
        ] {
            assert_eq!(matches(pattern, &event), wanted, "{pattern}");
        }
    }
}
