#include "filters/message_file.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>

namespace guichet::filters {
namespace {

namespace fs = std::filesystem;

class MessageFileTest : public testing::Test {
 protected:
  MessageFileTest() {
    folder_ = testing::TempDir() + "message-file-XXXXXX";
    if (!::mkdtemp(folder_.data())) std::abort();
  }
  ~MessageFileTest() override { fs::remove_all(folder_); }

  [[nodiscard]] MessageFileOptions options() const { return {.memory_octets_max = 100, .folder = folder_}; }
  static std::string read(const MessageFile& file) {
    std::string octets(file.size_octets() + 1, '\0');
    const auto got = ::pread(file.descriptor(), octets.data(), octets.size(), 0);
    octets.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return octets;
  }
  // Nobody who has the descriptor changes the octets.
  static void expect_unchangeable(const MessageFile& file) {
    const auto before = read(file);
    EXPECT_LT(::pwrite(file.descriptor(), "x", 1, 0), 0);
    EXPECT_NE(::ftruncate(file.descriptor(), 0), 0);
    EXPECT_NE(::ftruncate(file.descriptor(), 10'000), 0);
    EXPECT_EQ(::mmap(nullptr, 1, PROT_READ | PROT_WRITE, MAP_SHARED, file.descriptor(), 0), MAP_FAILED);
    EXPECT_EQ(read(file), before);
  }

  std::string folder_;
};

TEST_F(MessageFileTest, HoldsWhatWasAppendedInMemoryOrOnDisk) {
  for (const std::size_t size : {0u, 1u, 99u, 100u, 101u, 5'000u}) {
    std::string octets;
    MessageFileWriter writer(options());
    while (octets.size() < size) {
      const std::string piece(std::min<std::size_t>(33, size - octets.size()),
                              static_cast<char>('a' + octets.size() % 26));
      ASSERT_TRUE(writer.append(piece));
      octets += piece;
    }
    const auto file = writer.finish();
    ASSERT_TRUE(file.has_value()) << file.error();
    EXPECT_EQ(file->size_octets(), size);
    EXPECT_EQ(read(*file), octets);
    struct stat seen {};
    ASSERT_EQ(::fstat(file->descriptor(), &seen), 0);
    EXPECT_EQ(seen.st_nlink, 0u);
    if (size > 0) expect_unchangeable(*file);
    EXPECT_TRUE(fs::is_empty(folder_));
  }
}

TEST_F(MessageFileTest, IsAnErrorWithoutAFolder) {
  const auto file =
      message_file(std::string(101, 'x'), {.memory_octets_max = 100, .folder = folder_ + "/none"});
  ASSERT_FALSE(file.has_value());
  EXPECT_NE(file.error().find("none: No such file or directory"), std::string::npos) << file.error();
}

}  // namespace
}  // namespace guichet::filters
