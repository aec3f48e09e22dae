#include "cli/manual.h"

#include <gtest/gtest.h>

#include "cli/completion.h"

namespace guichet::cli {
namespace {

std::vector<CommandPage> pages() {
  const OptionWords help{.names = {"--help", "-h"}, .value = "", .summary = "help"};
  const OptionWords config{.names = {"--config", "-c"}, .value = "FILE", .summary = "configuration file"};
  const OptionWords id{.names = {}, .value = "ID", .summary = "which", .positional = true, .required = true};
  const OptionWords from{.names = {"--from"}, .value = "X", .summary = ".dots and \\slashes"};
  return {{.path = "", .summary = "Guichet", .options = {help, config}, .subcommands = {"backup", "show"}},
          {.path = "backup", .summary = "Copies", .options = {help}, .subcommands = {"now"}},
          {.path = "backup now", .summary = "Copy, now", .options = {help, from}, .subcommands = {}},
          {.path = "show", .summary = "Show it", .options = {help, id}, .subcommands = {}}};
}

TEST(Manual, HasEachCommandWithItsArgumentsAndNoGroup) {
  const auto text = manual(pages(), "1.2");
  EXPECT_NE(text.find(".SS guichet backup now\nCopy, now.\n"), std::string::npos) << text;
  EXPECT_NE(text.find(".SS guichet show \\fIID\\fR\n"), std::string::npos) << text;
  EXPECT_EQ(text.find(".SS guichet backup\n"), std::string::npos) << text;
}

TEST(Manual, LeavesNothingForTroffToTakeForItsOwn) {
  const auto text = manual(pages(), "1.2");
  EXPECT_NE(text.find("\\fB\\-\\-from\\fR \\fIX\\fR\n\\&.dots and \\eslashes\n"), std::string::npos) << text;
}

TEST(Completion, OffersTheProgramsOptionsBehindASubcommand) {
  const auto text = completion(Shell::bash, pages());
  EXPECT_NE(text.find("'') words='backup show --help -h --config -c' ;;"), std::string::npos) << text;
  EXPECT_NE(text.find("'/backup') words='now --help -h --config' ;;"), std::string::npos) << text;
  EXPECT_NE(text.find("'/backup/now') words='--help -h --from --config' ;;"), std::string::npos) << text;
}

TEST(Completion, OfZshBeginsAsItsFunctionsDo) {
  EXPECT_TRUE(completion(Shell::zsh, pages()).starts_with("#compdef guichet\n"));
}

}  // namespace
}  // namespace guichet::cli
