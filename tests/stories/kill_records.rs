//! Where a setup of the kill points keeps ledger and journal: saved once, restored before each kill.

use std::fs;
use std::path::PathBuf;

use crate::bench::Story;

pub(crate) trait Records {
    /// The story that keeps its records here.
    fn used_by(&mut self, story: Story) -> Story;
    /// Remembers them as they are now.
    fn keep(&mut self, story: &Story);
    /// Restores them.
    fn put_back(&self, story: &Story);
    /// Deals with the lock that a killed run left.
    fn free_the_lock(&mut self, story: &Story);
    fn ledger(&self, story: &Story) -> String;
    fn journal(&self, story: &Story) -> Vec<u8>;
}

/// Beside the configuration. Its lock belongs to the process and ends with it.
#[derive(Default)]
pub(crate) struct Files {
    kept: Vec<(PathBuf, Vec<u8>)>,
}

impl Records for Files {
    fn used_by(&mut self, story: Story) -> Story {
        story
    }

    fn keep(&mut self, story: &Story) {
        self.kept = [".telform/.gitignore", ".telform/ledger.json", ".telform/ledger.key", ".telform/ledger.journal"]
            .iter()
            .map(|name| story.path(name))
            .filter(|path| path.exists())
            .map(|path| (path.clone(), fs::read(path).unwrap()))
            .collect();
    }

    fn put_back(&self, story: &Story) {
        let folder = story.path(".telform");
        fs::remove_dir_all(&folder).unwrap();
        fs::create_dir(&folder).unwrap();
        for (path, bytes) in &self.kept {
            fs::write(path, bytes).unwrap();
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
        }
    }

    fn free_the_lock(&mut self, _: &Story) {}

    fn ledger(&self, story: &Story) -> String {
        story.read(".telform/ledger.json")
    }

    fn journal(&self, story: &Story) -> Vec<u8> {
        fs::read(story.path(".telform/ledger.journal")).unwrap()
    }
}
