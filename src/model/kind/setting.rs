//! Settings that only accounts of one service have: how the YAML writes them, what they mean, where requests carry them.

/// One setting of an account, as data.
#[derive(Debug)]
pub struct AccountSetting {
    /// Its key in the YAML.
    pub name: &'static str,
    /// What the YAML may say.
    pub ty: SettingType,
    /// What the core does with it; none where it is only sent, or read in the service's own folder.
    pub role: Option<SettingRole>,
    /// What an account without it lacks, for people; none where it may be left out.
    pub required: Option<&'static str>,
    /// Where every request of the account carries it.
    pub sent: Option<SentIn>,
    /// Values to show to people who have none yet.
    pub examples: &'static [&'static str],
    /// One sentence for editors and for the file that `init` writes.
    pub doc: &'static str,
}

/// What the YAML may say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingType {
    /// Visible ASCII characters without spaces, so that any part of a request can hold it.
    Text,
    /// A list of such texts, each once.
    Texts,
    /// One of these numbers; a generation may also be `auto`, which is the same as no such line.
    Choice(&'static [u32]),
    /// `true` or `false`; `false` is the same as no such line.
    Switch,
    /// This word and no other.
    Word(&'static str),
    /// An empty text or null, each of which means something.
    EmptyOrNull,
}

/// What the core does with a setting, whatever its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingRole {
    /// Whose objects the account holds. With service and address it identifies the account.
    Organization,
    /// The product that is read first, and that every request carries.
    Product,
    /// Further products that are read.
    Products,
    /// The switch which says that those are all products of the organization.
    AllProducts,
    /// The generation of the service that must answer.
    Generation,
    /// The switch which says that a generation that cannot disconnect numbers can nevertheless.
    Disconnect,
    /// The switch for a DELETE that the service does not document.
    UndocumentedDelete,
    /// What takes a member off its target.
    Detach,
}

/// The part of a request that carries a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SentIn {
    /// The header of this name, in small letters.
    Header(&'static str),
    /// The query argument of this name.
    Query(&'static str),
    /// One part of the path, after the base URL; several stand in the order of the table.
    Path,
}

impl SettingRole {
    /// All roles.
    pub const ALL: [Self; 8] = [
        Self::Organization,
        Self::Product,
        Self::Products,
        Self::AllProducts,
        Self::Generation,
        Self::Disconnect,
        Self::UndocumentedDelete,
        Self::Detach,
    ];

    /// The word for it in codes, and in texts that name the setting.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::Product => "product",
            Self::Products => "products",
            Self::AllProducts => "all products",
            Self::Generation => "generation",
            Self::Disconnect => "disconnect",
            Self::UndocumentedDelete => "undocumented delete",
            Self::Detach => "detach",
        }
    }
}

impl AccountSetting {
    /// A setting that may be left out and that only its service's folder reads; the builders below say what differs.
    pub const fn new(name: &'static str, ty: SettingType) -> Self {
        Self { name, ty, role: None, required: None, sent: None, examples: &[], doc: "" }
    }

    /// What the core does with it.
    pub const fn role(mut self, role: SettingRole) -> Self {
        self.role = Some(role);
        self
    }

    /// No account goes without it; what it is, for people.
    pub const fn required(mut self, what: &'static str) -> Self {
        self.required = Some(what);
        self
    }

    /// Where every request carries it. Part of the path is only one value that is always there.
    pub const fn sent(mut self, place: SentIn) -> Self {
        let one = matches!(self.ty, SettingType::Text | SettingType::Choice(_)) && self.required.is_some();
        assert!(one || !matches!(place, SentIn::Path), "part of the path is one required value");
        if let SentIn::Header(name) = place {
            let (mut at, name) = (0, name.as_bytes());
            while at < name.len() {
                assert!(matches!(name[at], b'a'..=b'z' | b'0'..=b'9' | b'-'), "a header has small letters, digits and `-`");
                at += 1;
            }
        }
        self.sent = Some(place);
        self
    }

    /// Values to show.
    pub const fn examples(mut self, examples: &'static [&'static str]) -> Self {
        self.examples = examples;
        self
    }

    /// One sentence about it.
    pub const fn doc(mut self, doc: &'static str) -> Self {
        self.doc = doc;
        self
    }

    /// Whether it opens something that is otherwise refused: most accounts never need it.
    pub const fn is_switch(&self) -> bool {
        matches!(self.ty, SettingType::Switch | SettingType::Word(_) | SettingType::EmptyOrNull)
    }

    /// The line that turns it on, where it is a switch.
    pub fn line(&self) -> String {
        let word = match self.ty {
            SettingType::Word(word) => word,
            SettingType::EmptyOrNull => "null",
            _ => "true",
        };
        format!("{}: {word}", self.name)
    }

    /// The word that leaves the choice to telform, where that is possible.
    pub fn auto(&self) -> Option<&'static str> {
        (self.role == Some(SettingRole::Generation)).then_some("auto")
    }
}
