//! The API server as its clients see it. `UPDATE=1 cargo test --test api` writes the transcripts
//! in `tests/api` anew.

use playground::api::kinds::Kind;
use playground::apiserver::selector::Selector;

/// Compares `text` with `tests/api/<name>.txt`; `UPDATE=1` writes that file instead.
fn is_golden(name: &str, text: &str) {
    let path = format!("{}/tests/api/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, text).expect("the file can be written");
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, golden, "tests/api/{name}.txt; UPDATE=1 writes it anew");
}

#[test]
fn selectors_of_labels() {
    let labels = [("app", "web"), ("tier", "db"), ("n", "7")];
    let mut map = playground::api::meta::Labels::default();
    labels.iter().for_each(|(key, value)| map.set(key, *value));
    let texts = "app=web|app==web|app = web|app!=web|tier=web|no!=x|app|!app|!no|no|app in (web)|\
        app in (db, web)|app notin (web)|no notin (web)|app in (db),tier|n>6|n>7|n<8|n<x|app>1|\
        app=|no=|app in ()|app in (,)|no in (,a)|app in (db,,web)|tier=db,app=web|app=web,|,app|\
        a=b=c|app in web|app in (web|app in (web db)|app in (=)|app in (web,=)|app (web)|app web|\
        =web|(app)|app,,tier|!app=web|!|app=(|app=a b|A_/x=1|a/b/c|app=_x|app in (_x,x_)|\
        in in (in)|notin|in=notin|app===web|  app  ,  tier  ||é|app=é";
    let mut out = String::new();
    for text in texts.split('|') {
        let said = match Selector::of_labels(text) {
            Ok(selector) => selector.matches_labels(&map).to_string(),
            Err(why) => format!("error: {why}"),
        };
        out.push_str(&format!("{text}\n    {said}\n"));
    }
    is_golden("selectors_of_labels", &out);
}

#[test]
fn selectors_of_fields() {
    let mut out = String::new();
    for (kind, text) in [
        (Kind::Pod, "metadata.name=web-0"),
        (Kind::Pod, "spec.nodeName=node-1,status.phase!=Running"),
        (Kind::Pod, "spec.host=node-1"),
        (Kind::Pod, "foo=bar"),
        (Kind::Pod, "status.phase"),
        (Kind::Pod, "status.phase=a=b"),
        (Kind::Pod, r"metadata.name=a\=b\,c\\d"),
        (Kind::Pod, r"metadata.name=a\b"),
        (Kind::Pod, r"metadata.name=a\"),
        (Kind::Pod, "status.phase==Running"),
        (Kind::Pod, "status.phase!==Running"),
        (Kind::Pod, " status.phase=Running"),
        (Kind::Pod, ",,"),
        (Kind::Pod, "=x"),
        (Kind::StatefulSet, "spec.foo=1"),
        (Kind::StatefulSet, "metadata.namespace=default"),
        (Kind::Node, "spec.unschedulable=true"),
        (Kind::Node, "spec.podCIDR=x"),
        (Kind::Event, "involvedObject.kind=Pod,type!=Normal,reason=Killing"),
        (Kind::Service, "spec.type=ClusterIP"),
    ] {
        let said = match Selector::parse(kind, "", text) {
            Ok(_) => "fine".to_string(),
            Err(status) => status.to_string(),
        };
        out.push_str(&format!("{} {text}\n    {said}\n", kind.info().plural));
    }
    is_golden("selectors_of_fields", &out);
}
