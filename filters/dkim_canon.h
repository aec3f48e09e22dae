// The two canonicalizations of RFC 6376 3.4, of a header field and of a body. Line ends are those of the
// served form (store/served_form.h): an LF with up to 64 CRs before it, or a CR alone, stands for CRLF, so
// that what a signature covers is what is handed over.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "filters/message.h"

namespace guichet::filters {

enum class Canonicalization { simple, relaxed };

// Appends the field with CRLF at its end (RFC 6376 3.4.1, 3.4.2).
void append_canonical(std::string& out, Canonicalization how, const HeaderField& field);

// Gives the canonical body (RFC 6376 3.4.3, 3.4.4) in pieces, which live during the call, until `sink`
// returns false. Linear in the body's size, in memory independent of it.
using BodySink = std::function<bool(std::string_view octets)>;
void canonical_body(Canonicalization how, std::string_view body, const BodySink& sink);

}  // namespace guichet::filters
