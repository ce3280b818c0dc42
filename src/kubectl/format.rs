//! What `-o` asks for, and objects printed that way.
//!
//! Upstream: staging/src/k8s.io/cli-runtime/pkg/genericclioptions/print_flags.go,
//! pkg/printers/{json,yaml,jsonpath,template,name}.go,
//! staging/src/k8s.io/kubectl/pkg/cmd/get/customcolumn.go

use super::cx::{Cx, Failure};
use super::jsonpath::JsonPath;
use super::running::Stream;
use super::template::Template;
use super::value::{go, go_syntax, pretty};
use super::{resource, yaml};
use crate::api::kinds::Object;
use crate::apiserver::managed;
use crate::base::text::{TABLE, Tabs};
use serde_json::{Value, json};

/// How objects are printed.
#[derive(Clone, Debug)]
pub enum Format {
    /// As a table, or as what was done to them.
    Plain,
    /// A table with more columns.
    Wide,
    /// YAML.
    Yaml,
    /// YAML with braces.
    Kyaml,
    /// JSON.
    Json,
    /// `pod/web-0`.
    Name,
    /// A JSONPath, and its text.
    JsonPath(JsonPath, String),
    /// The same, printed as JSON.
    JsonPathAsJson(JsonPath),
    /// A Go template, and its text.
    Template(Template, String),
    /// Columns by heading.
    Columns(Vec<(String, JsonPath)>),
}

const GET: &str = "custom-columns,custom-columns-file,go-template,go-template-file,json,jsonpath,\
    jsonpath-as-json,jsonpath-file,kyaml,name,template,templatefile,wide,yaml";
const OTHERS: &str = "go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,\
    kyaml,name,template,templatefile,yaml";

impl Format {
    /// What the flags of a command ask for.
    pub fn of(cx: &Cx<'_, '_>) -> Result<Format, Failure> {
        let output = cx.args.text("output");
        let (name, inline) = match output.split_once('=') {
            Some((name, inline)) => (name, Some(inline)),
            None => (output, None),
        };
        let template = inline.or(cx.args.get("template")).filter(|text| !text.is_empty());
        let is_get = cx.name == "get";
        match name {
            "" if template.is_some() => return Format::by_template("go-template", template),
            "" => return Ok(Format::Plain),
            "yaml" => return Ok(Format::Yaml),
            "json" => return Ok(Format::Json),
            "name" => return Ok(Format::Name),
            "wide" if is_get => return Ok(Format::Wide),
            "kyaml" => return Ok(Format::Kyaml),
            "custom-columns" | "custom-columns-file" if !is_get => {}
            "jsonpath" | "jsonpath-as-json" | "go-template" | "template" | "custom-columns" => {
                return Format::by_template(name, template);
            }
            "jsonpath-file" | "go-template-file" | "templatefile" | "custom-columns-file" => {
                let Some(path) = template else { return Format::by_template(name, None) };
                let Some(text) = cx.context.files.get(path) else {
                    let text = format!(
                        "error reading template {path}, open {path}: no such file \
                                        or directory"
                    );
                    let hint = resource::no_file(path, cx.context.files).hint;
                    return Err(Failure::new(text).hint(hint));
                };
                if name == "custom-columns-file" {
                    return Format::columns_of_file(text);
                }
                return Format::by_template(name.trim_end_matches("-file"), Some(text));
            }
            _ => {}
        }
        let allowed = if is_get { GET } else { OTHERS };
        let known = crate::api::manifest::hints::nearest(name, allowed.split(','));
        let hint = known.map_or(String::new(), |near| format!("Did you mean -o {near}?"));
        Err(Failure::new(format!(
            "unable to match a printer suitable for the output format {output:?}, allowed formats \
             are: {allowed}"
        ))
        .hint(hint))
    }

    fn by_template(name: &str, text: Option<&str>) -> Result<Format, Failure> {
        let Some(text) = text else {
            return Err(Failure::new(match name {
                "custom-columns" => "custom-columns format specified but no custom columns given",
                _ => "template format specified but no template given",
            }));
        };
        match name {
            "jsonpath" | "jsonpath-as-json" => {
                let path = JsonPath::parse(text).map_err(|why| {
                    Failure::new(format!("error parsing jsonpath {text}, {why}\n"))
                })?;
                Ok(match name {
                    "jsonpath" => Format::JsonPath(path, text.to_string()),
                    _ => Format::JsonPathAsJson(path),
                })
            }
            "custom-columns" => {
                let column = |spec: &str| {
                    let Some((head, path)) = spec.split_once(':') else {
                        return Err(Failure::new(format!(
                            "unexpected custom-columns spec: {spec}, expected \
                             <header>:<json-path-expr>"
                        )));
                    };
                    let path = JsonPath::relaxed(path).map_err(Failure::new)?;
                    Ok((head.to_string(), path))
                };
                text.split(',').map(column).collect::<Result<Vec<_>, _>>().map(Format::Columns)
            }
            _ => {
                let template = Template::parse(text).map_err(|why| {
                    Failure::new(format!("error parsing template {text}, {why}\n"))
                })?;
                Ok(Format::Template(template, text.to_string()))
            }
        }
    }

    fn columns_of_file(text: &str) -> Result<Format, Failure> {
        let mut lines = text.lines().map(|line| line.split_whitespace());
        let (Some(heads), Some(paths)) = (lines.next(), lines.next()) else {
            return Err(Failure::new("expected two lines: headers and paths"));
        };
        let pairs: Vec<String> = heads.zip(paths).map(|(h, p)| format!("{h}:{p}")).collect();
        Format::by_template("custom-columns", Some(&pairs.join(",")))
    }

    /// Whether tables are wanted, or the words of a command.
    pub fn is_plain(&self) -> bool {
        matches!(self, Format::Plain | Format::Wide)
    }
}

/// Several objects as one.
pub fn list(items: Vec<Value>) -> Value {
    json!({
        "apiVersion": "v1", "items": items, "kind": "List",
        "metadata": {"resourceVersion": ""},
    })
}

impl Cx<'_, '_> {
    /// An object as it is printed: YAML and JSON leave out the field managers, unless they are
    /// asked for.
    pub fn tree(&self, format: &Format, object: &Object) -> Value {
        let short = matches!(format, Format::Yaml | Format::Kyaml | Format::Json);
        match short && !self.args.is_set("show-managed-fields") {
            true => object.to_value(),
            false => managed::to_value(object),
        }
    }

    /// Prints `objects` in any format but tables: one alone, or with `many` as a list.
    pub fn print(
        &mut self,
        format: &Format,
        objects: &[Object],
        many: bool,
    ) -> Result<(), Failure> {
        match format {
            Format::Name => {
                for object in objects {
                    let line = self.named(&object.reference());
                    self.say(line);
                }
                return Ok(());
            }
            Format::Columns(columns) => {
                let text = self.custom(columns, objects, &mut TABLE.clone());
                self.write(Stream::Out, &text);
                return Ok(());
            }
            _ => {}
        }
        let trees: Vec<Value> = objects.iter().map(|object| self.tree(format, object)).collect();
        if many {
            return self.print_tree(format, &list(trees));
        }
        trees.iter().try_for_each(|tree| self.print_tree(format, tree))
    }

    /// Prints a tree in any format that takes one.
    pub fn print_tree(&mut self, format: &Format, tree: &Value) -> Result<(), Failure> {
        let strict = self.args.get("allow-missing-template-keys") == Some("false");
        let text = match format {
            Format::Kyaml => yaml::kyaml(tree),
            Format::Json => {
                let mut text = String::new();
                pretty(tree, 0, &mut text);
                text + "\n"
            }
            Format::JsonPath(path, text) => path.print(tree, strict).map_err(|why| {
                Failure::new(format!(
                    "error executing jsonpath {text:?}: Error executing template: {why}. Printing \
                     more information for debugging the template:\n\ttemplate was:\n\t\t{text}\n\t\
                     object given to jsonpath engine was:\n\t\t{}\n\n",
                    go_syntax(tree)
                ))
            })?,
            Format::JsonPathAsJson(path) => {
                let found = path.find(tree, strict).map_err(Failure::new)?;
                let mut text = String::new();
                pretty(&Value::Array(found.into_iter().flatten().collect()), 0, &mut text);
                text + "\n"
            }
            Format::Template(template, text) => {
                let (out, done) = template.print(tree, strict);
                self.write(Stream::Out, &out);
                let Err(why) = done else { return Ok(()) };
                self.write(
                    Stream::Out,
                    &format!(
                        "Error executing template: {why}. Printing more information for debugging \
                         the template:\n\ttemplate was:\n\t\t{text}\n\traw data was:\n\t\t{}\n\t\
                         object given to template engine was:\n\t\t{}\n\n",
                        crate::api::apps::go_json(tree),
                        go(tree, true)
                    ),
                );
                return Err(Failure::new(format!("error executing template {text:?}: {why}")));
            }
            _ => {
                let mark = if self.printed > 0 { "---\n" } else { "" };
                format!("{mark}{}", yaml::of(tree))
            }
        };
        self.printed += 1;
        self.write(Stream::Out, &text);
        Ok(())
    }

    /// A table of columns that the user chose.
    pub fn custom(
        &self,
        columns: &[(String, JsonPath)],
        objects: &[Object],
        tabs: &mut Tabs,
    ) -> String {
        let mut text = String::new();
        if !self.args.is_set("no-headers") {
            let heads: Vec<&str> = columns.iter().map(|(head, _)| &**head).collect();
            text.push_str(&(heads.join("\t") + "\n"));
        }
        for object in objects {
            let tree = managed::to_value(object);
            let cell = |(_, path): &(String, JsonPath)| {
                let found = path.find(&tree, false).unwrap_or_default();
                if found.first().is_none_or(Vec::is_empty) {
                    return "<none>".to_string();
                }
                let values = found.iter().flatten().map(|value| go(value, false));
                values.collect::<Vec<String>>().join(",")
            };
            let cells: Vec<String> = columns.iter().map(cell).collect();
            text.push_str(&(cells.join("\t") + "\n"));
        }
        tabs.layout(&text)
    }
}
