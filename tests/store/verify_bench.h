// A store to be damaged, and what verify says of it: what the tests of verify share.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "store/hash.h"
#include "store/scan.h"
#include "store/store.h"
#include "store/verify.h"

namespace guichet::store {

inline void PrintTo(const Finding& finding, std::ostream* out) {
  *out << (finding.kind == FindingKind::note ? "note: " : "damage: ") << finding.where << ": "
       << finding.what;
}

namespace fs = std::filesystem;
using testing::AllOf;
using testing::Field;
using testing::HasSubstr;

inline auto damage(const std::string& where, const std::string& what) {
  return AllOf(Field("kind", &Finding::kind, FindingKind::damage), Field("where", &Finding::where, where),
               Field("what", &Finding::what, HasSubstr(what)));
}

inline auto note(const std::string& where, const std::string& what) {
  return AllOf(Field("kind", &Finding::kind, FindingKind::note), Field("where", &Finding::where, where),
               Field("what", &Finding::what, HasSubstr(what)));
}

inline auto any_damage() {
  return Field("kind", &Finding::kind, FindingKind::damage);
}

inline std::string file_octets(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return (std::ostringstream() << stream.rdbuf()).str();
}

class VerifyTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "guichet-verify-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  // --- Making a store ---

  std::unique_ptr<Store> open_store() {
    auto opened = Store::open({.path = folder_ / "store", .prepare_octets = 1 << 16}, *disk_, *clock_, *ids_,
                              [](const std::string&) {});
    EXPECT_TRUE(opened) << opened.error().text;
    return std::move(*opened);
  }

  static std::uint64_t served_octets(const std::string& text) {
    ServedTransform transform({.version = served_rule_latest, .owned = owned_fields()});
    transform.feed(text, [](std::string_view) {});
    transform.finish([](std::string_view) {});
    return transform.facts().octets;
  }

  Delivered delivered(const MessageId& message, const std::string& text, const Recipient& recipient) {
    Delivered fact{Uid{ids_->mint(clock_->now())}, message, clock_->now(), recipient, {}};
    fact.form.prefix = "Envelope-To: <" + recipient.address + ">\r\n";
    fact.form.rule.owned = owned_fields();
    fact.form.size_octets = fact.form.prefix.size() + served_octets(text);
    return fact;
  }

  static void append(Store& store, Append append) {
    std::promise<Result<void>> done;
    append.done = [&done](Result<void> result) { done.set_value(std::move(result)); };
    store.append(std::move(append));
    const auto result = done.get_future().get();
    ASSERT_TRUE(result) << result.error().text;
  }

  // The message with a delivery to each of two recipients; returns these.
  std::vector<Delivered> take(Store& store, const std::string& text) {
    const auto now = clock_->now();
    const MessageId message{ids_->mint(now)};
    auto body = store.new_body(message);
    body.append(text);
    const Received received{
        message, now, sha256(text), text.size(), {{"foi+1@example.test", "foi"}, {"foi@example.test", "foi"}},
        "{}"};
    std::vector<Delivered> deliveries;
    Append taken{.body = Append::NewMessage{message, now, sha256(text), std::move(body)},
                 .facts = {received},
                 .done = {}};
    for (const auto& recipient : received.recipients)
      taken.facts.emplace_back(deliveries.emplace_back(delivered(message, text, recipient)));
    append(store, std::move(taken));
    return deliveries;
  }

  void hand_over(Store& store, const Delivered& delivery) {
    append(store, {.body = {},
                   .facts = {HandedOver{delivery.uid, delivery.message, clock_->now(), "pop3"}},
                   .done = {}});
  }

  static std::string text(int number) {
    return "Return-Path: <theirs>\nSubject: " + std::to_string(number) + "\r\n\r\nbody\r\n";
  }

  // Two sealed volumes: three messages, one of them with octets that came before, and a hand-over in each.
  void fill() {
    for (int run = 0; run < 2; ++run) {
      const auto store = open_store();
      const auto first = take(*store, text(2 * run));
      take(*store, text(2 * run + 1));
      take(*store, text(0));
      hand_over(*store, first.front());
      store->stop();
    }
  }

  // --- Damaging it ---

  fs::path volume(std::uint32_t number) const { return volume_file(folder_ / "store", number); }

  std::vector<ScannedRecord> records(std::uint32_t number, RecordType type) {
    std::vector<ScannedRecord> found;
    const auto file = disk_->open_read(volume(number));
    const auto scan = scan_volume(**file, number, {}, [&](const ScannedRecord& record) {
      if (record.header.type == type) found.push_back(record);
      return Result<void>();
    });
    EXPECT_TRUE(scan);
    return found;
  }

  // As somebody with an editor would, or a disk that forgets: the mark of a sealed volume stays.
  void change(std::uint32_t number, const std::function<void(std::string&)>& edit) {
    auto octets = file_octets(volume(number));
    edit(octets);
    write(volume(number), octets);
  }

  static void write(const fs::path& file, const std::string& octets) {
    const bool there = fs::exists(file);
    const auto mode = there ? fs::status(file).permissions() : fs::perms::owner_read;
    if (there) fs::permissions(file, fs::perms::owner_all);
    std::ofstream(file, std::ios::binary | std::ios::trunc) << octets;
    if (there) fs::permissions(file, mode);
  }

  void flip(std::uint32_t number, std::uint64_t offset) {
    change(number, [offset](std::string& octets) { octets[offset] = static_cast<char>(octets[offset] ^ 1); });
  }

  void unseal(std::uint32_t number) { fs::permissions(volume(number), fs::perms::owner_all); }

  void run_sql(const std::string& sql) {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(index_file(folder_ / "store").c_str(), &database), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(database);
    sqlite3_close(database);
  }

  void remove_index() { fs::remove_all(folder_ / "store/index"); }

  // --- What verify says ---

  VerifyReport verified() {
    const Archive archive(*disk_, folder_ / "store");
    auto report = verify(archive, {});
    EXPECT_TRUE(report);
    return report ? *report : VerifyReport{};
  }
  Findings findings() { return verified().findings; }

  fs::path folder_;
  std::unique_ptr<Disk> disk_ = real_disk();
  std::unique_ptr<Clock> clock_ = real_clock();
  std::unique_ptr<IdSource> ids_ = random_ids();
};

}  // namespace guichet::store
