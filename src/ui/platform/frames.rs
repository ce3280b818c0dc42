//! The browser's rhythm: a call for each picture it draws, with the time that passed.
//!
//! A hidden page draws no pictures, so time stands there.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use web_sys::wasm_bindgen::JsCast;
use web_sys::wasm_bindgen::closure::Closure;

type Step = Closure<dyn FnMut(f64)>;

/// Calls until it is dropped.
pub struct Frames {
    on: Rc<Cell<bool>>,
}

impl Drop for Frames {
    fn drop(&mut self) {
        self.on.set(false);
    }
}

impl Frames {
    /// Calls `each` for every picture with the milliseconds since the one before.
    pub fn start(each: impl Fn(u64) + 'static) -> Frames {
        let on = Rc::new(Cell::new(true));
        let step: Rc<RefCell<Option<Step>>> = Rc::default();
        let (going, again, mut before) = (on.clone(), step.clone(), None::<f64>);
        let closure: Step = Closure::new(move |now: f64| {
            if !going.get() {
                // The last call: nobody holds the closure but itself.
                let last = again.borrow_mut().take();
                return drop_later(last);
            }
            let passed = before.map_or(16.0, |before| (now - before).max(0.0));
            before = Some(now);
            each(passed as u64);
            request(again.borrow().as_ref());
        });
        request(Some(&closure));
        *step.borrow_mut() = Some(closure);
        Frames { on }
    }
}

/// A closure must not be freed while it runs.
fn drop_later(step: Option<Step>) {
    let done = Closure::once_into_js(move || drop(step));
    if let (Some(window), Some(done)) = (web_sys::window(), done.dyn_ref()) {
        let _ = window.set_timeout_with_callback(done);
    }
}

fn request(step: Option<&Step>) {
    if let (Some(window), Some(step)) = (web_sys::window(), step) {
        let _ = window.request_animation_frame(step.as_ref().unchecked_ref());
    }
}
