// The addresses of closed requests, as Alaveteli lists them for a mail server
// (rake config_files:generate_mta_rejection_list, into config/recipient-reject):
//   MTA=postfix   "<address> REJECT" on each line, as of access(5)
//   MTA=exim      the bare address
// Read leniently: blank lines and # comments are skipped, a text behind REJECT is, lines end in LF or CRLF. A
// line that says anything else (another action, no address) lists nobody and is counted.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace guichet::smtpd {

// Immutable; thread-safe.
class RejectList {
 public:
  RejectList() = default;
  explicit RejectList(std::string text);
  RejectList(const RejectList&) = delete;
  RejectList& operator=(const RejectList&) = delete;

  // In any case of ASCII letters.
  [[nodiscard]] bool contains(std::string_view address) const;

  [[nodiscard]] std::size_t size() const { return addresses_.size(); }
  [[nodiscard]] std::size_t flaws() const { return flaws_; }
  [[nodiscard]] std::size_t first_flaw() const { return first_flaw_; }  // its line, from 1; 0: none
  [[nodiscard]] bool same_as(const RejectList& other) const { return text_ == other.text_; }

 private:
  void add(std::string_view line, std::size_t number);

  std::string text_;                         // in lower case
  std::vector<std::string_view> addresses_;  // in text_; sorted, each once
  std::size_t flaws_ = 0, first_flaw_ = 0;
};

// The list as it is now: replaced whole when its file has changed, while sessions ask. Thread-safe.
class CurrentRejectList {
 public:
  [[nodiscard]] std::shared_ptr<const RejectList> get() const {
    const std::lock_guard guard(mutex_);
    return list_;
  }
  void set(std::shared_ptr<const RejectList> list) {
    const std::lock_guard guard(mutex_);
    list_ = std::move(list);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const RejectList> list_ = std::make_shared<RejectList>();  // never null
};

}  // namespace guichet::smtpd
