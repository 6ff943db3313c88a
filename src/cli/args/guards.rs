//! The options that guards have, made from their table.

use clap::{Arg, ArgMatches, Args, Command, Error, FromArgMatches, value_parser};

use crate::model::guards::{GUARDS, Guards};

/// The limits that the command line says.
#[derive(Debug, Clone, Copy, Default)]
pub struct GuardArgs(pub Guards);

impl Args for GuardArgs {
    fn augment_args(command: Command) -> Command {
        command.args(GUARDS.iter().map(|guard| {
            let short = guard.help.split_once("\n\n").map_or(guard.help, |(short, _)| short);
            let arg = Arg::new(guard.name).long(guard.option).value_name(guard.unit).value_parser(value_parser!(u64));
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
