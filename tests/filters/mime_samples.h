// Messages to try the inventory on, written for it.
#pragma once

#include <string>
#include <vector>

namespace guichet::filters::samples {

struct Sample {
  const char* name;
  std::string octets;
  bool well_formed = true;  // then every reader agrees on it
};

// Ordinary messages of many kinds. Line ends are CRLF.
[[nodiscard]] std::vector<Sample> all();

// A message: `header` and `lines`, with each LF made a CRLF.
[[nodiscard]] std::string with_crlf(std::string_view text);

}  // namespace guichet::filters::samples
