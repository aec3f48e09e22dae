#include "cli/content_filters.h"

#include <chrono>
#include <utility>

#include "store/facts.h"

namespace guichet::cli {
namespace {

using namespace std::chrono_literals;

const Duty::Options watch_times{.name = "filter-watch", .first = 10s, .interval = 10s};
const Duty::Options look_times{.name = "judge-more", .first = 1min, .interval = 1min};
const Duty::Options digest_times{.name = "digest", .first = 5s, .interval = 10min};

}  // namespace

tl::expected<std::unique_ptr<ContentFilters>, std::string> ContentFilters::make(const Around& around) {
  auto filtering = Filtering::make(around.settings, around.resolver, around.news);
  if (!filtering) return tl::unexpected(filtering.error());
  return std::unique_ptr<ContentFilters>(new ContentFilters(around, std::move(*filtering)));
}

ContentFilters::ContentFilters(const Around& around, std::unique_ptr<Filtering> filtering)
    : around_(around),
      filtering_(std::move(filtering)),
      judging_(around.settings, around.intake, *filtering_, around.alarm),
      watch_(around.alarm, around.news),
      digest_(around.settings, around.intake, around.policy) {}

void ContentFilters::start() {
  judging_.start();
  watching_.emplace(watch_times, [this](const std::stop_token&) {
    watch_.look(filtering_->standing(), FilterWatch::Clock::now());
  });
  looking_.emplace(look_times, [this](const std::stop_token&) { judging_.look_in_index(); });
  if (around_.settings.filters.quarantine_digest_to.empty()) return;
  sending_.emplace(digest_times, [this](const std::stop_token&) {
    if (const auto sent = digest_.look(); !sent)
      around_.alarm("the list of what is in quarantine could not be sent: " + sent.error().text);
  });
}

void ContentFilters::stop() {
  judging_.stop();
  sending_.reset();
  looking_.reset();
  watching_.reset();
}

std::string ContentFilters::standing() const {
  std::string down;
  for (const auto& filter : filtering_->standing())
    if (!filter.trouble.empty())
      down += (down.empty() ? "" : ",") + store::json_string(filter.name) + ":" +
              store::json_string(filter.trouble);
  return R"({"ok":true,"waiting":)" + std::to_string(judging_.waiting()) + R"(,"down":{)" + down + "}}";
}

}  // namespace guichet::cli
