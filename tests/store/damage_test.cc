// A store is damaged at random, in every way in which disks, file systems and people do it; verify must find
// every one of them and name the volume and the record. Then each is repaired from a sound copy.
//
// GUICHET_DAMAGE_SEED and GUICHET_DAMAGE_ROUNDS give other damages, and more of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <numeric>
#include <random>

#include "sample_store.h"
#include "store/repair.h"
#include "store/verify.h"

namespace guichet::store {
namespace {

namespace fs = std::filesystem;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

enum class Kind {
  bit_flip,
  octets_exchanged,
  octets_overwritten,
  block_blanked,
  truncated,
  record_removed,
  record_repeated,
  records_exchanged,
  record_of_another_volume,
  last_record_removed,
  volume_removed,
  volumes_exchanged,
};
constexpr std::array<const char*, 12> kind_names{"bit flip",
                                                 "two octets exchanged",
                                                 "a run of octets overwritten",
                                                 "block blanked, not erased",
                                                 "volume truncated",
                                                 "record removed",
                                                 "record repeated",
                                                 "two records exchanged",
                                                 "record of another volume put in",
                                                 "last record removed",
                                                 "volume removed",
                                                 "two volumes exchanged"};

// Where a finding must point: into the record that holds the first damaged octet, not behind that octet.
struct Expected {
  std::uint32_t volume = 0;
  std::uint64_t record = 0;  // where it begins
  std::uint64_t offset = 0;  // the first octet that is not as it was
};

struct Damage {
  Kind kind = Kind::bit_flip;
  std::string text;
  std::map<std::uint32_t, std::string> volumes;  // new octets; "" and in `removed`: gone
  std::vector<std::uint32_t> removed;
  std::vector<Expected> expected;  // each of them
};

class DamageTest : public testing::Test {
 protected:
  void SetUp() override {
    store_.fill(60);
    ASSERT_GE(store_.volumes(), 5u);
    for (std::uint32_t volume = 1; volume <= store_.volumes(); ++volume) {
      sound_[volume] = octets_of(store_.path(volume));
      records_[volume] = store_.records(volume);
    }
    fs::create_directories(copy_.path() / "volumes");
    for (const auto& [volume, octets] : sound_)
      put_octets(volume_file(copy_.path(), volume), octets);
  }

  // --- Doing it ---

  std::uint64_t below(std::uint64_t end) { return random_() % end; }
  std::uint32_t any_volume() { return 1 + static_cast<std::uint32_t>(below(sound_.size())); }
  std::size_t any_record(std::uint32_t volume) {
    return static_cast<std::size_t>(below(records_[volume].size()));
  }
  std::string octets_of_record(std::uint32_t volume, std::size_t record) {
    const auto& r = records_[volume][record];
    return sound_[volume].substr(r.place.offset, r.end - r.place.offset);
  }
  std::uint64_t record_with(std::uint32_t volume, std::uint64_t offset) {
    std::uint64_t begin = 0;
    for (const auto& record : records_[volume])
      if (record.place.offset <= offset) begin = record.place.offset;
    return begin;
  }

  // The first octet that differs says what must be found; nothing when none does.
  std::optional<Damage> changed(Kind kind, std::uint32_t volume, std::string octets) {
    const auto& sound = sound_[volume];
    const auto first = static_cast<std::uint64_t>(
        std::mismatch(sound.begin(), sound.end(), octets.begin(), octets.end()).first - sound.begin());
    if (octets == sound) return std::nullopt;
    Damage damage{kind, kind_names[static_cast<std::size_t>(kind)], {}, {}, {}};
    damage.text += ", volume " + std::to_string(volume) + " at " + std::to_string(first);
    damage.expected.push_back({volume, record_with(volume, first), first});
    damage.volumes.emplace(volume, std::move(octets));
    return damage;
  }

  std::optional<Damage> damage(Kind kind) {
    const auto volume = any_volume();
    auto octets = sound_[volume];
    const auto& records = records_[volume];
    const auto at = below(octets.size());
    switch (kind) {
      case Kind::bit_flip:
        octets[at] = static_cast<char>(octets[at] ^ (1 << below(8)));
        break;
      case Kind::octets_exchanged:
        std::swap(octets[at], octets[below(octets.size())]);
        break;
      case Kind::octets_overwritten:
        overwrite(octets, at);
        break;
      case Kind::block_blanked: {
        const auto& blank = records[any_record(volume)];
        std::fill_n(octets.begin() + static_cast<std::ptrdiff_t>(blank.block_offset),
                    blank.header.content_length, ' ');
        break;
      }
      case Kind::truncated:
        octets.resize(at);
        break;
      case Kind::record_removed: {
        const auto& gone = records[any_record(volume)];
        octets.erase(gone.place.offset, gone.end - gone.place.offset);
        break;
      }
      case Kind::record_repeated:
        octets.insert(records[any_record(volume)].end, octets_of_record(volume, any_record(volume)));
        break;
      case Kind::records_exchanged:
        exchange_records(octets, volume);
        break;
      case Kind::record_of_another_volume: {
        const auto other = any_volume();
        const auto& replaced = records[any_record(volume)];
        octets.replace(replaced.place.offset, replaced.end - replaced.place.offset,
                       octets_of_record(other, any_record(other)));
        break;
      }
      case Kind::last_record_removed:
        octets.resize(records.back().place.offset);
        break;
      case Kind::volume_removed:
        return Damage{kind, "volume " + std::to_string(volume) + " removed", {}, {volume}, {{volume, 0, 0}}};
      case Kind::volumes_exchanged: {
        const auto other = any_volume();
        if (other == volume) return std::nullopt;
        return Damage{kind,
                      "volumes " + std::to_string(volume) + " and " + std::to_string(other) + " exchanged",
                      {{volume, sound_[other]}, {other, sound_[volume]}},
                      {},
                      {{volume, 0, 0}, {other, 0, 0}}};
      }
    }
    return changed(kind, volume, std::move(octets));
  }

  // Zeros, as of a sector that was never written, or noise.
  void overwrite(std::string& octets, std::uint64_t at) {
    const auto end = std::min<std::uint64_t>(octets.size(), at + 1 + below(2000));
    const bool zeros = below(2) == 0;
    for (auto i = at; i < end; ++i)
      octets[i] = zeros ? '\0' : static_cast<char>(below(256));
  }

  void exchange_records(std::string& octets, std::uint32_t volume) {
    const auto a = any_record(volume), b = any_record(volume);
    if (a == b) return;
    const auto &first = records_[volume][std::min(a, b)], &second = records_[volume][std::max(a, b)];
    octets.replace(second.place.offset, second.end - second.place.offset,
                   octets_of_record(volume, std::min(a, b)));
    octets.replace(first.place.offset, first.end - first.place.offset,
                   octets_of_record(volume, std::max(a, b)));
  }

  void apply(const Damage& damage) {
    for (const auto& [volume, octets] : damage.volumes)
      put_octets(store_.path(volume), octets);
    for (const auto volume : damage.removed)
      fs::remove(store_.path(volume));
  }
  void undo(const Damage& damage) {
    for (const auto& [volume, octets] : damage.volumes)
      put_octets(store_.path(volume), sound_[volume]);
    for (const auto volume : damage.removed)
      put_octets(store_.path(volume), sound_[volume]);
  }

  // --- Finding it ---

  VerifyReport verified() {
    const Archive archive(store_.disk(), store_.folder());
    auto report = verify(archive, {});
    EXPECT_TRUE(report) << report.error().text;
    return report ? *report : VerifyReport{};
  }

  // A finding about a volume as a whole has no offset: octets are missing at its end. The end of the last
  // volume is known to the index alone.
  static bool names(const Finding& finding, const Expected& expected) {
    if (finding.kind != FindingKind::damage || finding.place.volume != expected.volume) return false;
    if (finding.where == "index" || finding.where == where(expected.volume)) return true;
    return finding.place.offset >= expected.record && finding.place.offset <= expected.offset;
  }

  static bool is_found(const VerifyReport& report, const Damage& damage) {
    return std::all_of(damage.expected.begin(), damage.expected.end(), [&](const Expected& expected) {
      return std::any_of(report.findings.begin(), report.findings.end(),
                         [&](const Finding& finding) { return names(finding, expected); });
    });
  }

  static std::string said(const VerifyReport& report) {
    std::string text;
    for (const auto& finding : report.findings)
      text += "\n  " + finding.where + ": " + finding.what;
    return text.empty() ? "\n  nothing" : text;
  }

  std::optional<Damage> any_damage(std::uint64_t number) {
    return damage(static_cast<Kind>(number % kind_names.size()));
  }

  SampleStore store_;
  TempFolder copy_;
  std::map<std::uint32_t, std::string> sound_;
  std::map<std::uint32_t, std::vector<ScannedRecord>> records_;
  std::mt19937_64 random_{from_environment("GUICHET_DAMAGE_SEED", 20261123)};
};

TEST_F(DamageTest, EveryRandomDamageIsFoundAndNamed) {
  ASSERT_FALSE(verified().damaged()) << said(verified());
  const auto rounds = from_environment("GUICHET_DAMAGE_ROUNDS", 1000);
  std::array<std::uint64_t, kind_names.size()> found{}, done{};
  for (std::uint64_t round = 0; round < rounds;) {
    const auto made = any_damage(round);
    if (!made) continue;  // the same octets by chance
    apply(*made);
    const auto report = verified();
    const bool is_named = is_found(report, *made);
    EXPECT_TRUE(is_named) << made->text << ": verify says" << said(report);
    undo(*made);
    ++done[static_cast<std::size_t>(made->kind)];
    found[static_cast<std::size_t>(made->kind)] += is_named ? 1 : 0;
    ++round;
  }
  for (std::size_t kind = 0; kind < kind_names.size(); ++kind)
    std::cout << "  " << kind_names[kind] << ": " << found[kind] << "/" << done[kind] << '\n';
  std::cout << "random damages found and named: " << std::accumulate(found.begin(), found.end(), 0ull) << "/"
            << rounds << '\n';
  EXPECT_FALSE(verified().damaged());
}

TEST_F(DamageTest, EveryRandomDamageIsRepairedFromACopy) {
  const auto rounds = from_environment("GUICHET_DAMAGE_ROUNDS", 1000) / 4;
  const auto source = folder_source(store_.disk(), copy_.path());
  std::uint64_t repaired = 0;
  for (std::uint64_t round = 0; round < rounds;) {
    const auto made = any_damage(round);
    if (!made) continue;
    ++round;
    apply(*made);
    const Archive archive(store_.disk(), store_.folder());
    const auto plan = plan_repair(archive, verified());
    for (const auto& [volume, done] : restore_volumes(archive, plan, *source))
      EXPECT_TRUE(done) << made->text << ": " << done.error().text;
    bool equal = true;
    for (const auto& [volume, octets] : sound_)
      equal = equal && octets_of(store_.path(volume)) == octets;
    EXPECT_TRUE(equal) << made->text;
    EXPECT_FALSE(verified().damaged()) << made->text << said(verified());
    repaired += equal ? 1 : 0;
    undo(*made);
    for (const auto& entry : fs::directory_iterator(store_.folder() / "volumes"))
      if (entry.path().string().find(".damaged") != std::string::npos) fs::remove(entry.path());
  }
  std::cout << "random damages repaired octet for octet: " << repaired << "/" << rounds << '\n';
}

// --- Is there an octet that no digest covers? --------------------------------------------------------------

class MemoryFile final : public File {
 public:
  explicit MemoryFile(std::string octets) : octets_(std::move(octets)) {}
  Result<std::size_t> read_at(std::span<char> into, std::uint64_t offset) const override {
    const auto count = std::min<std::size_t>(into.size(), octets_.size() - std::min(octets_.size(), offset));
    std::memcpy(into.data(), octets_.data() + offset, count);
    return count;
  }
  Result<void> write_at(std::span<const iovec>, std::uint64_t) override { return refused(); }
  Result<void> write_durably(std::span<const iovec>, std::uint64_t) override { return refused(); }
  Result<void> sync_data() override { return refused(); }
  Result<void> sync() override { return refused(); }
  Result<std::uint64_t> size() const override { return octets_.size(); }
  Result<void> truncate(std::uint64_t) override { return refused(); }
  Result<void> make_read_only() override { return refused(); }
  Result<bool> is_read_only() const override { return true; }

  std::string& octets() { return octets_; }

 private:
  static Result<void> refused() { return fail(ErrorKind::io, "read-only"); }
  std::string octets_;
};

TEST(EveryBit, OfAVolumeIsCoveredAndItsFlipIsNamedByTheRecordThatHoldsIt) {
  SampleStore store;
  store.fill(3, 1 << 20);
  const auto records = store.records(1);
  MemoryFile file(octets_of(store.path(1)));
  std::uint64_t flips = 0, missed = 0;
  for (const auto& record : records) {
    // Bodies of xs are all alike; their ends are enough.
    const auto dull_begin = record.block_offset + 200, dull_end = record.end - 20;
    for (auto at = record.place.offset; at < record.end; ++at) {
      if (record.header.type == RecordType::resource && at > dull_begin && at < dull_end) continue;
      for (int bit = 0; bit < 8; ++bit) {
        file.octets()[at] = static_cast<char>(file.octets()[at] ^ (1 << bit));
        const auto scan = scan_volume(file, 1, {}, [](const ScannedRecord&) { return Result<void>(); });
        const bool named = scan ? !scan->flaws.empty() && scan->flaws.front().place == record.place
                                : scan.error().kind == ErrorKind::foreign && record.place.offset == 0;
        file.octets()[at] = static_cast<char>(file.octets()[at] ^ (1 << bit));
        ++flips;
        if (named) continue;
        ++missed;
        ADD_FAILURE() << "bit " << bit << " of octet " << at << " of the record at " << record.place.offset;
        if (missed > 20) return;
      }
    }
  }
  std::cout << "single bits flipped and named: " << flips - missed << "/" << flips << '\n';
}

}  // namespace
}  // namespace guichet::store
