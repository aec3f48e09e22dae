#include "store/compare_index.h"

#include <algorithm>

#include "store/lineage.h"
#include "store/projection.h"

namespace guichet::store {
namespace {

constexpr std::size_t page_rows = 1000;

// An index of other volumes differs in every row: a few of them tell as much as a million.
class Differences {
 public:
  explicit Differences(Findings& findings) : findings_(findings) {}
  ~Differences() {
    if (count_ > shown_max)
      findings_.push_back(
          {FindingKind::damage, "index", std::to_string(count_ - shown_max) + " more differences"});
  }
  Differences(const Differences&) = delete;
  Differences& operator=(const Differences&) = delete;

  void add(std::string what) {
    if (++count_ <= shown_max) findings_.push_back({FindingKind::damage, "index", std::move(what)});
  }

 private:
  static constexpr std::size_t shown_max = 20;
  Findings& findings_;
  std::size_t count_ = 0;
};

class Comparison {
 public:
  // `merged`: the volumes of other lineages that are in the index; `all_merged`: they are all there are.
  Comparison(IndexReader& index, const Ledger& ledger, Place end, std::vector<std::uint32_t> merged,
             bool all_merged, Findings& findings)
      : index_(index),
        ledger_(ledger),
        end_(end),
        merged_(std::move(merged)),
        all_merged_(all_merged),
        differences_(findings) {}

  Result<void> run(bool at_the_end) {
    return messages()
        .and_then([this] { return deliveries(); })
        .and_then([this] { return bodies(); })
        .and_then([this] { return counts(); })
        .and_then([this] { return verdicts(); })
        .and_then([this, at_the_end] { return at_the_end ? awaited() : Result<void>(); });
  }

 private:
  Result<void> messages() {
    for (std::optional<MessageId> before;;) {
      const auto page = index_.newest(page_rows, before);
      if (!page) return tl::unexpected(page.error());
      for (const auto& row : *page)
        compare(row);
      if (page->empty()) return {};
      before = page->back().message;
    }
  }

  void compare(const MessageRow& row) {
    const auto found = ledger_.messages().find(row.message.uuid);
    const auto name = "message " + row.message.uuid.text();
    if (found == ledger_.messages().end()) return unknown(name, row.place);
    if (is_erased_later(row.message)) return;
    const auto& said = found->second;
    differ(name, "place", said.place == row.place);
    differ(name, "digest", said.digest == row.digest);
    differ(name, "size", said.size_octets == row.size_octets);
    differ(name, "time", said.received == row.received);
  }

  Result<void> deliveries() {
    for (std::optional<DeliveryKey> after;;) {
      const auto page = index_.deliveries_after(after, page_rows);
      if (!page) return tl::unexpected(page.error());
      for (const auto& row : *page)
        compare(row);
      if (page->empty()) return {};
      after = {page->back().message, page->back().uid};
    }
  }

  void compare(const DeliveryRow& row) {
    const auto found = ledger_.deliveries().find(row.uid.uuid);
    const auto name = "delivery " + row.uid.uuid.text();
    if (found == ledger_.deliveries().end()) return unknown(name, row.place);
    if (is_erased_later(row.message)) return;
    const auto& said = found->second;
    differ(name, "place", said.place == row.place);
    differ(name, "message", said.message == row.message);
    differ(name, "recipient", said.recipient_hash == recipient_hash(row.recipient, row.maildrop));
    differ(name, "size", said.size_octets == row.size_octets);
    differ(name, "time", said.at == row.at);
    differ(name, "erasure", said.erased == (row.state == DeliveryState::erased));
    if (said.erased || !is_settled(row.uid.uuid, said)) return;
    auto then = said;  // as it was where the index ends
    if (!is_before_end(said.handed_over)) then.handed_over = {};
    const bool over = then.handed_over.volume != 0;
    differ(name, "state", ledger_.state_of(row.uid.uuid, then) == row.state);
    differ(name, "hand-over", over == row.handed_over_at.has_value() && (!over || row.how == said.how));
    differ(name, "time of hand-over",
           !over || !row.handed_over_at || *row.handed_over_at == said.handed_over_at);
  }

  // False: what was said after the index ends hides what was said before it, or merged volumes that may not
  // be in the index yet say something.
  bool is_settled(const Uuid& uid, const DeliveryEntry& said) const {
    const auto befell = ledger_.moves().find(uid);
    const auto moves = befell == ledger_.moves().end() ? MovesEntry{} : befell->second;
    if (lineage_of(said.handed_over.volume) != 0) return false;
    for (const auto place : {said.requeued, moves.offered, moves.stuck, moves.requeued_as, moves.quarantined})
      if (place.volume != 0 && (lineage_of(place.volume) != 0 || !is_before_end(place))) return false;
    return true;
  }

  Result<void> bodies() {
    for (const auto& [digest, said] : ledger_.bodies()) {
      if (!is_before_end(said.first)) continue;
      const auto row = index_.body(digest);
      if (!row) return tl::unexpected(row.error());
      const auto name = "body sha256:" + digest.hex();
      const bool last_is_in_it = is_before_end(said.place.begin());
      if (!*row) lacks(name, said.first);
      if (*row) differ(name, "place", !last_is_in_it || **row == said.place);
    }
    return {};
  }

  // What the index lacks is found by counting first: one question for all instead of one for each.
  Result<void> counts() {
    const auto counts = index_.counts();
    if (!counts) return tl::unexpected(counts.error());
    if (all_merged_ &&
        counts->bodies > count(ledger_.bodies(), [this](Place place) { return is_before_end(place); }) &&
        !some_are_erased_later())
      differences_.add("holds bodies that no record of the volumes has");
    const auto must_be_in_it = [this](Place place) { return is_before_end(place); };
    if (counts->messages < count(ledger_.messages(), must_be_in_it))
      if (auto named = name_missing_messages(); !named) return named;
    if (counts->deliveries < count(ledger_.deliveries(), must_be_in_it)) return name_missing_deliveries();
    return {};
  }

  Result<void> name_missing_messages() {
    for (const auto& [uuid, said] : ledger_.messages()) {
      const auto row = index_.message({uuid});
      if (!row) return tl::unexpected(row.error());
      if (!*row && is_before_end(said.place)) lacks("message " + uuid.text(), said.place);
    }
    return {};
  }

  Result<void> name_missing_deliveries() {
    for (const auto& [uuid, said] : ledger_.deliveries()) {
      const auto rows = index_.deliveries(said.message);
      if (!rows) return tl::unexpected(rows.error());
      const bool there = std::any_of(rows->begin(), rows->end(),
                                     [&id = uuid](const auto& row) { return row.uid.uuid == id; });
      if (!there && is_before_end(said.place)) lacks("delivery " + uuid.text(), said.place);
    }
    return {};
  }

  // A message that is not known to be awaited would never be delivered after a crash.
  Result<void> awaited() {
    const auto rows = index_.undelivered();
    if (!rows) return tl::unexpected(rows.error());
    for (const auto& row : *rows)
      if (!ledger_.awaited().contains(row.message.uuid))
        differences_.add("message " + row.message.uuid.text() + " counts as not delivered, but it is");
    for (const auto& [uuid, recipients] : ledger_.awaited()) {
      if (!is_before_end(ledger_.messages().at(uuid).place)) continue;
      const bool there = std::any_of(rows->begin(), rows->end(),
                                     [&id = uuid](const auto& row) { return row.message.uuid == id; });
      if (!there) differences_.add("message " + uuid.text() + " counts as delivered to all, but it is not");
    }
    return {};
  }

  Result<void> verdicts() {
    for (const auto& [place, message] : ledger_.verdicts()) {
      if (!is_before_end(place) || ledger_.erased().contains(message.uuid)) continue;
      const auto places = index_.verdicts(message);
      if (!places) return tl::unexpected(places.error());
      if (std::ranges::count(*places, place) == 0)
        lacks("findings about message " + message.uuid.text(), place);
    }
    return {};
  }

  bool is_before_end(Place place) const {
    if (is_own(place.volume)) return place < end_;
    return std::binary_search(merged_.begin(), merged_.end(), place.volume);
  }
  // What the index, which is behind, still says of it is what was true.
  bool is_erased_later(const MessageId& message) const {
    const auto erased = ledger_.erased().find(message.uuid);
    return erased != ledger_.erased().end() && !is_before_end(erased->second);
  }
  bool some_are_erased_later() const {
    return std::ranges::any_of(ledger_.erased(),
                               [this](const auto& erased) { return !is_before_end(erased.second); });
  }
  static Place place_of(const BodyEntry& body) { return body.first; }
  static Place place_of(const MessageEntry& message) { return message.place; }
  static Place place_of(const DeliveryEntry& delivery) { return delivery.place; }

  template <class Entries, class Counts>
  static std::uint64_t count(const Entries& entries, Counts counts) {
    return static_cast<std::uint64_t>(
        std::count_if(entries.begin(), entries.end(),
                      [&counts](const auto& entry) { return counts(place_of(entry.second)); }));
  }

  void differ(const std::string& name, const char* what, bool equal) {
    if (!equal) differences_.add(name + ": its " + what + " is not what the volumes say");
  }
  void unknown(const std::string& name, Place place) {
    differences_.add(name + " is said to be in " + where(place) + ", where no sound record tells of it");
  }
  void lacks(const std::string& name, Place place) {
    differences_.add(name + " is missing; it is in " + where(place));
  }

  IndexReader& index_;
  const Ledger& ledger_;
  const Place end_;
  const std::vector<std::uint32_t> merged_;
  const bool all_merged_;
  Differences differences_;
};

// The other way round, for when not all volumes were read: whether each thing that was read is in the index
// as it is in the volumes. Rows that tell of nothing, and wrong states, are found by reading everything.
class PartComparison {
 public:
  PartComparison(IndexReader& index, const Ledger& ledger, Place end, Findings& findings)
      : index_(index), ledger_(ledger), end_(end), differences_(findings) {}

  Result<void> run() {
    return messages().and_then([this] { return deliveries(); }).and_then([this] { return bodies(); });
  }

 private:
  Result<void> messages() {
    for (const auto& [uuid, said] : ledger_.messages()) {
      if (!is_before_end(said.place)) continue;
      const auto row = index_.message({uuid});
      if (!row) return tl::unexpected(row.error());
      const auto name = "message " + uuid.text();
      if (!*row) differences_.add(name + " is missing; it is in " + where(said.place));
      const bool equal = *row && said.place == (*row)->place && said.digest == (*row)->digest &&
                         said.size_octets == (*row)->size_octets && said.received == (*row)->received;
      // Erased since, it is what the later fact says.
      if (*row) differ(name, equal || index_.is_erased({uuid}).value_or(false));
    }
    return {};
  }

  Result<void> deliveries() {
    for (const auto& [uuid, said] : ledger_.deliveries()) {
      if (!is_before_end(said.place)) continue;
      const auto rows = index_.deliveries(said.message);
      if (!rows) return tl::unexpected(rows.error());
      const auto row = std::find_if(rows->begin(), rows->end(),
                                    [&id = uuid](const auto& known) { return known.uid.uuid == id; });
      const auto name = "delivery " + uuid.text();
      if (row == rows->end()) differences_.add(name + " is missing; it is in " + where(said.place));
      if (row != rows->end()) compare(name, said, *row);
    }
    return {};
  }

  // Not its state: what says the last word about that may be in a volume that was not read.
  void compare(const std::string& name, const DeliveryEntry& said, const DeliveryRow& row) {
    const bool equal = said.place == row.place && said.size_octets == row.size_octets && said.at == row.at &&
                       said.recipient_hash == recipient_hash(row.recipient, row.maildrop);
    differ(name, equal || (row.state == DeliveryState::erased && !said.erased));
  }

  Result<void> bodies() {
    for (const auto& [digest, said] : ledger_.bodies()) {
      if (!is_before_end(said.place.begin()) || !said.sound) continue;  // damaged, or erased
      const auto row = index_.body(digest);
      if (!row) return tl::unexpected(row.error());
      const auto name = "body sha256:" + digest.hex();
      if (!*row) differences_.add(name + " is missing; it is in " + where(said.place.begin()));
      if (*row) differ(name, **row == said.place || is_earlier(said.place.begin(), (*row)->begin()));
    }
    return {};
  }

  bool is_before_end(Place place) const { return place < end_; }
  void differ(const std::string& name, bool equal) {
    if (!equal) differences_.add(name + ": the index does not say of it what the volumes say");
  }

  IndexReader& index_;
  const Ledger& ledger_;
  const Place end_;
  Differences differences_;
};

Result<void> compare_part(IndexReader& index, const Ledger& ledger, Findings& findings) {
  const auto position = index.position();  // first: what is before it is in every later answer
  if (!position) return tl::unexpected(position.error());
  if (!*position) return {};
  return PartComparison(index, ledger, (*position)->end, findings).run();
}

Finding about_absence(const Error& error) {
  switch (error.kind) {
    case ErrorKind::absent:
      return {FindingKind::note, "index",
              "there is none; `guichet index rebuild`, or the next start, makes it"};
    case ErrorKind::foreign:
      return {FindingKind::note, "index", error.text};
    case ErrorKind::io:
    case ErrorKind::no_space:
    case ErrorKind::no_files:
    case ErrorKind::busy:
    case ErrorKind::damaged:
    case ErrorKind::stopped:
      break;
  }
  return {FindingKind::damage, "index", "cannot be read: " + error.text};
}

Result<void> compare_held(IndexReader& index, const Archive& archive, const Ledger& ledger,
                          const std::function<Place()>& read_on, Findings& findings) {
  const auto position = index.position();  // the first question is what the held moment is that of
  if (!position) return tl::unexpected(position.error());
  auto merged = index.merged();
  if (!merged) return tl::unexpected(merged.error());
  const auto end = read_on();
  if (!*position && merged->empty()) {
    findings.push_back({FindingKind::note, "index", "it is empty; the next start fills it"});
    return {};
  }
  const auto ours = *position ? position_is_ours(archive, **position) : Result<bool>(true);
  if (!ours) return tl::unexpected(ours.error());
  const auto index_end = *position ? (*position)->end : Place{};
  if (!*ours) {
    findings.push_back({FindingKind::damage, "index",
                        "it ends at " + where(index_end) +
                            ", where no such record ends: octets are gone from the " +
                            "volumes, or it is of other ones",
                        index_end});
    return {};
  }
  if (index_end < end)
    findings.push_back({FindingKind::note, "index",
                        "it is behind: it ends at " + where(index_end) + ", the volumes at " + where(end) +
                            "; the gateway brings it up to date while it runs, or at its next start"});
  const auto missing = merged_to_take_in(index, archive);
  if (!missing) return tl::unexpected(missing.error());
  if (!missing->empty())
    findings.push_back({FindingKind::note, "index",
                        "it lacks history: " + where(missing->front()) + " and " +
                            std::to_string(missing->size() - 1) +
                            " more volumes; the next start takes them in, or guichet restore --merge again"});
  return Comparison(index, ledger, index_end, std::move(*merged), missing->empty(), findings)
      .run(index_end == end && missing->empty());
}

}  // namespace

void compare_index(const Archive& archive, const Ledger& ledger, const std::function<Place()>& read_on,
                   Findings& findings) {
  auto index = IndexReader::open(index_file(archive.folder()));
  if (!index) return findings.push_back(about_absence(index.error()));
  auto compared =
      (*index)->hold().and_then([&] { return compare_held(**index, archive, ledger, read_on, findings); });
  if (!compared)
    findings.push_back({FindingKind::damage, "index", "cannot be read: " + compared.error().text});
}

void compare_read_part(const Archive& archive, const Ledger& ledger, Findings& findings) {
  auto index = IndexReader::open(index_file(archive.folder()));
  if (!index) return findings.push_back(about_absence(index.error()));
  if (auto compared = compare_part(**index, ledger, findings); !compared)
    findings.push_back({FindingKind::damage, "index", "cannot be read: " + compared.error().text});
}

}  // namespace guichet::store
