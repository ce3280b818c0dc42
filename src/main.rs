//! The browser entry: mounts the app. Everything else lives in the library.

fn main() {
    playground::ui::start();
}
