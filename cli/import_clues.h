// For whom a message in a mailbox was, and when it came: what its header, its file's name and its From_ line
// say. Pure.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/header_fields.h"
#include "store/types.h"

namespace guichet::cli {

// Whether an address is one of this gateway's sites.
using IsOurs = std::function<bool(const std::string& address)>;

// The first that there is: X-Original-To, Delivered-To, Envelope-To (each from the top, since the topmost was
// written last and nearest to us), then the first request address in To, in Cc. Only addresses of our sites
// count: Postfix writes "Delivered-To: popfoi@host" on what came by an alias. nullopt: nothing says.
[[nodiscard]] std::optional<std::string> recipient_of(const std::vector<HeaderField>& fields,
                                                      const IsOurs& is_ours);

// MAIL FROM: the topmost Return-Path; "" when there is none.
[[nodiscard]] std::string sender_of(const std::vector<HeaderField>& fields);

struct Dated {
  store::Instant at;
  std::string_view by;  // where the date is from, for the record
};

// The seconds at the front of a Maildir's unique name, which a copy without its times keeps; else the date of
// the topmost Received field; else the time of the file.
[[nodiscard]] Dated date_in_maildir(std::string_view unique_name, const std::vector<HeaderField>& fields,
                                    store::Instant file_time, store::Instant now);

// The From_ line, which has no zone: where the topmost Received field says a moment within 26 hours of it, it
// is that moment.
[[nodiscard]] Dated date_in_mbox(std::string_view from_line, const std::vector<HeaderField>& fields);

}  // namespace guichet::cli
