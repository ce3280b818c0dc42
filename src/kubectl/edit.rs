//! `kubectl edit` and `create --edit`: a text for the editor, and what becomes of it.
//!
//! Not here: `--output-patch`, JSON in the editor.
//!
//! Upstream: staging/src/k8s.io/kubectl/pkg/cmd/util/editor/editoptions.go

use super::apply::{create_tree, last_applied, remember};
use super::cx::{Cx, Failure, Flow, Item, Outcome, Task};
use super::running::Draft;
use super::yaml;
use crate::api::kinds::{Object, ObjectRef};
use crate::api::manifest;
use crate::client::request::{Request, Verb};
use serde_json::Value;

const HEAD: &str = "# Please edit the object below. Lines beginning with a '#' will be ignored,\n\
    # and an empty file will abort the edit. If an error occurs while saving this file will be\n\
    # reopened with the relevant failures.\n#\n";

/// An `edit` under way.
#[derive(Clone, Debug)]
pub struct Editing {
    /// The objects as they are.
    targets: Vec<ObjectRef>,
    /// What the editor shows.
    draft: Draft,
    /// The text without comments as it was.
    before: String,
    /// What came back from the editor.
    pub text: Option<String>,
    /// Whether the text was refused before.
    refused: bool,
}

/// A text without its comments.
fn plain(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    lines.map(|line| format!("{line}\n")).collect()
}

/// `kubectl edit`, and `apply edit-last-applied`.
pub fn edit(cx: &mut Cx<'_, '_>) -> Outcome {
    let words = cx.args.words.clone();
    let items: Vec<Item> = cx.items(&words, true)?;
    let of_memory = cx.name == "apply edit-last-applied";
    let mut trees: Vec<Value> = Vec::new();
    for item in &items {
        let object = cx.find(&item.target)?;
        match of_memory {
            true => trees.extend(last_applied(&object)),
            false => trees.push(object.to_value()),
        }
    }
    if trees.is_empty() {
        return Err(Failure::new(match of_memory {
            true => {
                "no last-applied-configuration annotation found on resources, to create the \
                 annotation, use command `kubectl apply set-last-applied --create-annotation`"
            }
            false => "edit cancelled, no objects found",
        }));
    }
    let name = match &items[..] {
        [one] => format!("{}-{}", one.target.kind.info().plural, one.target.key.name),
        _ => "edit".to_string(),
    };
    Ok(begin(trees, items.into_iter().map(|item| item.target).collect(), &name))
}

/// Begins to edit `trees`, which are the objects `targets` as they are now.
pub fn begin(trees: Vec<Value>, targets: Vec<ObjectRef>, name: &str) -> Task {
    let body = match &trees[..] {
        [one] => yaml::of(one),
        _ => yaml::of(&super::format::list(trees)),
    };
    let name = format!("{name}.yaml");
    let draft = Draft { name: name.as_str().into(), text: format!("{HEAD}{body}").into() };
    Task::Edit(Box::new(Editing { targets, draft, before: body, text: None, refused: false }))
}

impl Editing {
    /// Takes the edited text, or asks for it.
    pub fn poll(&mut self, cx: &mut Cx<'_, '_>) -> Result<Flow, Failure> {
        let Some(text) = self.text.take() else {
            return Ok(Flow::Edit(self.draft.clone()));
        };
        let edited = plain(&text);
        if edited == self.before {
            cx.warn(match self.refused {
                true => "Edit cancelled, no valid changes were saved.",
                false => "Edit cancelled, no changes made.",
            });
            cx.code = i32::from(self.refused);
            return Ok(Flow::Done);
        }
        if edited.trim().is_empty() {
            cx.warn("Edit cancelled, saved file was empty.");
            return Ok(Flow::Done);
        }
        let read = manifest::read_in(&edited, &cx.namespace());
        if let Some(problem) = read.problems.first() {
            let place = problem.place.line;
            let why = format!("line {place}: {}", problem.message);
            return self.again(cx, &text, &why, "The edited file failed validation");
        }
        let mut failed = Vec::new();
        for manifest in read.objects {
            let object = manifest.object();
            let target = object.reference();
            let tree = manifest.tree.clone();
            if cx.name == "create" {
                let item = Item { target, manifest: None, source: self.draft.name.to_string() };
                if let Err(failure) = create_tree(cx, object.kind(), tree, &item) {
                    failed.push(failure.text);
                }
                continue;
            }
            let known = self.targets.contains(&target);
            let name = cx.named(&target);
            if !known {
                failed.push(format!("{}: names and kinds may not be changed", target.key.name));
                continue;
            }
            if cx.name != "edit" {
                let body = remember(&tree);
                match cx.send(&Request::new(Verb::PatchMerge, target.kind, &target.key, body)) {
                    Ok(_) => cx.say(format!("{name} edited")),
                    Err(status) => failed.push(status.message),
                }
                continue;
            }
            let live = cx.store().find(&target).map(Object::to_value);
            if live.as_ref() == Some(&tree) {
                cx.warn("Edit cancelled, no changes made.");
                continue;
            }
            match cx.send(&Request::new(Verb::Update, target.kind, &target.key, tree)) {
                Ok(_) => cx.say(format!("{name} edited")),
                Err(status) => failed.push(status.message),
            }
        }
        if failed.is_empty() {
            return Ok(Flow::Done);
        }
        self.again(cx, &text, &failed.join("\n"), "")
    }

    /// Shows the text once more, with what is wrong on top.
    fn again(
        &mut self,
        cx: &mut Cx<'_, '_>,
        text: &str,
        why: &str,
        what: &str,
    ) -> Result<Flow, Failure> {
        let said = if what.is_empty() { why.to_string() } else { format!("{what}: {why}") };
        cx.warn(format!("error: {said}"));
        let mut head = HEAD.to_string();
        why.lines().for_each(|line| head.push_str(&format!("# {line}\n")));
        head.push_str("#\n");
        self.before = plain(text);
        self.refused = true;
        self.draft.text = format!("{head}{}", self.before).into();
        Ok(Flow::Edit(self.draft.clone()))
    }
}
