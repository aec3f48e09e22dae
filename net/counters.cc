#include "net/counters.h"

#include <map>
#include <memory>
#include <mutex>

namespace guichet::net {
namespace {

struct Registry {
  std::mutex mutex;
  std::map<std::string, std::unique_ptr<Counter>, std::less<>> counters;
};

// Never destroyed: a thread may count until the very end of the process.
Registry& registry() {
  static auto* made = new Registry;
  return *made;
}

}  // namespace

Counter& counter(std::string_view name) {
  auto& all = registry();
  const std::lock_guard lock(all.mutex);
  const auto found = all.counters.find(name);
  if (found != all.counters.end()) return *found->second;
  return *all.counters.emplace(name, std::make_unique<Counter>(name)).first->second;
}

std::vector<Count> all_counts() {
  auto& all = registry();
  const std::lock_guard lock(all.mutex);
  std::vector<Count> counts;
  counts.reserve(all.counters.size());
  for (const auto& [name, counter] : all.counters)
    counts.push_back({name, counter->value()});
  return counts;
}

}  // namespace guichet::net
