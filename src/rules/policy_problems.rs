//! What of a CompliancePolicy is not known or has run out. Each is told with the field, from the top of the object.

use super::catalogue::Catalogue;
use crate::api::compliance_policy::CompliancePolicySpec;
use jiff::Timestamp;

/// A field of a policy, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldProblem {
    /// Names and, in lists, numbers.
    pub field: Vec<String>,
    pub message: String,
}

impl FieldProblem {
    fn new(field: &[&str], message: String) -> Self {
        Self { field: field.iter().map(|part| (*part).to_owned()).collect(), message }
    }

    /// The field as people write it: `spec.rules.include[0]`.
    pub fn path(&self) -> String {
        self.field.iter().fold(String::new(), |path, part| match part.parse::<usize>() {
            Ok(number) => format!("{path}[{number}]"),
            Err(_) if path.is_empty() => part.clone(),
            Err(_) => format!("{path}.{part}"),
        })
    }
}

/// Frameworks and rule ids that this version does not know.
pub fn unknown(spec: &CompliancePolicySpec, catalogue: &Catalogue) -> Vec<FieldProblem> {
    let known = catalogue.frameworks();
    let frameworks = spec.frameworks.iter().enumerate().filter(|(_, name)| !known.contains(name.as_str())).map(|(at, name)| {
        FieldProblem::new(&["spec", "frameworks", &at.to_string()], format!("{}: {}", unknown_framework(name), frameworks(catalogue)))
    });
    let rule = |field: &[&str], id: &str| {
        let message = format!("there is no rule {id}: `trailkeeper explain` lists them");
        catalogue.entry(id).is_none().then(|| FieldProblem::new(field, message))
    };
    let listed = [("include", &spec.rules.include), ("exclude", &spec.rules.exclude)]
        .into_iter()
        .flat_map(|(list, ids)| ids.iter().enumerate().filter_map(move |(at, id)| rule(&["spec", "rules", list, &at.to_string()], id)));
    let severities = spec.severities.keys().filter_map(|id| rule(&["spec", "severities", id], id));
    let exempt = spec.exemptions.iter().enumerate();
    let exempt = exempt.filter_map(|(at, exemption)| rule(&["spec", "exemptions", &at.to_string(), "rule"], &exemption.rule));
    frameworks.chain(listed).chain(severities).chain(exempt).collect()
}

/// Exemptions that hold no more.
pub fn expired(spec: &CompliancePolicySpec, now: Timestamp) -> Vec<FieldProblem> {
    let run_out = spec.exemptions.iter().enumerate().filter(|(_, exemption)| exemption.expires <= now);
    run_out
        .map(|(at, exemption)| {
            let message = format!(
                "the exemption from {} ended at {}: put it right, or have it approved anew ({}, approved by {})",
                exemption.rule, exemption.expires, exemption.reason, exemption.approver
            );
            FieldProblem::new(&["spec", "exemptions", &at.to_string(), "expires"], message)
        })
        .collect()
}

/// That a framework is not known.
pub fn unknown_framework(name: &str) -> String {
    format!("there is no framework {name}")
}

/// The frameworks that there are, in one line.
pub fn frameworks(catalogue: &Catalogue) -> String {
    format!("there are {}", catalogue.frameworks().into_iter().collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_field_with_an_unknown_name_is_told() {
        let spec: CompliancePolicySpec = serde_saphyr::from_str(
            "frameworks: [CIS-AWS-3.0, CIS-AWS-0.1]\nrules: {include: [TK-TRAIL-001, TK-TRAIL-999], exclude: [TK-X-001]}\nseverities: {TK-Y-001: Low}\nexemptions:\n- {rule: TK-Z-001, reason: x, approver: y, expires: '2020-01-01T00:00:00Z'}\n",
        )
        .unwrap();
        let found = unknown(&spec, &Catalogue::builtin().unwrap());
        let paths: Vec<String> = found.iter().map(FieldProblem::path).collect();
        assert_eq!(
            paths,
            ["spec.frameworks[1]", "spec.rules.include[1]", "spec.rules.exclude[0]", "spec.severities.TK-Y-001", "spec.exemptions[0].rule"]
        );
        assert!(found[0].message.starts_with("there is no framework CIS-AWS-0.1: there are "), "{}", found[0].message);
        let now = "2021-01-01T00:00:00Z".parse().unwrap();
        assert_eq!(expired(&spec, now)[0].path(), "spec.exemptions[0].expires");
    }
}
