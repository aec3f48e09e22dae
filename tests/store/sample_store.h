// A store of several sealed volumes in a folder of its own, with all kinds of records in it, for tests that
// damage it.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "store/archive.h"
#include "store/scan.h"
#include "store/store.h"
#include "workbench.h"

namespace guichet::store {

inline std::string octets_of(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return (std::ostringstream() << stream.rdbuf()).str();
}

// The mark of a sealed volume stays, or is made.
inline void put_octets(const std::filesystem::path& file, const std::string& octets) {
  namespace fs = std::filesystem;
  if (fs::exists(file)) fs::permissions(file, fs::perms::owner_all);
  std::ofstream(file, std::ios::binary | std::ios::trunc) << octets;
  fs::permissions(file, fs::perms::owner_read | fs::perms::group_read);
}

class SampleStore {
 public:
  explicit SampleStore(std::uint8_t family = 1) : ids_(family) {}

  // Of volume 1 on, `count` messages: large and small ones, octets that came before, one or two recipients,
  // some of them collected.
  void fill(int count, std::uint64_t volume_octets_max = 24'000) {
    const auto store = open(volume_octets_max);
    for (int i = 0; i < count; ++i) {
      const auto number = made_++;
      const auto text = number % 5 == 4 ? number - 3 : number;
      const auto mail = new_mail(
          clock_, ids_,
          mail_text("Reply " + std::to_string(text) + " " +
                    std::string(static_cast<std::size_t>(text * 397 % 5000), 'x')),
          number % 3 == 0 ? std::vector<std::string>{"foi", "other"} : std::vector<std::string>{"foi"});
      auto append = to_append(*store, clock_, mail);
      ASSERT_TRUE(append);
      ASSERT_TRUE(push(*store, std::move(*append)).get());
      if (number % 4 == 0) {
        ASSERT_TRUE(push(*store, hand_over(clock_, {{mail.message, mail.uids.front()}})).get());
      }
    }
    store->stop();
  }

  std::unique_ptr<Store> open(std::uint64_t volume_octets_max = 24'000) {
    auto opened = Store::open(
        {.path = folder(), .volume_octets_max = volume_octets_max, .prepare_octets = 0, .commit_wait_us = 0},
        *disk_, clock_, ids_, [](const std::string&) {});
    EXPECT_TRUE(opened) << opened.error().text;
    return std::move(*opened);
  }

  [[nodiscard]] std::filesystem::path folder() const { return temporary_.path() / "store"; }
  [[nodiscard]] std::filesystem::path path(std::uint32_t volume) const {
    return volume_file(folder(), volume);
  }
  [[nodiscard]] std::uint32_t volumes() const {
    std::uint32_t count = 0;
    while (std::filesystem::exists(path(count + 1)))
      ++count;
    return count;
  }

  std::vector<ScannedRecord> records(std::uint32_t volume) {
    std::vector<ScannedRecord> found;
    const auto file = disk_->open_read(path(volume));
    EXPECT_TRUE(scan_volume(**file, volume, {}, [&found](const ScannedRecord& record) {
      found.push_back(record);
      return Result<void>();
    }));
    return found;
  }

  void change(std::uint32_t volume, const std::function<void(std::string&)>& edit) const {
    auto octets = octets_of(path(volume));
    edit(octets);
    put_octets(path(volume), octets);
  }
  void flip(std::uint32_t volume, std::uint64_t offset) const {
    change(volume, [offset](std::string& octets) { octets[offset] = static_cast<char>(octets[offset] ^ 4); });
  }

  SteadyClock& clock() { return clock_; }
  CountingIds& ids() { return ids_; }
  Disk& disk() { return *disk_; }

 private:
  TempFolder temporary_;
  std::unique_ptr<Disk> disk_ = real_disk();
  SteadyClock clock_;
  CountingIds ids_;
  int made_ = 0;
};

}  // namespace guichet::store
