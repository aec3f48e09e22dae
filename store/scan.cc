#include "store/scan.h"

#include <algorithm>

#include "store/batch_trail.h"
#include "store/hash.h"

namespace guichet::store {
namespace {

constexpr std::size_t window_octets = 1 << 20;
constexpr std::uint64_t forget_octets = 8 << 20;
constexpr std::uint64_t fact_octets_max = 64ull << 20;
constexpr std::string_view version_line = "WARC/1.1\r\n";

// A buffered look at the first `size` octets of a file: view() is valid until the next call.
class Window {
 public:
  Window(const File& file, std::uint64_t size, const ScanOptions& options)
      : file_(file), size_(size), options_(options) {}

  // Up to `count` octets (at most a window) from `offset`; fewer only at the end.
  Result<std::string_view> view(std::uint64_t offset, std::size_t count) {
    if (offset >= size_) return std::string_view();
    const auto wanted = std::min<std::uint64_t>(count, size_ - offset);
    if (offset < begin_ || offset + wanted > begin_ + buffer_.size())
      if (auto filled = fill(offset); !filled) return tl::unexpected(filled.error());
    return std::string_view(buffer_).substr(static_cast<std::size_t>(offset - begin_), count);
  }

 private:
  Result<void> fill(std::uint64_t offset) {
    if (options_.stop.stop_requested()) return fail(ErrorKind::stopped, "stopped");
    if (options_.forget_behind) forget_behind(offset);
    buffer_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(window_octets, size_ - offset)));
    const auto got = file_.read_at(buffer_, offset);
    buffer_.resize(got ? *got : 0);
    begin_ = offset;
    if (!got) return tl::unexpected(got.error());
    if (options_.progress) options_.progress(offset + *got);
    return {};
  }

  // Some way behind: a body is read a second time when a delivery of it is met.
  void forget_behind(std::uint64_t offset) {
    if (offset < forgotten_ + 2 * forget_octets) return;
    file_.forget(forgotten_, offset - forget_octets - forgotten_);
    forgotten_ = offset - forget_octets;
  }

  const File& file_;
  const std::uint64_t size_;
  const ScanOptions& options_;
  std::string buffer_;
  std::uint64_t begin_ = 0;
  std::uint64_t forgotten_ = 0;  // up to here
};

class Scan {
 public:
  Scan(const File& file, std::uint64_t size, std::uint32_t volume, const ScanOptions& options,
       const Visitor& visit)
      : window_(file, size, options), options_(options), visit_(visit), volume_(volume), size_(size) {}

  Result<ScanResult> run() {
    at_ = result_.end = options_.from;
    if (options_.chain) chain_ = result_.chain = *options_.chain;
    chain_known_ = options_.chain.has_value();
    while (at_ < size_) {
      auto more = record();
      if (!more) return tl::unexpected(more.error());
      if (!*more) break;
    }
    auto zero = zero_from(result_.end);
    if (!zero) return tl::unexpected(zero.error());
    result_.tail_is_zero = *zero;
    result_.last_batch = trail_.last();
    result_.last_batch_begin = trail_.last_begin();
    result_.last_batch_end = trail_.last_end();
    result_.last_batch_is_whole = trail_.last_is_whole();
    return std::move(result_);
  }

 private:
  // What a header is known to be. Its own chain value proves it; its place makes a copy inside a message
  // unlikely.
  struct Proof {
    bool chained = false;
    bool in_place = false;
  };

  // False: no further record in this volume.
  Result<bool> record() {
    auto head = window_.view(at_, header_octets_max);
    if (!head) return tl::unexpected(head.error());
    const auto decoded = decode_header(*head, chain_);
    if (!decoded) return resync(FlawKind::header, decoded.error().text);
    auto proof = prove(*decoded);
    if (!proof) return tl::unexpected(proof.error());
    // The length of the record before was not to be believed, and it led to something that belongs elsewhere.
    if (!proof->chained && !proof->in_place && !length_was_proven_)
      return resync(FlawKind::header, "a record of another place stands here");
    return body(*decoded, *proof);
  }

  Result<Proof> prove(const DecodedHeader& decoded) {
    Proof proof{.chained = chain_known_ && decoded.chain_expected == decoded.header.chain,
                .in_place = decoded.header.offset == at_};
    if (at_ != 0 || decoded.header.type != RecordType::warcinfo) return proof;
    auto first = first_is_chained(decoded);
    if (!first) return tl::unexpected(first.error());
    proof.chained = *first;
    return proof;
  }

  // The first record of a volume names the chain value before it, in its block.
  Result<bool> first_is_chained(const DecodedHeader& decoded) {
    if (decoded.header.content_length > header_octets_max) return false;  // ours has some 300 octets
    auto octets = window_.view(0, decoded.octets + static_cast<std::size_t>(decoded.header.content_length));
    if (!octets) return tl::unexpected(octets.error());
    const auto block = octets->substr(std::min(decoded.octets, octets->size()));
    if (sha256(block) != decoded.header.block_digest) return false;
    const auto info = decode_volume_info(block);
    if (!info && info.error().kind == ErrorKind::foreign) return tl::unexpected(info.error());
    if (!info) return false;
    const auto again = decode_header(*octets, info->previous_chain);
    return again && again->chain_expected == decoded.header.chain;
  }

  Result<bool> body(const DecodedHeader& decoded, const Proof& proof) {
    ScannedRecord record{.place = {volume_, at_},
                         .header = decoded.header,
                         .block_offset = at_ + decoded.octets,
                         .end = 0,
                         .block = {},
                         .blank = false};
    const auto length = decoded.header.content_length;
    const auto room = size_ - std::min(size_, record.block_offset + record_end.size());
    if (length > room) return too_long(proof);
    record.end = record.block_offset + length + record_end.size();
    auto flaw = block_flaw(record);
    if (!flaw) return tl::unexpected(flaw.error());
    if (*flaw && (*flaw)->kind == FlawKind::framing && !proof.chained)
      return resync(FlawKind::framing, (*flaw)->text);
    if (auto accepted = accept(record, proof, *flaw); !accepted) return tl::unexpected(accepted.error());
    at_ = record.end;
    return true;
  }

  // A length that the chain proves tells that the file was cut short; any other is itself the damage.
  Result<bool> too_long(const Proof& proof) {
    const std::string why = "the record is longer than the volume";
    if (!proof.chained) return resync(FlawKind::framing, why);
    add_flaw(FlawKind::framing, at_, trail_.expected(), why);
    trail_.lose(at_);
    return false;
  }

  Result<void> accept(const ScannedRecord& record, const Proof& proof, const std::optional<Flaw>& flaw) {
    // After damage there is no chain value to compare with, or one that may itself be the damage.
    const bool unprovable = record.place.offset != 0 && (!chain_known_ || !chain_proven_);
    const bool believed = proof.chained || (unprovable && proof.in_place);
    if (!believed) add_flaw(FlawKind::chain, at_, trail_.expected(), chain_flaw_text(record));
    if (believed) trail_.follow(record.header, at_, record.end, !flaw);
    if (!believed) trail_.lose(at_);
    length_was_proven_ = proof.chained;
    chain_known_ = true;
    chain_proven_ = believed;
    chain_ = record.header.chain;  // also of a record whose block is wrong: its place in the chain is not
    note_warcinfo(record, believed);
    if (flaw) return result_.flaws.push_back(*flaw), Result<void>();
    result_.end = record.end;
    result_.chain = chain_;
    ++result_.records;
    return visit_(record);
  }

  static std::string chain_flaw_text(const ScannedRecord& record) {
    if (record.place.offset != 0)
      return "the chain is broken: a record before it was removed, reordered or altered";
    return record.header.type == RecordType::warcinfo ? "the warcinfo record was altered"
                                                      : "the volume does not begin with a warcinfo record";
  }

  // From a record that is believed: a wrong one would make strangers of all others when the walk has to look
  // for the next.
  void note_warcinfo(const ScannedRecord& record, bool believed) {
    if (record.header.type == RecordType::warcinfo && record.place.offset != 0)
      add_flaw(FlawKind::chain, at_, record.header.batch, "a second warcinfo record");
    else if (believed && result_.warcinfo_id == Uuid{})
      result_.warcinfo_id = record.header.warcinfo_id;
  }

  // What is wrong with the block or the CRLFCRLF after it, if anything. Reads facts into record.block.
  Result<std::optional<Flaw>> block_flaw(ScannedRecord& record) {
    const auto flaw = [&](FlawKind kind, std::string text) {
      return std::optional(Flaw{kind, record.place, record.header.batch, std::move(text)});
    };
    auto closing = window_.view(record.end - record_end.size(), record_end.size());
    if (!closing) return tl::unexpected(closing.error());
    const bool framed = *closing == record_end;
    const bool keep = record.header.type != RecordType::resource;
    if (keep && record.header.content_length > fact_octets_max)
      return flaw(FlawKind::framing, "an absurd length");
    if (keep || options_.read_bodies) {
      const auto octets = read_block(record, keep ? &record.block : nullptr);
      if (!octets) return tl::unexpected(octets.error());
      record.blank = octets->blank && framed && octets->digest != record.header.block_digest;
      if (!record.blank && octets->digest != record.header.block_digest)
        return flaw(framed ? FlawKind::block : FlawKind::framing, "the block differs from its digest");
    }
    if (!framed) return flaw(FlawKind::framing, "the record does not end in CRLF CRLF");
    return std::optional<Flaw>();
  }

  struct BlockOctets {
    Digest digest;
    bool blank = true;  // spaces, all of them
  };

  Result<BlockOctets> read_block(const ScannedRecord& record, std::string* keep) {
    const auto length = record.header.content_length;
    BlockOctets octets;
    for (std::uint64_t done = 0; done < length;) {
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(window_octets, length - done));
      auto piece = window_.view(record.block_offset + done, count);
      if (!piece) return tl::unexpected(piece.error());
      if (piece->empty()) break;
      hash_.update(*piece);
      octets.blank = octets.blank && piece->find_first_not_of(' ') == std::string_view::npos;
      if (keep) keep->append(*piece);
      done += piece->size();
    }
    octets.digest = hash_.finish();
    return octets;
  }

  // After something that is no record: go on at the next one of this volume, if there is any.
  Result<bool> resync(FlawKind kind, std::string why) {
    const auto flawed = at_;
    auto nothing_more = zero_from(flawed);
    if (!nothing_more) return nothing_more;
    if (*nothing_more) return false;
    auto next = find_record(flawed + 1);
    if (!next) return tl::unexpected(next.error());
    const bool found = *next < size_;
    add_flaw(kind, flawed, found ? batch_of_gap() : trail_.expected(), std::move(why));
    trail_.lose(flawed);
    at_ = *next;
    chain_known_ = length_was_proven_ = false;
    return found;
  }

  // A batch begins only after the one before it was synced. So when the first readable record after a gap
  // opens its batch, the gap belongs to an earlier, synced one.
  std::uint64_t batch_of_gap() const {
    const bool opens = found_.batch_index == 0 && found_.batch > 0;
    const auto batch = opens ? found_.batch - 1 : found_.batch;
    return trail_.begun() ? std::min(trail_.expected(), batch) : batch;
  }

  // The offset of the next record, its header in found_; the end when there is none.
  Result<std::uint64_t> find_record(std::uint64_t from) {
    while (from + version_line.size() <= size_) {
      auto octets = window_.view(from, window_octets / 2);
      if (!octets) return tl::unexpected(octets.error());
      const auto hit = octets->find(version_line);
      if (hit == std::string_view::npos) {
        if (octets->size() < version_line.size()) break;
        from += octets->size() - version_line.size() + 1;
        continue;
      }
      from += hit;
      auto found = try_record(from);
      if (!found) return tl::unexpected(found.error());
      if (*found) return from;
      ++from;
    }
    return size_;
  }

  // A message may hold what looks like a record, even a true copy of one. It cannot know the id of this
  // volume's warcinfo, and a copy names another offset and an earlier batch than would be right here.
  Result<bool> try_record(std::uint64_t offset) {
    auto head = window_.view(offset, header_octets_max);
    if (!head) return tl::unexpected(head.error());
    const auto decoded = decode_header(*head, Digest{});
    if (!decoded || decoded->header.type == RecordType::warcinfo) return false;
    found_ = decoded->header;
    const bool of_this_volume = result_.warcinfo_id == Uuid{} || found_.warcinfo_id == result_.warcinfo_id;
    return of_this_volume && found_.offset == offset && trail_.is_later(found_);
  }

  void add_flaw(FlawKind kind, std::uint64_t offset, std::uint64_t batch, std::string text) {
    result_.flaws.push_back({kind, {volume_, offset}, batch, std::move(text)});
  }

  Result<bool> zero_from(std::uint64_t offset) {
    while (offset < size_) {
      auto octets = window_.view(offset, window_octets);
      if (!octets) return tl::unexpected(octets.error());
      if (octets->empty()) break;
      if (octets->find_first_not_of('\0') != std::string_view::npos) return false;
      offset += octets->size();
    }
    return true;
  }

  Window window_;
  const ScanOptions& options_;
  const Visitor& visit_;
  const std::uint32_t volume_;
  const std::uint64_t size_;
  std::uint64_t at_ = 0;
  Digest chain_;  // of the record before, whole or not
  bool chain_known_ = false;
  bool chain_proven_ = true;       // the record before was believed
  bool length_was_proven_ = true;  // of the record before: so this is where a record begins
  BatchTrail trail_;
  RecordHeader found_;  // where the walk goes on after damage
  Sha256 hash_;
  ScanResult result_;
};

}  // namespace

Result<ScanResult> scan_volume(const File& file, std::uint32_t volume, const ScanOptions& options,
                               const Visitor& visit) {
  const auto size = file.size();
  if (!size) return tl::unexpected(size.error());
  return Scan(file, std::min(*size, options.until), volume, options, visit).run();
}

}  // namespace guichet::store
