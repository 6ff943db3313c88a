//! The options that guards have, made from their table.

use clap::{Arg, ArgMatches, Args, Command, Error, FromArgMatches};

use crate::model::guards::{GUARDS, Guards};

/// A whole number.
pub(crate) fn parse_count(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "write a whole number, 0 or more".to_owned())
}

/// A whole number that is not 0.
pub(super) fn parse_positive<N: std::str::FromStr + Default + PartialEq>(text: &str) -> Result<N, String> {
    let number = text.parse().ok().filter(|number| *number != N::default());
    number.ok_or_else(|| "write a whole number, 1 or more".to_owned())
}

/// The limits that the command line says.
#[derive(Debug, Clone, Copy, Default)]
pub struct GuardArgs(pub Guards);

impl Args for GuardArgs {
    fn augment_args(command: Command) -> Command {
        command.args(GUARDS.iter().map(|guard| {
            let short = guard.help.split_once("\n\n").map_or(guard.help, |(short, _)| short);
            let arg = Arg::new(guard.name).long(guard.option).value_name(guard.unit).value_parser(parse_count);
            arg.help(short).long_help(guard.help)
        }))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for GuardArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let mut given = Self::default();
        given.update_from_arg_matches(matches)?;
        Ok(given)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        for guard in GUARDS {
            *(guard.slot)(&mut self.0) = matches.get_one::<u64>(guard.name).copied();
        }
        Ok(())
    }
}
