// A volume made by the store's own code, batch by batch, for tests that then do something to its octets.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "store/archive.h"
#include "store/batch.h"
#include "store/recovery.h"
#include "store/scan.h"
#include "store/volume.h"
#include "tests/store/forgetful_disk.h"
#include "tests/store/workbench.h"

namespace guichet::store {

class SmallVolume {
 public:
  explicit SmallVolume(std::uint32_t number = 1, Tip previous = {}) : number_(number) {
    EXPECT_TRUE(disk_.make_folder(path().parent_path()));
    auto created = ActiveVolume::create(disk_, {.store = "/store",
                                                .prepare_octets = 0,
                                                .has_room = [](std::uint64_t) { return true; },
                                                .previous = previous,
                                                .number = number,
                                                .warcinfo_id = ids_.mint(clock_.now()),
                                                .now = clock_.now()});
    EXPECT_TRUE(created);
    volume_ = std::move(*created);
  }

  [[nodiscard]] std::filesystem::path path() const { return volume_file("/store", number_); }
  [[nodiscard]] std::string octets() const { return disk_.content(path()).value(); }
  [[nodiscard]] std::uint64_t end() const { return volume_->position().end.offset; }
  [[nodiscard]] Tip seal() { return volume_->seal().value(); }

  // Each batch: some mails.
  void add_batch(const std::vector<std::string>& mails) {
    std::vector<Append> appends;
    for (const auto& octets : mails)
      appends.push_back(append_of(new_mail(clock_, ids_, octets)));
    commit(appends);
  }

  void commit(const std::vector<Append>& appends) { ASSERT_TRUE(try_commit(appends)); }
  bool try_commit(const std::vector<Append>& appends) {
    const EqualBody none = [](const Digest&, const Body&) { return std::nullopt; };
    const Batch batch(volume_->position(), clock_, ids_, none, appends);
    return volume_->commit(batch).has_value();
  }

  Append append_of(const Mail& mail) {
    Body body(memory_, disk_, "/store/spool/" + mail.message.uuid.text());
    body.append(mail.octets);
    return {.body = Append::NewMessage{mail.message, clock_.now(), mail.digest(), std::move(body)},
            .facts = facts_of(mail, clock_.now()),
            .done = nullptr};
  }

  ForgetfulDisk& disk() { return disk_; }
  SteadyClock& clock() { return clock_; }
  CountingIds& ids() { return ids_; }
  BodyMemory& memory() { return memory_; }

 private:
  const std::uint32_t number_;
  ForgetfulDisk disk_{"/store"};
  SteadyClock clock_;
  CountingIds ids_;
  BodyMemory memory_{1 << 24};
  std::unique_ptr<ActiveVolume> volume_;
};

// A file of nothing but given octets.
class OctetFile final : public File {
 public:
  explicit OctetFile(std::string octets) : octets_(std::move(octets)) {}
  Result<std::size_t> read_at(std::span<char> into, std::uint64_t offset) const override {
    if (offset >= octets_.size()) return std::size_t{0};
    return octets_.copy(into.data(), into.size(), static_cast<std::size_t>(offset));
  }
  Result<std::uint64_t> size() const override { return octets_.size(); }
  Result<void> write_at(std::span<const iovec>, std::uint64_t) override { return refused(); }
  Result<void> write_durably(std::span<const iovec>, std::uint64_t) override { return refused(); }
  Result<void> sync_data() override { return refused(); }
  Result<void> sync() override { return refused(); }
  Result<void> truncate(std::uint64_t) override { return refused(); }
  Result<void> make_read_only() override { return refused(); }
  Result<bool> is_read_only() const override { return true; }

 private:
  static Result<void> refused() { return fail(ErrorKind::io, "for reading only"); }
  const std::string octets_;
};

struct Scanned {
  ScanResult result;
  std::vector<ScannedRecord> records;
};

inline Scanned scan_octets(const std::string& octets, const ScanOptions& options = {}) {
  Scanned scanned;
  const OctetFile file(octets);
  auto result = scan_volume(file, 1, options, [&scanned](const ScannedRecord& record) {
    scanned.records.push_back(record);
    return Result<void>();
  });
  EXPECT_TRUE(result);
  if (result) scanned.result = std::move(*result);
  return scanned;
}

}  // namespace guichet::store
