// 7z archives, made by hand after 7zFormat.txt.
#include "filters/seven_zip.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace guichet::filters {
namespace {

using namespace std::string_literals;

const auto lzma = "\x03\x01\x01"s, aes = "\x06\xF1\x07\x01"s, bcj2 = "\x03\x03\x01\x1B"s;

std::string little_endian_64(std::uint64_t number) {
  std::string out;
  for (int i = 0; i < 8; ++i, number >>= 8)
    out += static_cast<char>(number & 0xFF);
  return out;
}
std::string huge() {
  return "\xFF"s + little_endian_64(std::uint64_t{1} << 63);
}

// With properties of five octets, as most have.
std::string coder(const std::string& id) {
  return static_cast<char>(0x20 + id.size()) + id + "\x05ppppp"s;
}
std::string folder(const std::string& coders, char count = 1, const std::string& bindings = "") {
  return count + coders + bindings;
}
std::string locked_folder() {
  return folder(coder(lzma) + coder(aes), 2, "\x01\0"s);
}
std::string open_folder() {
  return folder(coder(lzma));
}

// StreamsInfo: a packed stream with a size and a digest, then folders; what follows is not read.
std::string streams(const std::string& folders, char count = 1) {
  return "\x06\0\x01\x09\x81\x23\x0A\x01"s + "CCCC" + "\0\x07\x0B"s + count + "\0"s + folders +
         "\x0C\x10\0\0"s;
}
std::string plain_list(const std::string& streams_info) {
  return "\x01\x04"s + streams_info + "\0"s;
}
std::string packed_list(const std::string& streams_info) {
  return "\x17"s + streams_info;
}

std::string start_header(std::uint64_t list_offset, std::uint64_t list_octets) {
  return "7z\xBC\xAF\x27\x1C\0\x04"
         "CCCC"s +
         little_endian_64(list_offset) + little_endian_64(list_octets) + "CCCC";
}
std::string archive(const std::string& list, std::size_t packed_octets = 100) {
  return start_header(packed_octets, list.size()) + std::string(packed_octets, 'p') + list;
}

bool encrypted(std::string_view octets, std::size_t piece_octets = std::string_view::npos) {
  SevenZipMarks marks;
  for (; !octets.empty(); octets.remove_prefix(std::min(piece_octets, octets.size())))
    marks.see(octets.substr(0, piece_octets));
  return marks.encrypted();
}

TEST(SevenZip, WithAPasswordIsSeen) {
  EXPECT_TRUE(encrypted(archive(plain_list(streams(locked_folder())))));
  EXPECT_TRUE(encrypted(archive(plain_list(streams(locked_folder())), 0)));
  EXPECT_TRUE(encrypted(archive(plain_list(streams(locked_folder())), 3'000'000)));
  EXPECT_TRUE(encrypted(archive(packed_list(streams(locked_folder()))))) << "the list as well";
  EXPECT_TRUE(encrypted(archive(plain_list(streams(folder(coder(aes)))))));
}

TEST(SevenZip, WithoutOneIsNot) {
  EXPECT_FALSE(encrypted(""));
  EXPECT_FALSE(encrypted(archive("")));
  EXPECT_FALSE(encrypted(archive(plain_list(streams(open_folder())))));
  EXPECT_FALSE(encrypted(archive(packed_list(streams(open_folder()))))) << "a list that is only packed";
  EXPECT_FALSE(encrypted(archive("\x05"s + streams(locked_folder())))) << "no list";
  EXPECT_FALSE(encrypted("x" + archive(plain_list(streams(locked_folder()))))) << "no archive";
  EXPECT_FALSE(encrypted(archive(plain_list(streams(folder("\x25" + aes + "\x01\x05ppppp"))))))
      << "a coder whose number only begins so";
}

// What stands in front of the coder: properties, more streams and folders, streams without a digest, coders
// of several streams.
TEST(SevenZip, IsReadAsFarAsItsCoders) {
  const auto properties = "\x02\x55\x03xyz\0"s;
  EXPECT_TRUE(encrypted(archive("\x01"s + properties + "\x04"s + streams(locked_folder()))));
  EXPECT_TRUE(encrypted(archive("\x01\x03"s + streams(locked_folder()))));
  EXPECT_TRUE(encrypted(archive(plain_list("\x07\x0B\x01\0"s + locked_folder())))) << "no packed streams";
  const auto some_digests = "\x06\0\x09\x09"s + std::string(9, '\x01') + "\x0A\0\x40\x80"s + "AAAABBBB" +
                            "\x19\x02zz\0\x07\x0B\x01\0"s;
  EXPECT_TRUE(encrypted(archive(plain_list(some_digests + locked_folder()))));
  const auto four_streams = "\x14"s + bcj2 + "\x04\x01"s;
  const auto open =
      folder(four_streams + coder(lzma) + coder(lzma), 3, "\x00\x02\x01\x03"s + "\x00\x01\x02\x03"s);
  EXPECT_TRUE(encrypted(archive(plain_list(streams(open + locked_folder(), 2)))));
  EXPECT_FALSE(encrypted(archive(plain_list(streams(open + locked_folder(), 1))))) << "behind the folders";
}

TEST(SevenZip, IsTheSameHoweverItIsCut) {
  const auto locked = archive(plain_list(streams(locked_folder()))),
             open = archive(plain_list(streams(open_folder())));
  for (std::size_t size = 1; size <= locked.size(); ++size) {
    EXPECT_TRUE(encrypted(locked, size)) << size;
    EXPECT_FALSE(encrypted(open, size)) << size;
  }
  for (std::size_t at = 0; at <= locked.size(); ++at) {
    SevenZipMarks marks;
    marks.see(std::string_view(locked).substr(0, at));
    marks.see(std::string_view(locked).substr(at));
    EXPECT_TRUE(marks.encrypted()) << at;
  }
}

TEST(SevenZip, IsSeenOnceTheCodersNumberIsWhole) {
  for (const auto& list : {plain_list(streams(locked_folder())), packed_list(streams(locked_folder()))}) {
    const auto locked = archive(list);
    const auto needed = locked.find(aes) + aes.size();
    for (std::size_t size = 0; size <= locked.size(); ++size) {
      EXPECT_EQ(encrypted(std::string_view(locked).substr(0, size)), size >= needed) << size;
      if (size < 132) continue;
      EXPECT_EQ(encrypted(start_header(100, size - 132) + locked.substr(32)), size >= needed) << size;
    }
  }
}

// A list that is larger than what is kept of it.
TEST(SevenZip, KeepsTheBeginningOfALongList) {
  const auto list = plain_list(streams(locked_folder()));
  EXPECT_TRUE(encrypted(archive(list + std::string(1'000'000, '\xFF'), 10), 777));
  EXPECT_TRUE(encrypted(start_header(5, std::uint64_t{1} << 63) + "ppppp" + list));
  const auto properties = "\x02\x55\xDF\xFF\xFF"s + std::string(0x1FFFFF, 'x') + "\0"s;
  EXPECT_FALSE(encrypted(archive("\x01"s + properties + "\x04"s + streams(locked_folder()))));
}

TEST(SevenZip, IsNotLedAstrayByNumbersOf2To63) {
  const auto list = plain_list(streams(locked_folder()));
  for (const auto offset : {std::uint64_t{1} << 63, ~std::uint64_t{0}, ~std::uint64_t{0} - 31})
    EXPECT_FALSE(encrypted(start_header(offset, list.size()) + list));
  const std::string cases[] = {
      "\x01\x02\x55"s + huge(),                                     // an archive's property
      "\x01\x04\x06\0"s + huge() + "\x09"s,                         // packed streams, their sizes
      "\x01\x04\x06\0"s + huge() + "\x0A\x01"s,                     // all digests
      "\x01\x04\x06\0"s + huge() + "\x0A\0"s,                       // some
      "\x01\x04\x06\0\x01\x19"s + huge(),                           // something unknown
      "\x01\x04\x07\x0B"s + huge() + "\0"s,                         // folders
      "\x01\x04\x07\x0B\x01\0"s + huge(),                           // coders
      "\x01\x04\x07\x0B\x01\0\x01\x13"s + lzma + huge() + "\x01"s,  // streams in
      "\x01\x04\x07\x0B\x01\0\x01\x13"s + lzma + "\x01"s + huge(),  // and out
      "\x01\x04\x07\x0B\x01\0\x01\x23"s + lzma + huge(),            // properties
  };
  for (const auto& begins : cases) {
    EXPECT_FALSE(encrypted(archive(begins)));
    EXPECT_FALSE(encrypted(archive(begins + std::string(50'000, '\x01'))));
    EXPECT_FALSE(encrypted(archive(begins + std::string(50'000, '\xFF'))));
  }
}

// Any one octet changed, and noise: an answer comes, and no octet beyond the list is read (asan says so).
TEST(SevenZip, ReadsNonsenseToItsEnd) {
  const auto locked = archive(plain_list(streams(open_folder() + locked_folder(), 2)), 3);
  int seen = 0;
  for (std::size_t at = 35; at < locked.size(); ++at)
    for (int octet = 0; octet < 256; ++octet) {
      auto changed = locked;
      changed[at] = static_cast<char>(octet);
      seen += encrypted(changed) ? 1 : 0;
    }
  EXPECT_GT(seen, 256);
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    auto noise = "\x01\x04\x07\x0B"s;
    for (int i = 0; i < 300; ++i)
      noise += static_cast<char>(random() % (round % 2 == 0 ? 256 : 12));
    SevenZipMarks marks;
    marks.see(archive(noise));
    EXPECT_EQ(marks.encrypted(), marks.encrypted());
  }
}

}  // namespace
}  // namespace guichet::filters
