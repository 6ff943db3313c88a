//! The two messages of an SSH agent that are needed: list the keys, and sign. See the protocol's draft,
//! draft-ietf-sshm-ssh-agent.

use std::io::{Read, Write};

use ssh_key::Signature;

use super::{PublicKey, SignatureNamespace, armor_signature, signed_envelope};

const FAILURE: u8 = 5;
const REQUEST_IDENTITIES: u8 = 11;
const IDENTITIES: u8 = 12;
const SIGN_REQUEST: u8 = 13;
const SIGN_RESPONSE: u8 = 14;

/// For an RSA key: the hash that is not broken.
const RSA_SHA2_512: u32 = 4;

/// Largest answer that is read, as OpenSSH has it.
const MOST_BYTES: u32 = 256 * 1024;

/// What went wrong with an agent.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// It does not exist, or closed the connection.
    #[error("the agent does not answer ({0})")]
    Io(#[from] std::io::Error),
    /// It refused.
    #[error("the agent refused to sign: it is locked, or its owner declined")]
    Refused,
    /// It does not hold the key.
    #[error("the agent does not hold the key {0}")]
    Unknown(String),
    /// Its answer violates the protocol, or is not a signature of the requested bytes.
    #[error("the agent returned an unusable signature ({0})")]
    Odd(String),
}

/// An agent at the other end of a stream.
#[derive(Debug)]
pub struct SshAgent<S> {
    stream: S,
}

impl<S: Read + Write> SshAgent<S> {
    /// Talks to the agent behind a stream.
    pub fn from_stream(stream: S) -> Self {
        Self { stream }
    }

    /// Whether it holds a key.
    pub fn has_key(&mut self, key: &PublicKey) -> Result<bool, AgentError> {
        let wanted = key_blob(key)?;
        let answer = self.request(&[REQUEST_IDENTITIES])?;
        let mut rest = expect_answer(&answer, IDENTITIES)?;
        let count = take_u32(&mut rest)?;
        for _ in 0..count {
            let known = take_string(&mut rest)?;
            let _comment = take_string(&mut rest)?;
            if known == wanted {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Signs bytes for something with one of its keys.
    pub fn sign_with(&mut self, key: &PublicKey, namespace: SignatureNamespace, bytes: &[u8]) -> Result<String, AgentError> {
        let mut request = vec![SIGN_REQUEST];
        put_string(&mut request, &key_blob(key)?)?;
        put_string(&mut request, &signed_envelope(namespace, bytes).map_err(AgentError::Odd)?)?;
        request.extend_from_slice(&RSA_SHA2_512.to_be_bytes());
        let answer = self.request(&request)?;
        let mut rest = expect_answer(&answer, SIGN_RESPONSE)?;
        let signature = Signature::try_from(take_string(&mut rest)?);
        let signature = signature.map_err(|error| AgentError::Odd(error.to_string()))?;
        armor_signature(key.key_data(), namespace, bytes, signature).map_err(AgentError::Odd)
    }

    fn request(&mut self, message: &[u8]) -> Result<Vec<u8>, AgentError> {
        let mut framed = Vec::with_capacity(message.len() + 4);
        put_string(&mut framed, message)?;
        self.stream.write_all(&framed)?;
        self.stream.flush()?;
        let mut length = [0; 4];
        self.stream.read_exact(&mut length)?;
        let length = u32::from_be_bytes(length);
        if length == 0 || length > MOST_BYTES {
            return Err(AgentError::Odd(format!("an answer of {length} bytes")));
        }
        let mut answer = vec![0; length as usize];
        self.stream.read_exact(&mut answer)?;
        Ok(answer)
    }
}

fn key_blob(key: &PublicKey) -> Result<Vec<u8>, AgentError> {
    ssh_key::PublicKey::new(key.key_data().clone(), "").to_bytes().map_err(|error| AgentError::Odd(error.to_string()))
}

fn put_string(to: &mut Vec<u8>, bytes: &[u8]) -> Result<(), AgentError> {
    let length = u32::try_from(bytes.len()).map_err(|_| AgentError::Odd("too long".to_owned()))?;
    to.extend_from_slice(&length.to_be_bytes());
    to.extend_from_slice(bytes);
    Ok(())
}

/// The rest of an answer of this type.
fn expect_answer(answer: &[u8], sort: u8) -> Result<&[u8], AgentError> {
    match answer.split_first() {
        Some((is, rest)) if *is == sort => Ok(rest),
        Some((&FAILURE, _)) => Err(AgentError::Refused),
        other => Err(AgentError::Odd(format!("message {}", other.map_or(0, |(is, _)| *is)))),
    }
}

fn take_u32(rest: &mut &[u8]) -> Result<u32, AgentError> {
    let (first, after) = rest.split_first_chunk().ok_or_else(truncated_answer)?;
    *rest = after;
    Ok(u32::from_be_bytes(*first))
}

fn take_string<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], AgentError> {
    let length = take_u32(rest)? as usize;
    let (text, after) = rest.split_at_checked(length).ok_or_else(truncated_answer)?;
    *rest = after;
    Ok(text)
}

fn truncated_answer() -> AgentError {
    AgentError::Odd("its answer is cut off".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::value::Secret;
    use crate::signature::StoredKey;

    /// Answers with these bytes, whatever is asked.
    struct Said(std::io::Cursor<Vec<u8>>);

    impl Read for Said {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            self.0.read(into)
        }
    }

    impl Write for Said {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn key() -> PublicKey {
        let text = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFmpkcxB9GmCVOTDuLZLYp7I5s0LPdXPKSoKBlqDDdFm";
        match StoredKey::read(&Secret::from_exact(text)) {
            Ok(StoredKey::Public(key)) => key,
            other => panic!("{other:?}"),
        }
    }

    fn asked(answer: &[u8]) -> (Result<bool, AgentError>, Result<String, AgentError>) {
        let agent = || SshAgent::from_stream(Said(std::io::Cursor::new(answer.to_vec())));
        (agent().has_key(&key()), agent().sign_with(&key(), SignatureNamespace::Plan, b"bytes"))
    }

    #[test]
    fn an_agent_that_says_anything_gets_no_signature_accepted() {
        let ed25519 = [b"\0\0\0\x0bssh-ed25519\0\0\0\x40".as_slice(), &[7; 64]].concat();
        let mut wrong = vec![SIGN_RESPONSE];
        put_string(&mut wrong, &ed25519).expect("short");
        let mut framed = Vec::new();
        put_string(&mut framed, &wrong).expect("short");
        let answers: [&[u8]; 7] = [
            b"",
            b"\0\0\0\0",
            b"\xff\xff\xff\xff",
            b"\0\0\0\x01\x05",
            b"\0\0\0\x05\x0c\xff\xff\xff\xff",
            b"\0\0\0\x09\x0e\0\0\0\x04\0\0\0\0",
            &framed,
        ];
        for answer in answers {
            let (holds, signed) = asked(answer);
            assert!(!matches!(holds, Ok(true)), "{answer:?}");
            assert!(signed.is_err(), "{answer:?}");
        }
        assert!(matches!(asked(b"\0\0\0\x01\x05").1, Err(AgentError::Refused)));
        assert!(matches!(asked(b"\0\0\0\x05\x0c\0\0\0\0").0, Ok(false)), "it holds nothing");
    }
}
