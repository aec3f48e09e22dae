// Where an export goes: single files, a Maildir, an mbox. What is given a name is whole: files are written
// under another name first, and synced.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "store/error.h"
#include "store/types.h"

namespace guichet::cli {

struct ExportItem {
  std::string name;    // the message's id, or the delivery's uid
  std::string sender;  // MAIL FROM
  store::Instant received;
  std::uint64_t octets = 0;
};

class ExportTarget {
 public:
  // absent: the format is none; io: the place is taken, or cannot be made. `single`: one message, as eml,
  // whose file is `to` itself unless that is a folder.
  [[nodiscard]] static store::Result<std::unique_ptr<ExportTarget>> open(const std::string& format,
                                                                         const std::filesystem::path& to,
                                                                         bool single);
  virtual ~ExportTarget() = default;

  // begin, write…, end for each message. After an error of begin or write() the message is not in the target,
  // nor is it after abandon(), which is called instead of end(); an mbox is given up whole then.
  [[nodiscard]] virtual store::Result<void> begin(const ExportItem& item) = 0;
  [[nodiscard]] virtual store::Result<void> write(std::string_view octets) = 0;
  [[nodiscard]] virtual store::Result<void> end() = 0;
  virtual void abandon() = 0;
  [[nodiscard]] virtual store::Result<void> finish() = 0;

  // Messages that the format could not keep to the octet: they had no final line end, and have one now.
  [[nodiscard]] virtual std::uint64_t ends_added() const { return 0; }
};

}  // namespace guichet::cli
