// What dkimpy signs and alters is judged here as dkimpy judges it.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "filters/dkim.h"
#include "filters/tag_list.h"
#include "tests/filters/names_fake.h"
#include "tests/filters/python_script.h"

namespace guichet::filters {
namespace {

constexpr std::int64_t now_unix_s = 4'000'000'000;  // after any time of signing

NamesFake names_of(const nlohmann::json& records) {
  NamesFake names;
  for (const auto& [name, text] : records.items())
    names.add(name, NameType::txt, text.get<std::string>());
  return names;
}

TEST(DkimSecondOpinion, IsOursOnAThousandSignatures) {
  const auto lines = lines_of_script("dkim_second_opinion.py");
  if (!lines) GTEST_SKIP() << "dkimpy, PyNaCl or openssl is not installed";
  ASSERT_GE(lines->size(), 1000u);
  const DkimVerifier verifier;
  unsigned passes = 0, fails = 0;
  for (const auto& line : *lines) {
    const auto opinion = nlohmann::json::parse(line);
    const auto octets = from_base64(opinion.at("message").get<std::string>());
    ASSERT_TRUE(octets);
    auto names = names_of(opinion.at("records"));
    const auto found = verifier.verify(split(*octets), names, now_unix_s);
    if (!opinion.at("pass").is_boolean()) continue;
    const bool theirs = opinion.at("pass");
    ASSERT_EQ(found.signatures.size(), 1u) << opinion.at("what");
    const auto& ours = found.signatures.front();
    EXPECT_EQ(ours.result == AuthResult::pass, theirs)
        << opinion.at("what") << ": " << name_of(ours.result) << " " << ours.why << "\n"
        << *octets;
    ++(theirs ? passes : fails);
  }
  EXPECT_GT(passes, 300u);
  EXPECT_GT(fails, 200u);
}

}  // namespace
}  // namespace guichet::filters
