// To a program, on its standard input: Alaveteli's script/mailin and script/handle-mail-replies, and their
// like.
//
// No shell: a program and its arguments. Exit 0: taken; 75 (EX_TEMPFAIL of sysexits.h) and whatever has no
// other meaning: again later, so that nothing is lost to a broken script. Its environment is what is
// configured and no more; it has no descriptor of ours; at the time limit it is killed, with all that it has
// started.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "handover/driver.h"

namespace guichet::handover {

struct PipeOptions {
  std::vector<std::string> command;      // a whole path, then its arguments
  std::vector<std::string> environment;  // NAME=VALUE
  std::chrono::seconds time_limit{300};
  std::vector<int> refusing_exits;     // these mean: refused for good
  std::filesystem::path spool_folder;  // for the input, which has no name there
};

class PipeDriver final : public Driver {
 public:
  explicit PipeDriver(PipeOptions options) : options_(std::move(options)) {}

  [[nodiscard]] store::Way way() const override { return store::Way::pipe; }
  [[nodiscard]] std::string target() const override { return "pipe " + options_.command.front(); }
  [[nodiscard]] Outcome hand_over(const Item& item, store::ServedMessage& octets,
                                  const std::stop_token& stop) override;

 private:
  const PipeOptions options_;
};

}  // namespace guichet::handover
