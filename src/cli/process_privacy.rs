//! Protects this process from others of the same user: its memory, its initial environment and core dumps are not readable. All
//! of them hold tokens.

/// Done before anything else; where the system refuses it, the run continues without it.
pub(super) fn forbid_process_inspection() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let maximum = getrlimit(Resource::Core).maximum;
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum });
    }
}
