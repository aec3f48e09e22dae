// The index as a file: found to be another's, made anew, rebuilt, on a full disk.
#include <sqlite3.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <fstream>

#include "tests/store/index_bench.h"

namespace guichet::store {
namespace {

// --- What is no index of ours
// -----------------------------------------------------------------------------------

void run_sql(const fs::path& file, const char* sql) {
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &handle), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(handle, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(handle);
  sqlite3_close(handle);
}

class ForeignIndexTest : public IndexTest {
 protected:
  void SetUp() override {
    fs::create_directories(file.parent_path());
    aside = fs::path(file).concat(".foreign");
  }
  void expect_set_aside() {
    open();
    EXPECT_TRUE(fs::exists(aside));
    EXPECT_EQ(must(reader().counts()), IndexCounts{});
    apply({received(1, "a")});
    open();
    EXPECT_EQ(must(reader().counts()).messages, 1u);
  }

  fs::path aside;
};

TEST_F(ForeignIndexTest, TextIsSetAside) {
  std::ofstream(file) << std::string(10'000, 'x');
  std::ofstream(fs::path(file).concat("-wal")) << "left over";
  expect_set_aside();
  EXPECT_EQ(fs::file_size(aside), 10'000u);
}

TEST_F(ForeignIndexTest, AnotherProgramsDatabaseIsSetAside) {
  run_sql(file, "CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)");
  expect_set_aside();
  run_sql(aside, "SELECT x FROM theirs");
}

TEST_F(ForeignIndexTest, AnotherVersionIsSetAside) {
  open();
  index.reset();
  run_sql(file, "PRAGMA user_version = 999");
  EXPECT_EQ(IndexReader::open(file).error().kind, ErrorKind::foreign);
  expect_set_aside();
}

TEST_F(ForeignIndexTest, ADamagedSchemaIsSetAside) {
  open();
  index.reset();
  std::fstream octets(file, std::ios::in | std::ios::out | std::ios::binary);
  octets.seekp(100);
  octets << std::string(3000, '\x55');
  octets.close();
  expect_set_aside();
}

TEST_F(ForeignIndexTest, AnEmptyFileIsTaken) {
  std::ofstream{file};
  open();
  EXPECT_FALSE(fs::exists(aside));
  EXPECT_EQ(must(reader().counts()), IndexCounts{});
}

TEST_F(ForeignIndexTest, AnewWhateverThereIs) {
  open();
  apply({received(1, "a")});
  index.reset();
  index = must(Index::open_anew(file));
  EXPECT_TRUE(fs::exists(aside));
  EXPECT_EQ(must(reader().counts()), IndexCounts{});
}

TEST(Index, NoFolderIsAnError) {
  const Folder folder;
  std::ofstream(folder.path() / "file");
  EXPECT_FALSE(Index::open(folder.path() / "file" / "index.sqlite"));
}

// --- Rebuilding
// ---------------------------------------------------------------------------------------------------

TEST_F(IndexTest, ARebuildIsSeenWhenItHasEnded) {
  apply({body("a", 1), received(1, "a"), delivered(1, 1), handed_over(2, 9)});
  const auto beside = another_reader();
  must(index->begin_rebuild());
  apply({received(2, "b"), received(3, "c")});
  EXPECT_EQ(numbers(must(beside->newest(9))), Numbers{1});
  must(index->end_rebuild());
  EXPECT_EQ(numbers(must(beside->newest(9))), (Numbers{3, 2}));
  EXPECT_EQ(must(beside->counts()), (IndexCounts{.messages = 2}));
  apply({delivered(2, 9)});
  EXPECT_EQ(waiting("foi"), Offsets{2});  // the hand-over known before went with the rest
}

TEST_F(IndexTest, ARebuildThatIsAbandonedChangesNothing) {
  apply({received(1, "a")});
  index->abandon_rebuild();
  must(index->begin_rebuild());
  apply({received(2, "b")});
  index->abandon_rebuild();
  EXPECT_EQ(numbers(must(reader().newest(9))), Numbers{1});
  must(index->begin_rebuild());
  apply({received(2, "b")});
  open();
  EXPECT_EQ(numbers(must(reader().newest(9))), Numbers{1});
}

// --- A full disk
// --------------------------------------------------------------------------------------------------

// No file grows past its size while this lives.
class FullDisk {
 public:
  explicit FullDisk(const fs::path& largest) : ignored_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit now = {fs::file_size(largest) + 8192, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &now);
  }
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, ignored_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit before_{};
  void (*ignored_)(int);
};

std::vector<News> much_news() {
  std::vector<News> news;
  for (unsigned n = 2; n < 3000; ++n)
    news.push_back(received(n, std::to_string(n)));
  return news;
}

TEST_F(IndexTest, WhatDoesNotFitLeavesNothingBehind) {
  apply({received(1, "a")});
  const IndexPosition later = {{9, 9}, sha256("later")};
  {
    const FullDisk full(fs::path(file).concat("-wal"));
    EXPECT_FALSE(index->apply(much_news(), later));
  }
  EXPECT_EQ(must(reader().counts()).messages, 1u);
  EXPECT_EQ(must(reader().position()), somewhere);
  must(index->apply(much_news(), later));
  EXPECT_EQ(must(reader().counts()).messages, 2999u);
  EXPECT_EQ(must(reader().position()), later);
}

TEST_F(IndexTest, ARebuildThatFailsLeavesTheOldIndex) {
  apply({received(1, "a")});
  must(index->begin_rebuild());
  {
    const FullDisk full(fs::path(file).concat("-wal"));
    std::vector<News> news = much_news();
    Result<void> done;
    // The cache of a rebuild holds a great deal of it: it fails when that is written out.
    for (unsigned round = 1; done && round < 256; ++round) {
      done = index->apply(news, somewhere);
      for (News& item : news)
        std::get<Received>(std::get<NewFact>(item).fact).message.uuid.octets[12] =
            static_cast<std::uint8_t>(round);
    }
    EXPECT_FALSE(done);
    EXPECT_FALSE(index->apply({}, somewhere));
    EXPECT_FALSE(index->end_rebuild());
  }
  EXPECT_EQ(numbers(must(reader().newest(9))), Numbers{1});
  apply({received(2, "b")});
  EXPECT_EQ(numbers(must(another_reader()->newest(9))), (Numbers{2, 1}));
}

}  // namespace
}  // namespace guichet::store
