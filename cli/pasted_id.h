// What a person pastes when a command asks for a message. Pure.
#pragma once

#include <string>
#include <string_view>

#include "store/error.h"

namespace guichet::cli {

// The beginning of a message id or of a digest, as store::IndexReader::matching() takes it: in lower case, a
// digest with or without "sha256:". Blanks and <> may stand around it, and before it the name of the field of
// the served form that says it, X-Guichet-Id or X-Guichet-Digest. absent: it is none, or has fewer than six
// hexadecimal digits.
[[nodiscard]] store::Result<std::string> pasted_id(std::string_view text);

}  // namespace guichet::cli
