//! A file's bytes as UTF-8: as they are, or converted from the encoding that the source declares.
//! A byte that means nothing there is an error, not a question mark.

use std::io::{self, Read};

use encoding_rs::{Decoder, DecoderResult};

use super::dialect::TextEncoding;

/// Bytes read from the disk at once.
const BLOCK: usize = 1 << 16;

/// Converts on the way.
pub(super) struct Transcoded<R> {
    inner: R,
    decoder: Decoder,
    name: &'static str,
    block: Box<[u8]>,
    start: usize,
    end: usize,
    at_end: bool,
    done: bool,
}

impl<R: Read> Transcoded<R> {
    pub(super) fn new(inner: R, encoding: TextEncoding) -> Self {
        let decoder = match encoding.by_mark {
            true => encoding.encoding.new_decoder(),
            false => encoding.encoding.new_decoder_with_bom_removal(),
        };
        let block = vec![0; BLOCK].into_boxed_slice();
        let name = encoding.encoding.name();
        Self { inner, decoder, name, block, start: 0, end: 0, at_end: false, done: false }
    }
}

impl<R: Read> Read for Transcoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.done {
                return Ok(0);
            }
            if self.start == self.end && !self.at_end {
                (self.start, self.end) = (0, self.inner.read(&mut self.block)?);
                self.at_end = self.end == 0;
            }
            let block = &self.block[self.start..self.end];
            let (result, read, written) = self.decoder.decode_to_utf8_without_replacement(block, buffer, self.at_end);
            self.start += read;
            match result {
                DecoderResult::Malformed(..) => {
                    let message = format!("the bytes are not {}; set the source's `encoding`", self.name);
                    return Err(io::Error::new(io::ErrorKind::InvalidData, message));
                }
                DecoderResult::InputEmpty => self.done = self.at_end,
                DecoderResult::OutputFull => {}
            }
            if written > 0 {
                return Ok(written);
            }
        }
    }
}
