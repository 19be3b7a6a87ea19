//! The apps against the organisation's rules: denied, allowed, required, new enough.

use std::collections::{BTreeMap, BTreeSet};

use super::version::Version;
use super::{about, counted, found, name, one_per_app};
use crate::model::{
    AppId, AppRecord, AppRules, AppSource, CheckId, CheckOutcome, Detection, Inventory, Judgement,
    MinimumApp, Verdict,
};

/// Judges the apps by `rules`.
///
/// In an inventory of which a part is not shown, and in one that tells no identifiers, no app is known to be missing.
pub fn judge_rules(inventory: &Inventory, rules: &AppRules) -> CheckOutcome {
    const CHECK: CheckId = CheckId::AppRules;
    if !has_rules(rules) {
        return CheckOutcome::clean(CHECK, "the organisation has no rules for apps");
    }
    let mut installed: BTreeMap<&AppId, Vec<&AppRecord>> = BTreeMap::new();
    for app in &inventory.apps {
        if let Some(id) = &app.id {
            installed.entry(id).or_default().push(app);
        }
    }
    let is_whole = inventory.incomplete.is_none() && (inventory.apps.is_empty() || !installed.is_empty());

    let mut judgements = denied(&installed, rules);
    judgements.extend(not_allowed(inventory, rules));
    judgements.extend(
        rules.required.iter().filter(|id| !installed.contains_key(id)).map(|id| missing(id, is_whole)),
    );
    for minimum in &rules.minimum_versions {
        let apps = installed.get(&minimum.id).into_iter().flatten();
        judgements.extend(apps.filter_map(|app| judge_version(app, minimum)));
    }
    let judgements = one_per_app(judgements);
    let summary = match found(&judgements) {
        0 => "the apps keep the organisation's rules".to_owned(),
        count => format!("{} against the organisation's rules", counted(count, "app")),
    };
    CheckOutcome::judged(CHECK, summary, judgements)
}

fn has_rules(rules: &AppRules) -> bool {
    let AppRules { denied, allowed, required, minimum_versions, .. } = rules;
    !denied.is_empty() || allowed.is_some() || !required.is_empty() || !minimum_versions.is_empty()
}

fn denied(installed: &BTreeMap<&AppId, Vec<&AppRecord>>, rules: &AppRules) -> Vec<Judgement> {
    let mut judgements = Vec::new();
    for rule in &rules.denied {
        let why = rule.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        for app in installed.get(&rule.id).into_iter().flatten() {
            let reason = format!("the organisation does not want {} installed{why}", name(app));
            judgements
                .push(about(app, Detection::DeniedApp, Verdict::Confirmed, reason).with("rule", "denied"));
        }
    }
    judgements
}

fn not_allowed(inventory: &Inventory, rules: &AppRules) -> Vec<Judgement> {
    let Some(allowed) = &rules.allowed else { return Vec::new() };
    let allowed: BTreeSet<_> = allowed.iter().chain(&rules.required).collect();
    let judge = |app: &AppRecord| {
        let (verdict, reason) = match &app.id {
            Some(id) if allowed.contains(id) => return None,
            Some(_) => (
                Verdict::Confirmed,
                format!("{} is not among the apps that the organisation allows", name(app)),
            ),
            None => (
                Verdict::Inconclusive,
                format!("{} has no identifier, so no rule can be applied to it", name(app)),
            ),
        };
        Some(about(app, Detection::DeniedApp, verdict, reason).with("rule", "allowed"))
    };
    inventory.apps.iter().filter(|app| app.system != Some(true)).filter_map(judge).collect()
}

fn missing(id: &AppId, is_whole: bool) -> Judgement {
    let (verdict, reason) = if is_whole {
        (Verdict::Confirmed, format!("the organisation requires {id}, which is not installed"))
    } else {
        let reason =
            format!("the organisation requires {id}; the list of apps is not whole, so it may be installed");
        (Verdict::Inconclusive, reason)
    };
    Judgement::new(Detection::RequiredAppMissing, verdict).about(id.as_str()).because(reason)
}

fn judge_version(app: &AppRecord, minimum: &MinimumApp) -> Option<Judgement> {
    let installed = comparable_version(app, minimum);
    let judge = |verdict, reason| {
        Some(
            about(app, Detection::AppBelowMinimum, verdict, reason).with("minimum_version", &minimum.version),
        )
    };
    let Some(wanted) = Version::parse(&minimum.version) else {
        let reason =
            format!("the rule for {} asks for a version that is no number: {}", minimum.id, minimum.version);
        return judge(Verdict::Inconclusive, reason);
    };
    match installed.map(|text| (text, Version::parse(text))) {
        Some((_, Some(version))) if version >= wanted => None,
        Some((text, Some(_))) => judge(
            Verdict::Confirmed,
            format!("{} is version {text}; the organisation wants {} or later", name(app), minimum.version),
        ),
        Some((text, None)) => judge(
            Verdict::Inconclusive,
            format!("{} is version {text}, which cannot be compared with {}", name(app), minimum.version),
        ),
        None => judge(
            Verdict::Inconclusive,
            format!("{} does not tell the version that {} is compared with", name(app), minimum.version),
        ),
    }
}

/// Android's `longVersionCode` is one number, and only it compares with one; all else is the version that people see.
fn comparable_version<'a>(app: &'a AppRecord, minimum: &MinimumApp) -> Option<&'a str> {
    let has_codes = !matches!(app.source, AppSource::AppleMdm | AppSource::Dpkg | AppSource::MicrosoftGraph);
    let wants_code = !minimum.version.contains('.');
    let version = match (has_codes, wants_code) {
        (true, true) => app.version.as_ref(),
        (true, false) => app.short_version.as_ref(),
        (false, _) => app.short_version.as_ref().or(app.version.as_ref()),
    };
    version.map(String::as_str)
}
