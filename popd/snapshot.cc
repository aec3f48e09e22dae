#include "popd/snapshot.h"

#include <utility>

namespace guichet::popd {

Snapshot::Snapshot(std::vector<Entry> entries) : entries_(std::move(entries)) {
  unmark_all();
}

Snapshot::Presence Snapshot::presence(std::uint64_t number) const {
  if (number == 0 || number > entries_.size()) return Presence::absent;
  return listed(static_cast<std::size_t>(number)) ? Presence::listed : Presence::deleted;
}

const Entry& Snapshot::entry(std::size_t number) const {
  return entries_.at(number - 1);
}

bool Snapshot::listed(std::size_t number) const {
  return !deleted_.at(number - 1);
}

void Snapshot::mark_deleted(std::size_t number) {
  if (!listed(number)) return;
  deleted_[number - 1] = true;
  --listed_count_;
  listed_octets_ -= entry(number).size_octets;
}

void Snapshot::unmark_all() {
  deleted_.assign(entries_.size(), false);
  listed_count_ = entries_.size();
  listed_octets_ = 0;
  for (const Entry& each : entries_)
    listed_octets_ += each.size_octets;
}

std::size_t Snapshot::highest() const {
  return entries_.size();
}

std::size_t Snapshot::listed_count() const {
  return listed_count_;
}

std::uint64_t Snapshot::listed_octets() const {
  return listed_octets_;
}

std::vector<std::size_t> Snapshot::deleted() const {
  std::vector<std::size_t> numbers;
  for (std::size_t number = 1; number <= highest(); ++number) {
    if (!listed(number)) numbers.push_back(number);
  }
  return numbers;
}

}  // namespace guichet::popd
