// Compound files, made by hand after MS-CFB: a header, sectors, directory entries.
#include "filters/compound_file.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace guichet::filters {
namespace {

using namespace std::string_literals;

const auto signature = "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"s;
constexpr char storage = 1, stream = 2;

std::string utf16(std::string_view text) {
  std::string out;
  for (const char c : text)
    out += {c, '\0'};
  return out;
}

// MS-CFB 2.6.1.
std::string entry(std::string_view name, char type = stream, char colour = 1) {
  auto out = utf16(name);
  const auto size = static_cast<char>(out.size() + 2);
  out.resize(64, '\0');
  out += {size, '\0', type, colour};
  out.resize(128, '\xFF');
  return out;
}

// The directory comes after `before` sectors of other things.
std::string compound(const std::string& directory, std::size_t sector_octets = 512, std::size_t before = 1) {
  auto out = signature;
  out.resize(sector_octets, '\0');
  return out + std::string(before * sector_octets, '\x55') + directory;
}

std::string office_directory() {
  return entry("Root Entry", 5) +
         entry(
             "\x06"
             "DataSpaces",
             storage) +
         entry("Version") + entry("EncryptionInfo") + entry("EncryptedPackage");
}

bool encrypted(std::string_view octets, std::size_t piece_octets = std::string_view::npos) {
  CompoundFileMarks marks;
  for (; !octets.empty(); octets.remove_prefix(std::min(piece_octets, octets.size())))
    marks.see(octets.substr(0, piece_octets));
  return marks.encrypted();
}

TEST(CompoundFile, OfAnOfficeFileWithAPasswordIsSeen) {
  EXPECT_TRUE(encrypted(compound(office_directory())));
  EXPECT_TRUE(encrypted(compound(office_directory(), 4096, 3)));
  EXPECT_TRUE(encrypted(compound(entry("ENCRYPTEDpackage", stream, 0)))) << "names have no case";
  EXPECT_TRUE(encrypted(compound("", 512, 9000) + office_directory())) << "behind 4 MB";
}

TEST(CompoundFile, OfAnythingElseIsNot) {
  EXPECT_FALSE(encrypted(""));
  EXPECT_FALSE(encrypted(compound(entry("Root Entry", 5) + entry("WordDocument") + entry("1Table"))));
  EXPECT_FALSE(encrypted(compound(entry("EncryptedPackage", storage)))) << "no stream";
  EXPECT_FALSE(encrypted(compound(entry("EncryptedPackage", stream, 2)))) << "no colour";
  EXPECT_FALSE(encrypted(compound(entry("EncryptedPackages")))) << "a longer name";
  EXPECT_FALSE(encrypted(compound(utf16("EncryptedPackage") + std::string(96, '\0')))) << "a text";
  auto wrong_size = entry("EncryptedPackage");
  wrong_size[65] = 1;
  EXPECT_FALSE(encrypted(compound(wrong_size)));
  EXPECT_FALSE(encrypted(compound(std::string(64, '\0') + office_directory()))) << "at no multiple of 128";
  EXPECT_FALSE(encrypted(std::string(512, 'x') + office_directory())) << "no compound file";
  EXPECT_FALSE(encrypted(entry("EncryptedPackage")));
}

TEST(CompoundFile, IsTheSameHoweverItIsCut) {
  const auto locked = compound(office_directory()), open = compound(entry("WordDocument"));
  for (std::size_t size = 1; size <= locked.size(); ++size) {
    EXPECT_TRUE(encrypted(locked, size)) << size;
    EXPECT_FALSE(encrypted(open, size)) << size;
  }
  for (std::size_t at = 0; at <= locked.size(); ++at) {
    CompoundFileMarks marks;
    marks.see(std::string_view(locked).substr(0, at));
    marks.see(std::string_view(locked).substr(at));
    EXPECT_TRUE(marks.encrypted()) << at;
  }
}

TEST(CompoundFile, IsSeenOnceTheEntryIsWhole) {
  const auto locked = compound(office_directory()) + entry("more");
  const auto needed = locked.size() - 128;
  for (std::size_t size = 0; size <= locked.size(); ++size)
    EXPECT_EQ(encrypted(std::string_view(locked).substr(0, size)), size >= needed) << size;
}

// Nothing that the file says of itself leads anywhere: sectors that point at themselves, sizes of 2^63.
TEST(CompoundFile, WithAHeaderOfNonsenseIsReadAllTheSame) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    auto file = compound(office_directory());
    for (std::size_t at = signature.size(); at < 512; ++at)
      file[at] = static_cast<char>(round == 0 ? 0xFF : random());
    EXPECT_TRUE(encrypted(file, 1 + random() % 700));
  }
}

}  // namespace
}  // namespace guichet::filters
