// What kind of message it is, apart from what it says: a letter, or an answer that a machine gave.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "filters/findings.h"
#include "filters/message.h"

namespace guichet::filters {

// As in MimeFinding. The first that holds:
//   "disposition"      a report on what became of it with the reader (RFC 8098 3)
//   "bounce"           a report that says "failed" of somebody, or does not say what (RFC 3464 2.3.3); or
//   from
//                      mailer-daemon or postmaster with X-Failed-Recipients, as Exim writes them
//   "delivery-report"  a report that says nothing worse than delayed, delivered, relayed or expanded
//   "out-of-office"    a machine sent it, and its subject begins as an absence notice does in English or
//                      French. The subject alone is not enough: "Absence de réponse" is what people write to
//                      authorities, and what authorities answer.
//   "auto-reply"       a machine sent it: Auto-Submitted other than "no" (RFC 3834 5), or what was used
//                      before there was that field
//   "ordinary"
// `parts` are those of `octets`; `subject` is decoded.
[[nodiscard]] std::string message_class(std::string_view octets, const Message& message,
                                        const std::vector<PartFinding>& parts, std::string_view subject);

}  // namespace guichet::filters
