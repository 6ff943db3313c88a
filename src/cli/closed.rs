//! Closes this process to others of the same user: neither its memory, nor the environment it was started with, nor a core dump
//! of it is there to be read. All of them hold tokens.

/// Done before anything else; a system that refuses it goes on without.
pub(super) fn close() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let maximum = getrlimit(Resource::Core).maximum;
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum });
    }
}
