// `guichet preflight general.yml`: what must change in Alaveteli's configuration or in ours before Guichet
// can take the place of what receives mail now.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cli/general_yml.h"
#include "conf/settings.h"

namespace guichet::cli {

struct Advice {
  enum class Kind {
    fine,   // nothing to do
    check,  // cannot be seen from here; does not change the exit code
    must,   // has to change
  };
  enum class Where { nowhere, general_yml, guichet_toml, console, elsewhere };
  Kind kind = Kind::fine;
  std::string text;  // one sentence
  Where where = Where::nowhere;
  std::vector<std::string> lines;  // exactly as they are to be written there
};

// What is read from files is given: the first lines of the sites' secret files and of the maildrops' password
// files, in their order, "" where there is none. Pure; no secret and no password is in what it returns.
struct Secrets {
  std::vector<std::string> sites, maildrops;
};
[[nodiscard]] std::vector<Advice> preflight_advice(const GeneralYml& general, const conf::Settings& settings,
                                                   const Secrets& secrets);

// Exit 0: nothing must change. 1: something must, or the file cannot be read.
[[nodiscard]] int preflight(const conf::Settings& settings, const std::filesystem::path& general_yml);

}  // namespace guichet::cli
