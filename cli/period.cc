#include "cli/period.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "cli/moment.h"

namespace guichet::cli {

using store::Result;

namespace {

constexpr std::size_t page_messages = 1024;

Result<void> read_end(const std::string& text, store::Instant& end) {
  if (text.empty()) return {};
  const auto moment = moment_of(text);
  if (!moment) return tl::unexpected(moment.error());
  end = *moment;
  return {};
}

}  // namespace

Result<Period> period_of(const std::string& since, const std::string& until) {
  Period period;
  if (auto read = read_end(since, period.since); !read) return tl::unexpected(read.error());
  if (auto read = read_end(until, period.until); !read) return tl::unexpected(read.error());
  return period;
}

Result<std::vector<store::MessageRow>> received_in(store::IndexReader& index, const Period& period) {
  std::vector<store::MessageRow> rows;
  for (std::optional<store::MessageId> before;;) {
    const auto page = index.newest(page_messages, before);
    if (!page) return tl::unexpected(page.error());
    if (page->empty()) break;
    before = page->back().message;
    std::ranges::copy_if(*page, std::back_inserter(rows),
                         [&](const auto& row) { return period.holds(row.received); });
  }
  std::ranges::sort(rows, {}, [](const auto& row) { return std::pair(row.received, row.message); });
  return rows;
}

}  // namespace guichet::cli
