// A table by name that is bounded: past names_max the name that was used longest ago makes room. So that a
// flood from 2^64 addresses costs a fixed amount of memory, and what it pushes out is what nobody asked for.
#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace guichet::net {

// Not thread-safe.
template <class Value>
class Recent {
 public:
  explicit Recent(std::size_t names_max) : names_max_(names_max) {}
  Recent(const Recent&) = delete;
  Recent& operator=(const Recent&) = delete;

  // Null: not known, or no longer. Counts as a use.
  [[nodiscard]] Value* find(std::string_view name) {
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) return nullptr;
    entries_.splice(entries_.end(), entries_, found->second);
    return &found->second->second;
  }

  // The same, and does not count.
  [[nodiscard]] const Value* peek(std::string_view name) const {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : &found->second->second;
  }

  // The one of that name; made from `initial` when there is none.
  Value& use(std::string_view name, Value initial = {}) {
    if (auto* known = find(name)) return *known;
    if (entries_.size() >= names_max_) {
      by_name_.erase(entries_.front().first);
      entries_.pop_front();
    }
    auto& entry = entries_.emplace_back(std::string(name), std::move(initial));
    by_name_.emplace(entry.first, std::prev(entries_.end()));
    return entry.second;
  }

  void erase(std::string_view name) {
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) return;
    const auto entry = found->second;
    by_name_.erase(found);
    entries_.erase(entry);
  }

  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  using Entries = std::list<std::pair<const std::string, Value>>;

  const std::size_t names_max_;
  Entries entries_;  // the one used longest ago first
  std::unordered_map<std::string_view, typename Entries::iterator> by_name_;  // views of entries_
};

}  // namespace guichet::net
