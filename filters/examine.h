// What a worker does with a message: all that is asked for, one thing after the other, each told as soon as
// it is known. The order is that of what matters most: should a message break the reading of its parts, who
// signed it is known all the same.
#pragma once

#include <string_view>

#include "filters/dkim.h"
#include "filters/public_suffix.h"
#include "filters/worker.h"

namespace guichet::filters {

struct ExamineOptions {
  bool authentication = true;  // SPF, DKIM, DMARC, the client's name
  bool parts = true;
};

class Examiner {
 public:
  // Before the walls stand: reads the list of public suffixes, prepares charsets.
  explicit Examiner(ExamineOptions options);

  void operator()(const Request& request, std::string_view octets, Names& names, Tell& tell) const;

 private:
  void authenticate(const Envelope& envelope, const Message& message, Names& names, Tell& tell) const;

  const ExamineOptions options_;
  const DkimVerifier dkim_;
  const PublicSuffix suffixes_;
};

}  // namespace guichet::filters
