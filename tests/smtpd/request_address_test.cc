#include "smtpd/request_address.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace guichet::smtpd {
namespace {

// The secrets that Alaveteli's own configuration and tests publish.
constexpr std::string_view standard = "dummysecret";
constexpr std::string_view specs = "xxxx xxxx xxxx xxxx xxxx xxxx xxxx xxxx";

TEST(RequestAddress, PublishedHashes) {
  EXPECT_EQ(request_hash(3, standard), "691c8388");
  EXPECT_EQ(request_hash(101, specs), "50929748");
  EXPECT_EQ(request_hash(14, specs), "e0e09f97");
  EXPECT_EQ(request_hash(1, specs), "6d5ed5da");
  EXPECT_EQ(request_hash(83, specs), "38b1b5b2");
  EXPECT_EQ(request_hash(1234, specs), "8fd16f8e");
  EXPECT_EQ(request_hash(331612, specs), "533828c3");
  EXPECT_EQ(request_hash(1, standard), "e3e01ab3");
  EXPECT_EQ(request_hash(14, standard), "e77766da");
  EXPECT_EQ(request_hash(101, standard), "caa569c8");
  EXPECT_EQ(request_hash(1234, standard), "aadc2f3d");
}

TEST(RequestAddress, IsReadWithAlavetelisTolerance) {
  for (const auto* address : {"foi+request-14-e0e09f97@example.com", "FOI+Request-14-E0E09F97@EXAMPLE.COM",
                              "request-14-eoeo9f97@other.tld", "request-bounce-14-e0e09f97@x",
                              "'request-14-e0e09f97@x'", "foi+request-14-e0e09f97-foo@x"})
    EXPECT_EQ(exact_request(address, specs), 14U) << address;
}

TEST(RequestAddress, IdsAreRubyIntegers) {
  for (const auto* id : {"83", "0123", "0x53", "0o123", "0d83", "0b1010011"})
    EXPECT_EQ(exact_request(std::string("request-") + id + "-38b1b5b2@x", specs), 83U) << id;
  for (const auto* id : {"083", "0x", "0b2", "83a", "0xx53", "99999999999999999999999"})
    EXPECT_EQ(exact_request(std::string("request-") + id + "-38b1b5b2@x", specs), std::nullopt) << id;
}

TEST(RequestAddress, AnythingElseIsNoExactMatch) {
  for (const auto* address :
       {"foi+request-14-e0e09f9@x", "foi+request14e0e09f97@x", "foi+request-14e0e09f97@x",
        "foi+request-l4-e0e09f97@x", "foi+request_14_e0e09f97@x", "foi+request--14-e0e09f97@x", "foi@x",
        "foi+request-15-e0e09f97@x", "request-331612-13811a2b@x", ""})
    EXPECT_EQ(exact_request(address, specs), std::nullopt) << address;
}

// Read in Alaveteli's own specs; the hash turns out to be of the same secret.
TEST(RequestAddress, OneThatIsPublishedAtAnotherSite) {
  EXPECT_EQ(exact_request("request-5-e029ad65@righttoknow.org.au", specs), 5U);
}

TEST(RequestAddress, TheFirstOfTheShapeCounts) {
  EXPECT_EQ(exact_request("request-14-e0e09f97.request-15-x@x", specs), 14U);
  EXPECT_EQ(exact_request("request-15-x.request-14-e0e09f97@x", specs), std::nullopt);
  // "bounce" is the id here, as for a regexp that goes back
  EXPECT_EQ(exact_request("request-bounce-14.request-14-e0e09f97@x", specs), std::nullopt);
  EXPECT_EQ(exact_request("request-bounce-.request-14-e0e09f97@x", specs), 14U);
}

TEST(RequestAddress, WithoutASecretNothingMatches) {
  EXPECT_EQ(exact_request("foi+request-1-" + request_hash(1, "") + "@x", ""), std::nullopt);
}

struct Guessed {
  const char* address;
  std::optional<std::uint64_t> id;
  const char* hash;
};

TEST(RequestAddress, GuessesAreAlavetelis) {
  for (const auto& [address, id, hash] : {Guessed{"foi+request-14-e0e09f9@x", 14, "e0e09f9"},
                                          {"foi+request14e0e09f97@x", 14, "e0e09f97"},
                                          {"foi+request-14e0e09f97@x", 14, "e0e09f97"},
                                          {"foi+request-l4-e0e09f97@x", 14, "e0e09f97"},
                                          {"foi+request_14_e0e09f97@x", std::nullopt, "e0e09f97"},
                                          {"foi+request--14-e0e09f97@x", std::nullopt, "e0e09f97"},
                                          {"foi@x", std::nullopt, ""}}) {
    const auto guess = guess_request(address);
    EXPECT_EQ(guess.id, id) << address;
    EXPECT_EQ(guess.hash, hash) << address;
    EXPECT_EQ(guess.promising(), *hash != '\0') << address;
  }
}

TEST(RequestAddress, NotEveryLongAddressIsAMistypedOne) {
  for (const auto* address : {"foi+request-1@x", "foi+questions@x", "foi+request@x", "foibles@x", ""})
    EXPECT_FALSE(guess_request(address).promising()) << address;
}

// --- Against Ruby itself -------------------------------------------------------------------------------

// Pieces of what people and programs make of an address, put together in every order that comes.
std::vector<std::string> awkward_addresses() {
  constexpr std::array<const char*, 44> pieces{
      "request", "Request",   "request-", "REQUEST-", "bounce-",    "bounce",   "-",        "_",
      "@",       "@x.test",   "foi+",     ".",        "14",         "l4",       "0",        "00",
      "0x",      "0xe",       "0b1110",   "0o16",     "0d14",       "016",      "08",       "1_4",
      "1__4",    "_14",       "14_",      "0_16",     "0x_e",       "e0e09f97", "E0E09F97", "eoeo9f97",
      "e0e09f9", "e0e09f977", "e0e0_f97", "99999999", "9999999999", "a",        "zz",       "'",
      " ",       "\xc3\xa9",  "+",        "--"};
  std::mt19937 random(14);
  std::vector<std::string> addresses;
  while (addresses.size() < 20'000) {
    std::string address = random() % 2 ? "foi+request-" : "";
    if (random() % 4 == 0) address += "bounce-";
    if (random() % 4 == 0) address += std::string("14-") + (random() % 2 ? "e0e09f97" : "EoEo9F97") + "-";
    for (auto left = 1 + random() % 7; left > 0; --left)
      address += pieces.at(random() % pieces.size());
    if (random() % 2) address += "@x.test";
    addresses.push_back(std::move(address));
  }
  return addresses;
}

std::string as_ruby_says_it(const std::string& address) {
  const auto exact = exact_request(address, specs);
  const auto guess = guess_request(address);
  auto line = (exact ? std::to_string(*exact) : "-") + (guess.has_shape ? " shape " : " - ") +
              (guess.id ? std::to_string(*guess.id) : "-") + " " + guess.hash;
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

TEST(RequestAddress, IsReadAsRubyReadsIt) {
  if (std::system("ruby -e 1 2>/dev/null") != 0) GTEST_SKIP() << "ruby is not installed";
  const auto addresses = awkward_addresses();
  const auto in = ::testing::TempDir() + "awkward_addresses." + std::to_string(::getpid());
  std::ofstream(in) << [&] {
    std::string lines;
    for (const auto& address : addresses)
      lines += address + "\n";
    return lines;
  }();
  const auto command = "ruby '" GUICHET_SOURCES "/request_address.rb' '" + std::string(specs) + "' < " + in;
  const std::unique_ptr<FILE, int (*)(FILE*)> ruby(::popen(command.c_str(), "r"), ::pclose);
  ASSERT_TRUE(ruby);
  std::array<char, 256> line{};
  std::size_t exact = 0;
  for (const auto& address : addresses) {
    ASSERT_NE(std::fgets(line.data(), line.size(), ruby.get()), nullptr);
    std::string said(line.data());
    said.erase(said.find_last_not_of("\n") + 1);
    ASSERT_EQ(as_ruby_says_it(address), said) << address;
    exact += said.front() != '-' ? 1 : 0;
  }
  EXPECT_GT(exact, 1000U) << "the addresses are too awkward to say anything";
  std::remove(in.c_str());
}

}  // namespace
}  // namespace guichet::smtpd
