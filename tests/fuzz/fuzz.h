// What every fuzz target shares.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace guichet::fuzz {

// The invariant of a target; the sentence is printed when it breaks.
inline void require(bool holds, const char* sentence) {
  if (holds) return;
  std::fprintf(stderr, "fuzz: broken: %s\n", sentence);
  std::abort();
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace guichet::fuzz
