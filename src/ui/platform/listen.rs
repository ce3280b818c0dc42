//! Keys pressed anywhere on the page, and the page's leaving.
//!
//! Not here: what a key means.

use web_sys::wasm_bindgen::JsCast;
use web_sys::wasm_bindgen::closure::Closure;
use web_sys::{Element, KeyboardEvent};

/// A listener that is gone when it is dropped.
pub struct Listener {
    name: &'static str,
    call: Closure<dyn FnMut(web_sys::Event)>,
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Some(window) = web_sys::window() {
            let call = self.call.as_ref().unchecked_ref();
            let _ = window.remove_event_listener_with_callback(self.name, call);
        }
    }
}

impl Listener {
    /// Calls `each` for every event `name` that reaches the window.
    fn new(name: &'static str, each: impl FnMut(web_sys::Event) + 'static) -> Listener {
        let call = Closure::<dyn FnMut(web_sys::Event)>::new(each);
        if let Some(window) = web_sys::window() {
            let _ = window.add_event_listener_with_callback(name, call.as_ref().unchecked_ref());
        }
        Listener { name, call }
    }

    /// Calls `each` with every single key that no form field and no button wants; it says whether
    /// the key meant something.
    pub fn keys(each: impl Fn(&str) -> bool + 'static) -> Listener {
        Listener::new("keydown", move |event| {
            let Some(event) = event.dyn_ref::<KeyboardEvent>() else { return };
            let command = event.ctrl_key() || event.meta_key();
            if command && !event.alt_key() && &*event.key() == "s" {
                event.prevent_default();
                each("Ctrl+s");
                return;
            }
            if command
                || event.alt_key()
                || event.is_composing()
                || wants(event)
                || event.default_prevented()
            {
                return;
            }
            if each(&event.key()) {
                event.prevent_default();
            }
        })
    }

    /// Calls `each` when the page is left or hidden.
    pub fn leaving(each: impl Fn() + 'static) -> Listener {
        Listener::new("pagehide", move |_| each())
    }
}

/// Whether the element that has the focus has a use for the key itself.
fn wants(event: &KeyboardEvent) -> bool {
    let Some(element) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) else {
        return false;
    };
    let typing = matches!(&*element.tag_name(), "TEXTAREA" | "INPUT" | "SELECT");
    let pressing = matches!(&*event.key(), " " | "Enter") && &*element.tag_name() == "BUTTON";
    typing || pressing
}
