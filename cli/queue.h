// `guichet queue`: what is still to be handed over, and why it was not yet; the oldest first.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "conf/settings.h"
#include "store/index.h"

namespace guichet::cli {

struct QueueOptions {
  std::string maildrop;     // "": all
  std::uint64_t limit = 0;  // 0: all
  bool json = false;
};

[[nodiscard]] int queue(const conf::Settings& settings, const QueueOptions& options);

// A line for each, or a JSON array; `nothing` where there are none.
void print_queue(const std::vector<store::QueueRow>& rows, bool json, const char* nothing);

// In a few words, such as "retrieved 2026-11-22T18:54:00Z, and not deleted".
[[nodiscard]] std::string in_words(const store::MoveRow& move);

}  // namespace guichet::cli
