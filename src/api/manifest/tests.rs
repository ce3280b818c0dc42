//! What is said of texts that people paste.

use super::read;

const WEB: &str = include_str!("../../../static/examples/web.yaml");
const ZOOKEEPER: &str = include_str!("../../../static/examples/zookeeper.yaml");

fn problems(text: &str) -> Vec<String> {
    let all = read(text).problems;
    let say = |p: &super::Problem| format!("{}: {} ({})", p.place.line, p.message, p.hint);
    all.iter().map(say).collect()
}

#[test]
fn the_examples_are_read_as_they_were_meant() {
    let web = read(WEB);
    assert_eq!(web.problems, []);
    let set = &web.objects[1].tree;
    assert_eq!(set["apiVersion"], "apps/v1");
    assert_eq!(set["spec"]["selector"]["matchLabels"]["app"], "nginx");
    assert_eq!(set["spec"]["updateStrategy"]["type"], "OnDelete");
    let said: Vec<(u32, &str)> =
        web.notices.iter().map(|notice| (notice.place.line, notice.path.as_str())).collect();
    let class = "spec.volumeClaimTemplates[0].metadata.annotations.\
                 volume.alpha.kubernetes.io/storage-class";
    let expected = [(16, "apiVersion"), (20, "spec"), (20, "spec.updateStrategy"), (41, class)];
    assert_eq!(said, expected);
    let zookeeper = read(ZOOKEEPER);
    assert_eq!(zookeeper.problems, []);
    assert_eq!(zookeeper.objects.len(), 4);
    let paths: Vec<&str> = zookeeper.notices.iter().map(|notice| notice.path.as_str()).collect();
    for path in [
        "spec.template.metadata.annotations.pod.alpha.kubernetes.io/initialized",
        "spec.template.metadata.annotations.scheduler.alpha.kubernetes.io/affinity",
        "spec.template.spec.securityContext",
        "spec.template.spec.containers[0].readinessProbe.exec",
    ] {
        assert!(paths.contains(&path), "{path} in {paths:?}");
    }
}

#[test]
fn problems_have_lines_and_hints() {
    let set = |spec: &str| format!("apiVersion: apps/v1\nkind: StatefulSet\nspec:\n{spec}");
    let cases = [
        (
            set("  replica: 3\n"),
            "4: unknown field \"spec.replica\" (did you mean replicas?)".to_string(),
        ),
        (
            set("  replicas: \"3\"\n"),
            "4: json: cannot unmarshal string into Go struct field \
             StatefulSetSpec.spec.replicas of type int32 (write 3 without quotes)"
                .to_string(),
        ),
        (
            "apiVersion: v1\nkind: Pod\nmetadata:\n  labels:\n    a: yes\n".to_string(),
            "5: json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.labels of \
             type string (YAML reads yes as true or false: write \"yes\")"
                .to_string(),
        ),
        (
            "apiVersion: apps/v1\nkind: StatefulSett\n".to_string(),
            "2: no matches for kind \"StatefulSett\" in version \"apps/v1\" (did you mean \
             StatefulSet?)"
                .to_string(),
        ),
        (
            "kind: Service\nmetadata: {}\n".to_string(),
            "1: error validating data: apiVersion not set (every object begins with apiVersion \
             and kind, such as apps/v1 and StatefulSet)"
                .to_string(),
        ),
        (
            "kind:StatefulSet\n".to_string(),
            "1: json: cannot unmarshal string into Go value of type map[string]interface {} (a \
             space is missing after the colon)"
                .to_string(),
        ),
        (
            "# nothing\n".to_string(),
            "1: no objects passed to apply (the text holds no object: an object has apiVersion, \
             kind and metadata)"
                .to_string(),
        ),
        (
            set("  containers: []\n"),
            "4: unknown field \"spec.containers\" (it belongs at \
             spec.template.spec.containers: check the indentation)"
                .to_string(),
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(problems(&text), [expected], "{text}");
    }
}

#[test]
fn lists_and_json_are_objects_too() {
    let text = r#"{"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b"}}
    ]}"#;
    let names: Vec<String> = read(text).objects.iter().map(|m| m.name().to_string()).collect();
    assert_eq!(names, ["a", "b"]);
}

#[test]
fn one_broken_document_does_not_hide_the_others() {
    let text = "a: [\n---\napiVersion: v1\nkind: ConfigMap\n---\nkind: Pod\n";
    let read = read(text);
    let documents: Vec<usize> = read.problems.iter().map(|problem| problem.document).collect();
    assert_eq!((documents, read.objects.len()), (vec![0, 2], 1));
}

/// The first Deployments had other numbers where none were given.
#[test]
fn deployments_of_old_mean_what_they_meant() {
    let text = |version: &str| {
        format!(
            "apiVersion: {version}\nkind: Deployment\nmetadata:\n  name: site\nspec:\n  \
             strategy:\n    rollingUpdate:\n      maxSurge: 2\n  template:\n    metadata:\n      \
             labels:\n        app: site\n    spec:\n      containers:\n      - name: main\n        \
             image: nginx\n"
        )
    };
    let first = read(&text("extensions/v1beta1"));
    assert_eq!(first.problems, []);
    let spec = &first.objects[0].tree["spec"];
    assert_eq!(spec["selector"]["matchLabels"]["app"], "site");
    let rolling = &spec["strategy"]["rollingUpdate"];
    assert_eq!((&rolling["maxSurge"], &rolling["maxUnavailable"]), (&2.into(), &1.into()));
    assert_eq!(spec["progressDeadlineSeconds"], i32::MAX);
    let paths: Vec<&str> = first.notices.iter().map(|notice| notice.path.as_str()).collect();
    assert_eq!(paths, ["apiVersion", "spec", "spec", "spec", "spec.strategy"]);
    let second = read(&text("apps/v1beta1"));
    assert_eq!(second.objects[0].tree["spec"]["revisionHistoryLimit"], 2);
    let third = read(&text("apps/v1beta2"));
    assert!(third.objects[0].tree["spec"].get("selector").is_none());
}

/// The beta of CronJobs meant what they mean today.
#[test]
fn cronjobs_of_old_are_read() {
    let text = "apiVersion: batch/v1beta1\nkind: CronJob\nmetadata:\n  name: nightly\nspec:\n  \
                schedule: '0 2 * * *'\n  jobTemplate:\n    spec:\n      template:\n        \
                spec:\n          restartPolicy: Never\n          containers:\n          \
                - name: main\n            image: busybox\n";
    let read = read(text);
    assert_eq!(read.problems, []);
    assert_eq!(read.objects[0].kind, super::Kind::CronJob);
    let said: Vec<&str> = read.notices.iter().map(|notice| notice.message.as_str()).collect();
    assert_eq!(said, ["batch/v1beta1 is gone since Kubernetes 1.25: it is batch/v1 today"]);
}
