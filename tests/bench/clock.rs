//! CPU time of this process: what other processes do meanwhile does not count.
//! Not here: the wasm side, where run.mjs asks node.
#![allow(unsafe_code)]
#![allow(clippy::disallowed_types, clippy::disallowed_methods)] // it measures real time

use std::sync::OnceLock;
use std::time::Instant;

#[cfg(all(target_pointer_width = "64", any(target_os = "linux", target_os = "macos")))]
mod posix {
    #[cfg(target_os = "linux")]
    const PROCESS_CPUTIME: i32 = 2;
    #[cfg(target_os = "macos")]
    const PROCESS_CPUTIME: i32 = 12;

    #[repr(C)]
    struct Timespec {
        seconds: i64,
        nanos: i64,
    }

    unsafe extern "C" {
        fn clock_gettime(clock: i32, out: *mut Timespec) -> i32;
    }

    pub fn cpu_ns() -> Option<u64> {
        let mut out = Timespec { seconds: 0, nanos: 0 };
        // SAFETY: `out` has the layout of a 64-bit timespec and lives through the call.
        let code = unsafe { clock_gettime(PROCESS_CPUTIME, &mut out) };
        (code == 0).then(|| (out.seconds * 1_000_000_000 + out.nanos) as u64)
    }
}

#[cfg(not(all(target_pointer_width = "64", any(target_os = "linux", target_os = "macos"))))]
mod posix {
    pub fn cpu_ns() -> Option<u64> {
        None
    }
}

/// Nanoseconds of CPU time used so far; elapsed time where the system does not tell.
pub fn cpu_ns() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    let start = START.get_or_init(Instant::now);
    posix::cpu_ns().unwrap_or_else(|| start.elapsed().as_nanos() as u64)
}
