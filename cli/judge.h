// `guichet judge`: what filters and rules would make of a message, without anything happening to it; and
// `judge --again`, which looks once more at messages that are there and records it beside what was found out
// before. What was delivered stays as it is.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "conf/settings.h"

namespace guichet::cli {

struct JudgeOptions {
  std::filesystem::path file;  // "-": standard input
  std::string client, helo, mail_from;
  std::vector<std::string> recipients;
  bool rules = false;  // every rule, and whether it holds
  bool json = false;
  std::vector<std::string> again;  // ids; or
  std::string since, until;        // received in between
  bool yes = false;
};

int judge(const conf::Settings& settings, const JudgeOptions& options);
int judge_again(const conf::Settings& settings, const JudgeOptions& options);

}  // namespace guichet::cli
