// Every tests/dialogs/*.smtp, whole, cut at every position, and octet by octet: the answers are the same.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>

#include "tests/smtpd/dialog.h"

namespace guichet::smtpd::test {
namespace {

std::vector<std::filesystem::path> dialog_files() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(GUICHET_DIALOGS)) {
    if (entry.path().extension() == ".smtp") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string test_name(const testing::TestParamInfo<std::filesystem::path>& info) {
  auto name = info.param.stem().string();
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return !std::isalnum(c); }, '_');
  return name;
}

class SmtpDialog : public testing::TestWithParam<std::filesystem::path> {
 protected:
  Dialog dialog_ = read_dialog(GetParam());
};

TEST_P(SmtpDialog, Whole) {
  EXPECT_EQ(play(dialog_, {}), std::nullopt);
}

TEST_P(SmtpDialog, CutAtEveryPosition) {
  if (dialog_.whole_only) return;
  for (std::size_t cut = 1; cut < dialog_.client_octets(); ++cut) {
    ASSERT_EQ(play(dialog_, {.cut = cut}), std::nullopt) << "cut after " << cut << " octets";
  }
}

TEST_P(SmtpDialog, OctetByOctet) {
  if (dialog_.whole_only) return;
  EXPECT_EQ(play(dialog_, {.octet_by_octet = true}), std::nullopt);
}

INSTANTIATE_TEST_SUITE_P(Dialogs, SmtpDialog, testing::ValuesIn(dialog_files()), test_name);

}  // namespace
}  // namespace guichet::smtpd::test
