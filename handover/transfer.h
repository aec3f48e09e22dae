// One transfer by libcurl: a served message out, an answer back. What both drivers that speak over the
// network share.
#pragma once

#include <curl/curl.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "store/served_message.h"

namespace guichet::handover {

class Transfer {
 public:
  Transfer(store::ServedMessage& octets, const std::stop_token& stop);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  template <class Value>
  void set(CURLoption option, Value value) {
    curl_easy_setopt(handle_.get(), option, value);
  }
  void set(CURLoption option, const std::string& value) { set(option, value.c_str()); }
  // A line of the header, a recipient: lists that live as long as the transfer.
  void add(CURLoption option, const std::string& line);
  void body_begins_with(std::string octets) { ready_ = std::move(octets); }

  // Blocks. False: it came to no good end; error() says why.
  [[nodiscard]] bool run();
  [[nodiscard]] std::string error() const;
  [[nodiscard]] CURLcode code() const { return code_; }
  [[nodiscard]] long status() const;  // of HTTP; 0: none
  [[nodiscard]] long reply() const;   // the last one of SMTP, before the leave was taken; 0: none
  [[nodiscard]] bool stopped() const { return stop_.stop_requested(); }
  // Set: the message itself could not be read on.
  [[nodiscard]] const std::optional<store::Error>& unreadable() const { return unreadable_; }
  [[nodiscard]] const std::string& last_sent() const { return last_sent_; }  // the last command, SMTP
  [[nodiscard]] const std::string& last_heard() const {
    return last_heard_;
  }  // the last line of the other side

 private:
  static std::size_t read(char* into, std::size_t size, std::size_t count, void* self);
  static int listen(CURL*, curl_infotype kind, char* octets, std::size_t size, void* self);
  static int go_on(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t);
  static std::size_t drop(char*, std::size_t size, std::size_t count, void*) { return size * count; }

  struct Free {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };

  store::ServedMessage& octets_;
  const std::stop_token stop_;
  std::string ready_;
  std::unique_ptr<curl_slist, Free> list_;
  CURLoption list_option_{};
  std::string last_sent_, last_heard_;
  std::optional<store::Error> unreadable_;
  bool leaving_ = false;
  char error_[CURL_ERROR_SIZE] = "";
  CURLcode code_ = CURLE_OK;
  std::unique_ptr<CURL, Free> handle_;  // last: it refers to all the others
};

}  // namespace guichet::handover
