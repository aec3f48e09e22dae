// Messages made to break a reader of MIME, at full size. Each ends with an inventory, in bounded memory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <new>
#include <string>

#include "filters/mime.h"
#include "filters/mime_walk.h"
#include "store/facts.h"

namespace {

// What is allocated by C++ code at the moment, and at most so far: independent of sanitizers.
std::size_t allocated_octets = 0, allocated_octets_peak = 0;

void* counted(std::size_t octets) {
  void* memory = std::malloc(octets);
  if (!memory) throw std::bad_alloc();
  allocated_octets += ::malloc_usable_size(memory);
  allocated_octets_peak = std::max(allocated_octets_peak, allocated_octets);
  return memory;
}

void uncounted(void* memory) noexcept {
  allocated_octets -= ::malloc_usable_size(memory);
  std::free(memory);
}

}  // namespace

void* operator new(std::size_t octets) {
  return counted(octets);
}
void* operator new[](std::size_t octets) {
  return counted(octets);
}
void operator delete(void* memory) noexcept {
  uncounted(memory);
}
void operator delete[](void* memory) noexcept {
  uncounted(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  uncounted(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  uncounted(memory);
}

namespace guichet::filters {
namespace {

constexpr std::size_t memory_octets_max = 64 * 1024 * 1024;
constexpr std::size_t million = 1'000'000;

std::string repeated(std::string_view unit, std::size_t count) {
  std::string out;
  out.reserve(unit.size() * count);
  for (std::size_t i = 0; i < count; ++i)
    out += unit;
  return out;
}

std::string nested_multiparts(std::size_t depth) {
  std::string out;
  for (std::size_t i = 0; i < depth; ++i) {
    const auto boundary = std::to_string(i);
    out += "Content-Type: multipart/mixed; boundary=" + boundary + "\r\n\r\n--" + boundary + "\r\n";
  }
  return out + "\r\ntext";
}

std::string nested_messages(std::size_t depth) {
  return repeated("Content-Type: message/rfc822\r\n\r\n", depth) + "\r\ntext";
}

std::string multipart(std::string_view boundary, std::string_view body) {
  return "Subject: s\r\nContent-Type: multipart/mixed; boundary=\"" + std::string(boundary) + "\"\r\n\r\n" +
         std::string(body);
}

std::string sections(std::size_t count) {
  std::string out = "Subject: s\r\nContent-Disposition: attachment";
  for (std::size_t i = 0; i < count; ++i)
    out += "; filename*" + std::to_string(i) + "*=%41";
  return out + "\r\n\r\n";
}

// The one part of `multipart` whose header has a boundary of an outer one in it, which looks like a field.
std::string fields_that_are_boundaries(std::size_t count) {
  return multipart("a:b", repeated("--a:b\r\n", count));
}

// A hundred levels, and then lines that are compared with all of them.
std::string many_dashed_lines(std::size_t count) {
  return nested_multiparts(99) + repeated("\n--aa", count);
}

struct Attack {
  const char* name;
  std::function<std::string()> octets;
  std::string too_complex;
  std::size_t parts;
};

void PrintTo(const Attack& attack, std::ostream* out) {
  *out << attack.name;
}

const char* const header_too_large = "a header of more than 256 KB";
const char* const too_many_parts = "more than 10,000 parts";
const char* const too_deep = "more than 100 levels of parts";
const char* const too_many_parameters = "more than 100 parameters in a header field";
const char* const field_too_long = "a header field of more than 64 KB";

// First the table of what breaks a well-known reader, then what broke others, then what could break this one.
const Attack attacks[] = {
    {"a line end that throws", [] { return multipart("a", "--a\n\n\r\n--a--"); }, "", 1},
    {"another one", [] { return multipart("a", "--a\r\n\r\n\r--a--"); }, "", 1},
    {"20,000 multiparts", [] { return nested_multiparts(20'000); }, too_deep, 0},
    {"50,000 multiparts", [] { return nested_multiparts(50'000); }, too_deep, 0},
    {"50,000 messages", [] { return nested_messages(50'000); }, too_deep, 0},
    {"100,000 messages", [] { return nested_messages(100'000); }, too_deep, 0},
    {"1 M empty parts", [] { return multipart("a", repeated("--a\r\n\r\n", million)); }, too_many_parts,
     9'999},
    {"4 M empty parts", [] { return multipart("a", repeated("--a\r\n\r\n", 4 * million)); }, too_many_parts,
     9'999},
    {"one header line of 30 MB", [] { return "Subject: " + std::string(30 * million, 'x'); },
     header_too_large, 0},
    {"folded header of 30 MB", [] { return "X: x" + repeated("\r\n y", 6 * million); }, header_too_large, 0},
    {"no header separator, one line", [] { return std::string(30 * million, 'x'); }, "", 1},
    {"no header separator, lines", [] { return repeated(std::string(98, 'x') + "\r\n", 300'000); }, "", 1},
    {"fields without end", [] { return repeated("X: y\r\n", 5 * million); }, header_too_large, 0},
    {"1 M parameters", [] { return "Content-Type: a/b" + repeated(";a=b", million) + "\r\n\r\n"; },
     header_too_large, 0},
    {"10,000 parameters", [] { return "Content-Type: a/b" + repeated(";a=b", 10'000) + "\r\n\r\n"; },
     too_many_parameters, 0},
    {"1 M addresses", [] { return "To: " + repeated("a@b,", million) + "\r\n\r\n"; }, header_too_large, 0},
    {"20,000 addresses", [] { return "To: " + repeated("a@b,", 20'000) + "\r\n\r\n"; }, field_too_long, 0},
    {"a boundary of 5 MB",
     [] {
       const std::string boundary(5 * million, 'b');
       return multipart(boundary, "--" + boundary + "\r\n\r\n\r\n--" + boundary + "--");
     },
     header_too_large, 0},
    {"a boundary of 71", [] { return multipart(std::string(71, 'b'), "--" + std::string(71, 'b') + "\r\n"); },
     "a boundary of more than 70 characters", 0},
    {"an ordinary body", [] { return "A: b\r\n\r\n" + repeated(std::string(76, 'x') + "\r\n", 50'000); }, "",
     1},
    {"500,000 address headers", [] { return repeated("To: a@b.example\r\n", 500'000) + "\r\nx"; },
     header_too_large, 0},
    {"100,000 sections", [] { return sections(100'000); }, header_too_large, 0},
    {"1,000 sections", [] { return sections(1'000); }, too_many_parameters, 0},
    {"parts of 4 octets", [] { return multipart("a", repeated("\n--a", 4 * million)); }, too_many_parts,
     9'999},
    {"the same boundary inside",
     [] { return repeated("Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n", 50'000); }, too_deep,
     0},
    {"a message that holds its own boundary",
     [] {
       return multipart("a",
                        repeated("--a\r\nContent-Type: message/rfc822\r\n\r\nContent-Type: multipart/mixed; "
                                 "boundary=a\r\n\r\n",
                                 50'000));
     },
     too_deep, 0},
    {"boundaries like fields", [] { return fields_that_are_boundaries(4 * million); }, too_many_parts, 9'999},
    {"many dashed lines", [] { return many_dashed_lines(4 * million); }, "", 1},
    {"dashes", [] { return multipart("a", std::string(30 * million, '-')); }, "", 1},
    {"blanks behind a boundary", [] { return multipart("a", "--a" + std::string(30 * million, ' ') + "x"); },
     "", 1},
    {"comments in comments", [] { return "Content-Type: " + std::string(60'000, '(') + "\r\n\r\n"; }, "", 1},
    {"encoded words",
     [] { return "Subject:" + repeated(" =?iso-2022-jp?Q?=1B(B?= =?utf-7?Q?a?=", 1'500) + "\n\n"; }, "", 1},
    {"words that do not end", [] { return "Subject: " + repeated("=?a?Q?x", 9'000) + "\r\n\r\n"; }, "", 1},
    {"names of 1 MB",
     [] {
       return multipart(
           "a", repeated("--a\r\nContent-Type: a/b; name=" + std::string(2'000, 'n') + "\r\n\r\n", 2'000));
     },
     "more than 1 MB of names and types", 1'042},
    {"line ends", [] { return "A: b\r\n\r\n" + std::string(30 * million, '\n'); }, "", 1},
    {"returns", [] { return multipart("a", std::string(30 * million, '\r')); }, "", 1},
    {"messages of 5 MB each in the other", [] { return nested_messages(99) + std::string(5 * million, 'x'); },
     "messages in messages of more than 400 MB together", 79},
};

class MimeHostile : public testing::TestWithParam<Attack> {};

void expect_shape(const MimeFinding& found, std::string_view octets) {
  for (const auto& part : found.parts) {
    ASSERT_LE(part.offset, octets.size());
    ASSERT_LE(part.length, octets.size() - part.offset);
    ASSERT_TRUE(store::is_utf8(part.name) && store::is_utf8(part.type));
  }
  for (const auto& text : {found.subject, found.from, found.to}) {
    ASSERT_TRUE(store::is_utf8(text));
    ASSERT_LE(text.size(), 1000u);
  }
}

TEST_P(MimeHostile, EndsWithAnInventory) {
  prepare_inventory();
  const auto octets = GetParam().octets();
  const auto before = allocated_octets_peak = allocated_octets;
  const auto found = inventory(octets);
  EXPECT_LT(allocated_octets_peak - before, memory_octets_max);
  EXPECT_EQ(found.too_complex, GetParam().too_complex);
  EXPECT_EQ(found.parts.size(), GetParam().parts);
  expect_shape(found, octets);
}

INSTANTIATE_TEST_SUITE_P(Attacks, MimeHostile, testing::ValuesIn(attacks), [](const auto& attack) {
  std::string name = attack.param.name;
  std::ranges::replace_if(
      name, [](unsigned char c) { return !std::isalnum(c); }, '_');
  return name;
});

// Each limit at both of its sides.

TEST(MimeLimits, OfDepth) {
  EXPECT_EQ(walk(nested_multiparts(100)).too_complex, "");
  EXPECT_EQ(walk(nested_multiparts(100)).entities.size(), 1u);
  EXPECT_EQ(walk(nested_multiparts(101)).too_complex, too_deep);
  EXPECT_EQ(walk(nested_messages(100)).entities.size(), 101u);
  EXPECT_EQ(walk(nested_messages(101)).too_complex, too_deep);
}

TEST(MimeLimits, OfParts) {
  // The multipart itself is counted too.
  EXPECT_EQ(walk(multipart("a", repeated("--a\r\n\r\n", 9'999))).too_complex, "");
  EXPECT_EQ(walk(multipart("a", repeated("--a\r\n\r\n", 10'000))).too_complex, too_many_parts);
}

TEST(MimeLimits, OfABoundary) {
  const std::string boundary(70, 'b');
  const auto found = walk(multipart(boundary, "--" + boundary + "\r\n\r\nx\r\n--" + boundary + "--  \r\n"));
  EXPECT_EQ(found.too_complex, "");
  EXPECT_EQ(found.entities.size(), 1u);
}

TEST(MimeLimits, OfAHeader) {
  const auto field = "X: " + std::string(1'019, 'x') + "\r\n";  // 1 KB
  EXPECT_EQ(walk(repeated(field, 256) + "\r\nbody").too_complex, "");
  EXPECT_EQ(walk(repeated(field, 257) + "\r\nbody").too_complex, header_too_large);
  EXPECT_EQ(walk("X:" + std::string(64 * 1024 - 4, 'x') + "\r\n\r\nbody").too_complex, "");
  EXPECT_EQ(walk("X:" + std::string(64 * 1024, 'x') + "\r\n\r\nbody").too_complex, field_too_long);
  EXPECT_EQ(walk("X:" + std::string(64 * 1024, 'x') + "\r\nA: b\r\n\r\nbody").too_complex, field_too_long);
}

TEST(MimeLimits, KeepWhatWasFoundBefore) {
  const auto octets = multipart("a", "--a\r\n\r\nfirst\r\n--a\r\nContent-Type: x/y" + repeated(";a=b", 101) +
                                         "\r\n\r\nsecond\r\n--a--");
  const auto found = inventory(octets);
  EXPECT_EQ(found.too_complex, too_many_parameters);
  ASSERT_EQ(found.parts.size(), 1u);
  EXPECT_EQ(found.parts[0].size_octets, 5u);
  EXPECT_EQ(found.subject, "s");
}

}  // namespace
}  // namespace guichet::filters
