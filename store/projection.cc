#include "store/projection.h"

#include <algorithm>
#include <future>
#include <utility>

namespace guichet::store {
namespace {

constexpr std::size_t news_batch = 2048;

void report_flaw(const Flaw& flaw, const Alarm& alarm) {
  alarm("damage in the archive, volume " + std::to_string(flaw.place.volume) + " at " +
        std::to_string(flaw.place.offset) + ": " + flaw.text + "; run guichet verify");
}

// One record that cannot be understood must not keep all others out of the maildrops.
std::optional<News> news_or_alarm(const ScannedRecord& record, const Alarm& alarm) {
  auto news = news_of(record);
  if (news) return std::move(*news);
  alarm("volume " + std::to_string(record.place.volume) + " at " + std::to_string(record.place.offset) +
        ": " + news.error().text + "; not in the index");
  return std::nullopt;
}

// Collects news and applies them in batches, with the position after the last record read. The next batch is
// read while this one is written: for a million messages that takes half the time on two processors.
class Feed {
 public:
  Feed(Index& index, const Archive& archive, const Alarm& alarm, const Inspect& inspect)
      : index_(index), archive_(archive), alarm_(alarm), inspect_(inspect) {}

  Result<void> run(std::optional<IndexPosition> from, Place until) {
    auto volumes = archive_.volumes();
    if (!volumes) return tl::unexpected(volumes.error());
    for (const auto& volume : *volumes) {
      if (volume.number > until.volume || (from && volume.number < from->end.volume)) continue;
      const bool resumed = from && volume.number == from->end.volume;
      if (auto read = read_volume(volume.number, resumed ? from : std::nullopt, until); !read) return read;
    }
    return flush().and_then([this] { return written(); });
  }

 private:
  Result<void> read_volume(std::uint32_t number, std::optional<IndexPosition> from, Place until) {
    auto file = archive_.open(number);
    if (!file) return tl::unexpected(file.error());
    ScanOptions options{.read_bodies = false};
    if (number == until.volume) options.until = until.offset;
    if (from) options.from = from->end.offset, options.chain = from->chain;
    const auto scan =
        scan_volume(**file, number, options, [this](const ScannedRecord& r) { return visit(r); });
    if (!scan) return tl::unexpected(scan.error());
    for (const auto& flaw : scan->flaws)
      report_flaw(flaw, alarm_);
    // Past flawed records too, unless nothing follows them.
    position_ = {{number, scan->end}, scan->chain};
    return {};
  }

  // Cut before a body, so that it stays with its facts, as long as the batch does not grow too much.
  Result<void> visit(const ScannedRecord& record) {
    const bool body = record.header.type == RecordType::resource;
    if (news_.size() >= (body ? news_batch : 2 * news_batch))
      if (auto flushed = flush(); !flushed) return flushed;
    position_ = {{record.place.volume, record.end}, record.header.chain};
    if (auto news = news_or_alarm(record, alarm_)) news_.push_back(std::move(*news));
    return {};
  }

  Result<void> flush() {
    if (!position_) return {};
    if (inspect_) inspect_(news_);
    if (auto before = written(); !before) return before;
    writing_ = std::async(std::launch::async, [this, news = std::exchange(news_, {}), end = *position_] {
      return index_.apply(news, end);
    });
    return {};
  }

  // How the last batch went. The index is this thread's again.
  Result<void> written() { return writing_.valid() ? writing_.get() : Result<void>(); }

  Index& index_;
  const Archive& archive_;
  const Alarm& alarm_;
  const Inspect& inspect_;
  std::vector<News> news_;
  std::optional<IndexPosition> position_;
  std::future<Result<void>> writing_;  // last: its end is waited for while the index is still there
};

// One volume of another lineage.
class MergedFeed {
 public:
  MergedFeed(Index& index, const Archive& archive, const Alarm& alarm)
      : index_(index), archive_(archive), alarm_(alarm) {}
  ~MergedFeed() { index_.abandon_merged(); }
  MergedFeed(const MergedFeed&) = delete;
  MergedFeed& operator=(const MergedFeed&) = delete;

  Result<void> run(std::uint32_t number) {
    auto file = archive_.open(number);
    if (!file) return tl::unexpected(file.error());
    if (auto begun = index_.begin_merged(); !begun) return begun;
    const auto scan = scan_volume(**file, number, {.read_bodies = false},
                                  [this](const ScannedRecord& record) { return visit(record); });
    if (!scan) return tl::unexpected(scan.error());
    for (const auto& flaw : scan->flaws)
      report_flaw(flaw, alarm_);
    if (auto added = flush(); !added) return added;
    return index_.end_merged(number);
  }

 private:
  Result<void> visit(const ScannedRecord& record) {
    if (auto news = news_or_alarm(record, alarm_)) news_.push_back(std::move(*news));
    return news_.size() >= news_batch ? flush() : Result<void>();
  }

  Result<void> flush() {
    auto added = index_.add_merged(news_);
    news_.clear();
    return added;
  }

  Index& index_;
  const Archive& archive_;
  const Alarm& alarm_;
  std::vector<News> news_;
};

// History that cannot be read is no reason to keep the mail of today out of the maildrops.
Result<void> take_in_all_merged(Index& index, const Archive& archive, const Alarm& alarm) {
  const auto missing = merged_to_take_in(index.reader(), archive);
  if (!missing) return tl::unexpected(missing.error());
  for (const auto number : *missing) {
    if (auto taken = MergedFeed(index, archive, alarm).run(number); !taken)
      alarm(taken.error().text + "; the messages of volume " + std::to_string(number) +
            " are not in the index");
  }
  return {};
}

// The index has no volume of another lineage that is not there any more.
Result<bool> merged_are_ours(IndexReader& index, const Archive& archive) {
  const auto indexed = index.merged();
  const auto volumes = archive.merged_volumes();
  if (!indexed || !volumes) return tl::unexpected(indexed ? volumes.error() : indexed.error());
  return std::all_of(indexed->begin(), indexed->end(), [&](std::uint32_t number) {
    return std::any_of(volumes->begin(), volumes->end(), [&](const auto& v) { return v.number == number; });
  });
}

// Half a rebuild must not stay open, whichever way it is left: all that came later would be written into it.
struct Abandon {
  Index* index;
  ~Abandon() {
    if (index) index->abandon_rebuild();
  }
};

}  // namespace

Result<std::optional<News>> news_of(const ScannedRecord& record) {
  if (record.header.type == RecordType::resource && record.header.target)
    return News(NewBody{record.header.block_digest,
                        {.volume = record.place.volume,
                         .offset = record.block_offset,
                         .size_octets = record.header.content_length,
                         .message = *record.header.target,
                         .date = record.header.date}});
  if (record.header.type != RecordType::metadata || record.blank) return std::optional<News>();
  auto fact = decode_fact(record.block);
  if (!fact) return tl::unexpected(fact.error());
  return News(NewFact{record.place, std::move(*fact)});
}

Result<bool> position_is_ours(const Archive& archive, const IndexPosition& position) {
  if (position.end == Place{}) return true;  // the beginning: of a store that had no volume yet
  auto file = archive.open(position.end.volume);
  if (!file)
    return file.error().kind == ErrorKind::absent ? Result<bool>(false) : tl::unexpected(file.error());
  bool found = false;
  const auto look = [&](const ScannedRecord& record) -> Result<void> {
    found = found || (record.end == position.end.offset && record.header.chain == position.chain);
    return {};
  };
  ScanOptions options{.read_bodies = false};
  options.until = position.end.offset;
  const auto scan = scan_volume(**file, position.end.volume, options, look);
  if (!scan) return tl::unexpected(scan.error());
  return found || (scan->end == position.end.offset && scan->chain == position.chain);
}

Result<void> catch_up(Index& index, const Archive& archive, Place until, const Alarm& alarm,
                      const Inspect& inspect) {
  const auto position = index.reader().position();
  if (!position) return tl::unexpected(position.error());
  if (*position) {
    const auto ours = position_is_ours(archive, **position);
    if (!ours) return tl::unexpected(ours.error());
    if (!*ours) return fail(ErrorKind::foreign, "the index is ahead of the volumes, or of other ones");
  }
  const auto merged_are_there = merged_are_ours(index.reader(), archive);
  if (!merged_are_there) return tl::unexpected(merged_are_there.error());
  if (!*merged_are_there) return fail(ErrorKind::foreign, "the index has history that is not there any more");
  // An index that has nothing yet reads history first, as rebuild() does.
  if (!*position)
    if (auto taken = take_in_all_merged(index, archive, alarm); !taken) return taken;
  const Inspect known_ground = *position ? inspect : nullptr;
  if (auto fed = Feed(index, archive, alarm, known_ground).run(*position, until); !fed) return fed;
  return take_in_all_merged(index, archive, alarm);
}

Result<std::vector<std::uint32_t>> merged_to_take_in(IndexReader& index, const Archive& archive) {
  const auto volumes = archive.merged_volumes();
  const auto indexed = index.merged();
  if (!indexed || !volumes) return tl::unexpected(indexed ? volumes.error() : indexed.error());
  std::vector<std::uint32_t> missing;
  for (const auto& volume : *volumes)
    if (!std::binary_search(indexed->begin(), indexed->end(), volume.number))
      missing.push_back(volume.number);
  return missing;
}

Result<std::size_t> take_in_merged(Index& index, const Archive& archive, const Alarm& alarm) {
  const auto missing = merged_to_take_in(index.reader(), archive);
  if (!missing) return tl::unexpected(missing.error());
  if (missing->empty()) return std::size_t{0};
  if (auto taken = MergedFeed(index, archive, alarm).run(missing->front()); !taken)
    return tl::unexpected(taken.error());
  return missing->size() - 1;
}

Result<void> rebuild(Index& index, const Archive& archive, Place until, const Alarm& alarm) {
  if (auto begun = index.begin_rebuild(); !begun) return begun;
  Abandon abandon{&index};
  // History first: what erases a message of it was written here, later, and must be met after its octets,
  // which are blank by now and look like any others from outside.
  if (auto taken = take_in_all_merged(index, archive, alarm); !taken) return taken;
  if (auto fed = Feed(index, archive, alarm, nullptr).run(std::nullopt, until); !fed) return fed;
  abandon.index = nullptr;
  return index.end_rebuild();
}

}  // namespace guichet::store
