fn main() {
    for crd in trailkeeper::api::crds::all() {
        println!("---\n{}", serde_saphyr::to_string(&crd).unwrap_or_default());
    }
}
