// The reject lists of the sites, and when their files are read again: each second it is looked whether one is
// another file, or has changed. A list that cannot be read raises an alarm, once; the last good one stays.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <ctime>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "cli/duty.h"
#include "conf/settings.h"
#include "smtpd/reject_list.h"

namespace guichet::cli {

// One file. look() is called by one thread.
class RejectListFile {
 public:
  using Say = std::function<void(const std::string& text)>;
  struct Tell {
    Say alarm, news;
  };
  RejectListFile(std::filesystem::path path, Tell tell) : path_(std::move(path)), tell_(std::move(tell)) {}

  // Reads the file if it may have changed. `now`: the time by which files are stamped.
  void look(std::time_t now);

  [[nodiscard]] std::shared_ptr<const smtpd::CurrentRejectList> current() const { return current_; }

 private:
  struct Stamp {
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = 0;
    std::int64_t modified_ns = 0;
    friend bool operator==(const Stamp&, const Stamp&) = default;
  };
  struct Reading {
    Stamp stamp;
    std::string text;
  };
  [[nodiscard]] tl::expected<Stamp, std::string> stamp() const;
  [[nodiscard]] tl::expected<Reading, std::string> read() const;
  void take(Reading reading, std::time_t now);
  void complain_once(const std::string& text);

  const std::filesystem::path path_;
  const Tell tell_;
  const std::shared_ptr<smtpd::CurrentRejectList> current_ = std::make_shared<smtpd::CurrentRejectList>();
  Stamp known_;
  bool settled_ = false;  // a later change would show in the stamp
  std::string trouble_;   // as said; empty: none
};

// Of all sites. Reads them when it is made.
class RejectLists {
 public:
  RejectLists(const std::vector<conf::Site>& sites, const RejectListFile::Tell& tell);
  void watch();  // looks again and again from now on, as long as it lives
  // Null: the site has none.
  [[nodiscard]] std::shared_ptr<const smtpd::CurrentRejectList> of_site(std::size_t index) const;

 private:
  void look();

  std::vector<std::unique_ptr<RejectListFile>> files_;  // of each site; null: none
  std::unique_ptr<Duty> duty_;                          // last: it ends before what it uses
};

}  // namespace guichet::cli
