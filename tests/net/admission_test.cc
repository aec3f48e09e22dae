// Who is let in: limits per place and in all, the reserve, the last descriptors, and when it is crowded.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "net/listener.h"

namespace guichet::net {
namespace {

using Verdict = Admission::Verdict;
using Tickets = std::vector<std::unique_ptr<Admission::Ticket>>;

class AdmissionTest : public ::testing::Test {
 protected:
  static std::unique_ptr<Admission::Ticket> enter(Admission& admission, const std::string& address,
                                                  int descriptor = 10) {
    return admission.enter(asio::ip::make_address(address), descriptor);
  }

  static Tickets fill(Admission& admission, unsigned count) {
    Tickets held;
    for (unsigned i = 0; i < count; ++i)
      held.push_back(enter(admission, "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250)));
    return held;
  }
};

TEST_F(AdmissionTest, PerAddress) {
  Admission admission({.sessions_max = 100, .per_address_max = 2}, Networks());
  auto first = enter(admission, "192.0.2.1"), second = enter(admission, "192.0.2.1");
  EXPECT_EQ(first->verdict(), Verdict::welcome);
  EXPECT_EQ(second->verdict(), Verdict::welcome);
  EXPECT_EQ(enter(admission, "192.0.2.1")->verdict(), Verdict::too_many_from_address);
  EXPECT_EQ(enter(admission, "192.0.2.2")->verdict(), Verdict::welcome);
  first.reset();
  EXPECT_EQ(enter(admission, "192.0.2.1")->verdict(), Verdict::welcome);
}

TEST_F(AdmissionTest, InIPv6ByPrefix) {
  Admission admission({.sessions_max = 100, .per_address_max = 2}, Networks());
  const auto first = enter(admission, "2001:db8:1:2::1"), second = enter(admission, "2001:db8:1:2:ffff::1");
  EXPECT_EQ(second->verdict(), Verdict::welcome);
  EXPECT_EQ(enter(admission, "2001:db8:1:2:3:4:5:6")->verdict(), Verdict::too_many_from_address);
  EXPECT_EQ(enter(admission, "2001:db8:1:3::1")->verdict(), Verdict::welcome);
}

TEST_F(AdmissionTest, AMappedAddressIsTheAddress) {
  Admission admission({.sessions_max = 100, .per_address_max = 1}, Networks());
  const auto first = enter(admission, "192.0.2.1");
  EXPECT_EQ(enter(admission, "::ffff:192.0.2.1")->verdict(), Verdict::too_many_from_address);
}

TEST_F(AdmissionTest, TheTrustedHaveNoLimitPerAddress) {
  Admission admission({.sessions_max = 100, .per_address_max = 1}, Networks({"198.51.100.0/24"}));
  const auto first = enter(admission, "198.51.100.7"), second = enter(admission, "198.51.100.7");
  EXPECT_EQ(second->verdict(), Verdict::welcome);
  EXPECT_TRUE(second->trusted());
}

TEST_F(AdmissionTest, TheReserveIsForTheTrusted) {
  Admission admission({.sessions_max = 10, .per_address_max = 10, .reserved = 2},
                      Networks({"198.51.100.0/24"}));
  const auto held = fill(admission, 8);
  EXPECT_EQ(held.back()->verdict(), Verdict::welcome);
  EXPECT_EQ(enter(admission, "192.0.2.1")->verdict(), Verdict::too_many);
  const auto ninth = enter(admission, "198.51.100.7"), tenth = enter(admission, "198.51.100.7");
  EXPECT_EQ(tenth->verdict(), Verdict::welcome);
  EXPECT_EQ(enter(admission, "198.51.100.7")->verdict(), Verdict::too_many);
}

TEST_F(AdmissionTest, AndForWhoeverWasOfUseBefore) {
  Admission admission({.sessions_max = 10, .per_address_max = 10, .reserved = 2}, Networks());
  enter(admission, "2001:db8::1")->was_of_use();
  const auto held = fill(admission, 8);
  EXPECT_EQ(enter(admission, "192.0.2.1")->verdict(), Verdict::too_many);
  EXPECT_EQ(enter(admission, "2001:db8::2")->verdict(), Verdict::welcome) << "the same /64";
}

TEST_F(AdmissionTest, WhoWasOfUseIsRememberedWithinBounds) {
  Admission admission({.sessions_max = 10, .per_address_max = 10, .reserved = 10}, Networks());
  for (unsigned i = 0; i <= Admission::familiar_max; ++i)
    enter(admission, "10.1." + std::to_string(i / 250) + "." + std::to_string(i % 250))->was_of_use();
  EXPECT_EQ(enter(admission, "10.1.0.0")->verdict(), Verdict::too_many);
  EXPECT_EQ(enter(admission, "10.1.0.1")->verdict(), Verdict::welcome);
}

TEST_F(AdmissionTest, TheLastDescriptorsAreForFiles) {
  Admission admission({.sessions_max = 100, .per_address_max = 100, .descriptors_max = 48},
                      Networks({"198.51.100.0/24"}));
  EXPECT_EQ(enter(admission, "192.0.2.1", 47)->verdict(), Verdict::welcome);
  EXPECT_EQ(enter(admission, "192.0.2.1", 48)->verdict(), Verdict::no_descriptors);
  EXPECT_EQ(enter(admission, "198.51.100.7", 48)->verdict(), Verdict::no_descriptors);
}

TEST_F(AdmissionTest, CrowdedFromFourFifthsDownToThree) {
  EXPECT_FALSE(Admission::is_crowded(false, 79, 100));
  EXPECT_TRUE(Admission::is_crowded(false, 80, 100));
  EXPECT_TRUE(Admission::is_crowded(true, 60, 100));
  EXPECT_FALSE(Admission::is_crowded(true, 59, 100));
}

TEST_F(AdmissionTest, EverybodyHearsThatItIsCrowded) {
  Admission admission({.sessions_max = 10, .per_address_max = 10, .name = "test"}, Networks());
  auto held = fill(admission, 7);
  const auto& crowded = held.front()->crowded();
  EXPECT_FALSE(crowded);
  held.push_back(enter(admission, "192.0.2.1"));
  EXPECT_TRUE(crowded);
  held.resize(6);
  EXPECT_TRUE(crowded);
  held.resize(5);
  EXPECT_FALSE(crowded);
}

}  // namespace
}  // namespace guichet::net
