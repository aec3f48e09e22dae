// The machine's fault as a value. The peer's fault is a Reply in its own room; our own fault is a check that
// stays on in release (store/check.h).
#pragma once

#include <string>

#include <tl/expected.hpp>

namespace guichet::store {

enum class ErrorKind {
  io,        // the disk said EIO or something we do not know better
  no_space,  // ENOSPC, EDQUOT: goes away when there is room
  no_files,  // EMFILE, ENFILE: goes away when descriptors are free
  absent,    // no such file or object
  busy,      // locked by another process
  damaged,   // octets are there, but they are not what was written
  foreign,   // a format that this release does not know
  stopped,   // the writer has stopped, by request or after a failed sync
};

struct Error {
  ErrorKind kind = ErrorKind::io;
  std::string text;  // what, where, and what to do: one line, fit for an operator
};

template <class T>
using Result = tl::expected<T, Error>;

[[nodiscard]] inline tl::unexpected<Error> fail(ErrorKind kind, std::string text) {
  return tl::unexpected<Error>(Error{kind, std::move(text)});
}

}  // namespace guichet::store
