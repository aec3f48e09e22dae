#include "store/projection.h"

#include <algorithm>

namespace guichet::store {
namespace {

constexpr std::size_t news_batch = 2048;

// Collects news and applies them in batches, with the position after the last record read.
class Feed {
 public:
  Feed(Index& index, const Archive& archive, const Alarm& alarm)
      : index_(index), archive_(archive), alarm_(alarm) {}

  Result<void> run(std::optional<IndexPosition> from, Place until) {
    auto volumes = archive_.volumes();
    if (!volumes) return tl::unexpected(volumes.error());
    for (const auto& volume : *volumes) {
      if (volume.number > until.volume || (from && volume.number < from->end.volume)) continue;
      const bool resumed = from && volume.number == from->end.volume;
      if (auto read = read_volume(volume.number, resumed ? from : std::nullopt, until); !read) return read;
    }
    return flush();
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
      report(flaw);
    // Past flawed records too, unless nothing follows them.
    position_ = {{number, scan->end}, scan->chain};
    return {};
  }

  Result<void> visit(const ScannedRecord& record) {
    position_ = {{record.place.volume, record.end}, record.header.chain};
    auto news = news_of(record);
    // One record that cannot be understood must not keep all others out of the maildrops.
    if (!news)
      alarm_("volume " + std::to_string(record.place.volume) + " at " + std::to_string(record.place.offset) +
             ": " + news.error().text + "; not in the index");
    else if (*news)
      news_.push_back(std::move(**news));
    return news_.size() >= news_batch ? flush() : Result<void>();
  }

  Result<void> flush() {
    if (!position_) return {};
    auto applied = index_.apply(news_, *position_);
    news_.clear();
    return applied;
  }

  void report(const Flaw& flaw) {
    alarm_("damage in the archive, volume " + std::to_string(flaw.place.volume) + " at " +
           std::to_string(flaw.place.offset) + ": " + flaw.text + "; run guichet verify");
  }

  Index& index_;
  const Archive& archive_;
  const Alarm& alarm_;
  std::vector<News> news_;
  std::optional<IndexPosition> position_;
};

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

Result<void> catch_up(Index& index, const Archive& archive, Place until, const Alarm& alarm) {
  const auto position = index.reader().position();
  if (!position) return tl::unexpected(position.error());
  if (*position) {
    const auto ours = position_is_ours(archive, **position);
    if (!ours) return tl::unexpected(ours.error());
    if (!*ours) return fail(ErrorKind::foreign, "the index is ahead of the volumes, or of other ones");
  }
  return Feed(index, archive, alarm).run(*position, until);
}

Result<void> rebuild(Index& index, const Archive& archive, Place until, const Alarm& alarm) {
  if (auto begun = index.begin_rebuild(); !begun) return begun;
  Abandon abandon{&index};
  if (auto fed = Feed(index, archive, alarm).run(std::nullopt, until); !fed) return fed;
  abandon.index = nullptr;
  return index.end_rebuild();
}

}  // namespace guichet::store
