// Messages on their way from a mailbox to the writer: gathered in a file without a name, sent when there are
// enough of them (import_act.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cli/act.h"
#include "cli/import.h"
#include "cli/import_clues.h"

namespace guichet::cli {

struct ImportCounts {
  std::uint64_t imported = 0, there = 0, left_out = 0;
};

class ImportBatch {
 public:
  // References outlive the object. `from`: "maildir" or "mbox".
  ImportBatch(Acting& acting, const conf::Settings& settings, const ImportOptions& options, std::string from,
              ImportCounts& counts);
  ~ImportBatch();
  ImportBatch(const ImportBatch&) = delete;
  ImportBatch& operator=(const ImportBatch&) = delete;

  // One message: its octets, then either its description or the news that it is left out.
  [[nodiscard]] store::Result<void> add(std::string_view octets);
  struct Description {
    std::string name;  // for people
    Dated date;
    std::string recipient, mail_from, file, key;
  };
  // Sends when there is enough. An error is the end: what was sent is safe, and the same command goes on.
  [[nodiscard]] store::Result<void> end(const Description& message);
  void leave_out(const std::string& name, const std::string& why);
  [[nodiscard]] store::Result<void> flush();

  [[nodiscard]] const std::string& head() const { return head_; }  // the beginning of the message

 private:
  static constexpr std::size_t head_octets_max = 256 * 1024;
  static constexpr std::size_t messages_max = 64;
  static constexpr std::uint64_t octets_max = 16ull << 20;

  void settle(const nlohmann::ordered_json& results);

  Acting& acting_;
  const conf::Settings& settings_;
  const ImportOptions& options_;
  const std::string from_;
  ImportCounts& counts_;
  int file_ = -1;
  std::uint64_t begin_ = 0, end_ = 0;  // of the message being added
  std::string head_;
  nlohmann::ordered_json messages_ = nlohmann::ordered_json::array();
  std::vector<std::string> names_;
};

}  // namespace guichet::cli
